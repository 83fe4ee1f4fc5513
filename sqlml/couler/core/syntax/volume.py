"""`couler.core.syntax.volume`."""

from sqlml.couler.workflow_settings import add_volume, create_workflow_volume

__all__ = ["add_volume", "create_workflow_volume"]
