"""`couler.core.templates.toleration`."""

from sqlml.couler.pods import Toleration

__all__ = ["Toleration"]
