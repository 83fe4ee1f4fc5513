"""`couler.core.syntax.toleration`."""

from sqlml.couler.workflow_settings import add_toleration

__all__ = ["add_toleration"]
