"""`couler.core.templates.artifact`."""

from sqlml.couler.artifacts import Artifact

__all__ = ["Artifact"]
