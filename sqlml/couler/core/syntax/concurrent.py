"""`couler.core.syntax.concurrent`."""

from sqlml.couler.parallel import concurrent

__all__ = ["concurrent"]
