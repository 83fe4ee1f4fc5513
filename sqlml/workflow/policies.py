"""How a step or a workflow is to be run: retries, schedules, resources, volumes, secrets, pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlml.workflow.values import Json


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before another attempt: `seconds`, times `factor` each time.

    longest: seconds, a limit on one wait.
    """

    seconds: float = 1.0
    factor: float = 2.0
    longest: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after a failure, `limit` times at most.

    on: the classes of errors to try again after, by name (`transient`, `resource`, or one of
    their kinds); `any` is every failure but those that are known to be a user's own mistake.
    """

    limit: int
    on: tuple[str, ...] = ("transient", "resource")
    backoff: Backoff = Backoff()


@dataclass(frozen=True, slots=True)
class Cache:
    """Keep a step's outputs under a key, and take them from there for `ttl` seconds (None: ever).

    key: empty for the content hash.
    """

    key: str = ""
    ttl: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to run by itself. cron: five fields each. overlap: when the run before is not done."""

    cron: tuple[str, ...]
    timezone: str = ""
    overlap: Literal["allow", "forbid", "replace"] = "allow"
    suspended: bool = False

    @property
    def with_seconds(self) -> tuple[str, ...]:
        """The times with a field of seconds in front, as Kubeflow reads them."""
        return tuple(time if time.startswith("@") else f"0 {time}" for time in self.cron)


@dataclass(frozen=True, slots=True)
class Resources:
    """What a step asks for. memory in bytes; None: the runtime decides.

    gpu: devices. others: further resources by the name a cluster knows them by. estimated: the
    memory is what earlier runs let expect, to be found a place with, and no limit.
    """

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    estimated: bool = False

    @property
    def memory_limit(self) -> int | None:
        """The bytes that a step may not exceed, because the user said so."""
        return None if self.estimated else self.memory

    @property
    def is_asked_for(self) -> bool:
        """Whether the user asks for anything."""
        return self != Resources(
            memory=self.memory if self.estimated else None, estimated=self.estimated
        )


NO_RESOURCES = Resources()


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One value of a secret, by reference; the value itself is never in a workflow."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Volume:
    """Storage that steps can mount.

    claim: one that exists, by its name in `source`; new-claim: made for the run, of `size` (as
    `10Gi`); host: a path of the machine; config and secret: the files of one.
    """

    name: str
    kind: Literal["claim", "new-claim", "empty", "host", "config", "secret"]
    source: str = ""
    size: str = ""
    access: tuple[str, ...] = ("ReadWriteOnce",)
    storage_class: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a step finds a volume."""

    volume: str
    path: str
    read_only: bool = False
    sub_path: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """Where an input or output that is a file lies besides in the run's own artifact store.

    location: a URL for http and git, else bucket and key, or a path. settings: of the store
    (endpoint, region, revision …), and references to secrets.
    """

    store: Literal["local", "s3", "gcs", "oss", "hdfs", "git", "http"]
    location: str
    settings: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint of machines that steps put up with (Kubernetes' terms)."""

    key: str = ""
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """On which machines a step may run. affinity: as Kubernetes writes it."""

    labels: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    affinity: Json = None


ANYWHERE = Placement()


@dataclass(frozen=True, slots=True)
class Dns:
    """Name resolution of pods (Kubernetes' dnsPolicy and dnsConfig)."""

    policy: str = ""
    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pods:
    """What all pods of a workflow share. security_context: as Kubernetes writes it."""

    image_pull_secrets: tuple[str, ...] = ()
    service_account: str = ""
    dns: Dns | None = None
    security_context: Json = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
