"""`couler.core.templates`."""

from sqlml.couler.artifacts import Artifact
from sqlml.couler.pods import (
    Cache,
    DnsConfig,
    DnsConfigOption,
    ImagePullSecret,
    Toleration,
    Volume,
    VolumeClaimTemplate,
    VolumeMount,
)
from sqlml.couler.secrets import Secret

__all__ = [
    "Artifact",
    "Cache",
    "DnsConfig",
    "DnsConfigOption",
    "ImagePullSecret",
    "Secret",
    "Toleration",
    "Volume",
    "VolumeClaimTemplate",
    "VolumeMount",
]
