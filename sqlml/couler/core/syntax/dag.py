"""`couler.core.syntax.dag`."""

from sqlml.couler.order import dag, set_dependencies

__all__ = ["dag", "set_dependencies"]
