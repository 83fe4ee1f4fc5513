"""`couler.core.syntax.conditional`."""

from sqlml.couler.conditions import when

__all__ = ["when"]
