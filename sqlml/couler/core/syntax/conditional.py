"""`couler.core.syntax.conditional`."""

from sqlml.couler.branches import when

__all__ = ["when"]
