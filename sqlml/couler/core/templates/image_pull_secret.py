"""`couler.core.templates.image_pull_secret`."""

from sqlml.couler.pods import ImagePullSecret

__all__ = ["ImagePullSecret"]
