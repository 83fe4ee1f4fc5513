"""`couler.core.syntax.loop`."""

from sqlml.couler.loops import map

__all__ = ["map"]
