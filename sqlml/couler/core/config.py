"""`couler.core.config`."""

from sqlml.couler.workflow_settings import config_defaults, config_workflow

__all__ = ["config_defaults", "config_workflow"]
