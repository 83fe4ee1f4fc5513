"""`couler.core.syntax.predicates`."""

from sqlml.couler.conditions import bigger, bigger_equal, equal, not_equal, smaller, smaller_equal

__all__ = ["bigger", "bigger_equal", "equal", "not_equal", "smaller", "smaller_equal"]
