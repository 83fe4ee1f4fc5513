"""`couler.core.syntax.exit_handler`."""

from sqlml.couler.exits import set_exit_handler

__all__ = ["set_exit_handler"]
