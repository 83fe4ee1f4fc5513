"""`couler.core.templates.secret`."""

from sqlml.couler.secrets import Secret

__all__ = ["Secret"]
