"""`couler.core.templates.volume_claim`."""

from sqlml.couler.pods import VolumeClaimTemplate

__all__ = ["VolumeClaimTemplate"]
