"""`couler.core.templates.cache`."""

from sqlml.couler.pods import Cache

__all__ = ["Cache"]
