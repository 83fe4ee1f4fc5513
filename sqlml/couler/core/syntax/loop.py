"""`couler.core.syntax.loop`."""

from sqlml.couler.loops import map, map_

__all__ = ["map", "map_"]
