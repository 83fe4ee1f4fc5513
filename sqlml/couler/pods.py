"""What pods are given: volumes, tolerations, secrets for images, name resolution, caches."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Volume:
    """A claim on storage that exists, under the name by which steps mount it."""

    name: str
    claim_name: str


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """Where a step finds a volume; one that nothing declares is an empty one."""

    name: str
    mount_path: str
    sub_path: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class VolumeClaimTemplate:
    """Storage that is made for the run, and goes with it."""

    claim_name: str
    access_modes: Any = ("ReadWriteOnce",)
    size: str = "1Gi"


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint of machines that the workflow's pods put up with."""

    key: str
    operator: str = "Exists"
    effect: str = ""
    value: str = ""
    toleration_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ImagePullSecret:
    """A secret of the cluster with which images are fetched."""

    name: str


@dataclass(frozen=True, slots=True)
class DnsConfigOption:
    """An option of a pod's resolver, such as `ndots` with the value `2`."""

    name: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class DnsConfig:
    """How pods resolve names."""

    nameservers: Any = ()
    options: Any = ()
    searches: Any = ()


@dataclass(frozen=True, slots=True)
class Cache:
    """Keep a step's outputs under `key` in the cache `name`; take them from there for `max_age`."""

    name: str
    key: str
    max_age: Any = ""
