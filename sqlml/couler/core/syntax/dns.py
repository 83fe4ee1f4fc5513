"""`couler.core.syntax.dns`."""

from sqlml.couler.workflow_settings import set_dns

__all__ = ["set_dns"]
