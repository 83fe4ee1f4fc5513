"""`couler.core.templates.volume`."""

from sqlml.couler.pods import Volume, VolumeMount

__all__ = ["Volume", "VolumeMount"]
