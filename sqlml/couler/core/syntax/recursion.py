"""`couler.core.syntax.recursion`."""

from sqlml.couler.loops import exec_while

__all__ = ["exec_while"]
