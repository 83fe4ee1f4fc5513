"""What a cache policy is asked, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlml.optimizer.cache.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Something a step has made. size: bytes. seconds: what making it took.

    step: its place in `Steps`; None where it belongs to another workflow. stands: the changes after
    which it will be what that step makes; none where nothing leads to it as programs are now.
    added, used: any clock. uses: how often it was used, its making included. floor: what `gdsf`
    counts from. score: what another workflow's was last found to be worth, seconds per byte.
    readers: the steps of this run that are still to read it; read_seconds: what reading it takes
    each of them where it is not kept. is_pinned: never a victim.
    """

    key: str
    size: int
    seconds: float = 0.0
    step: int | None = None
    stands: int = 0
    added: float = 0.0
    used: float = 0.0
    uses: int = 1
    floor: float = 0.0
    score: float = 0.0
    readers: int = 0
    read_seconds: float = 0.0
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is kept now. capacity: bytes. floor: that of the last plan of `gdsf`."""

    steps: Steps
    kept: Sequence[Artifact]
    capacity: float
    floor: float = 0.0

    @property
    def room(self) -> float:
        """The bytes that are free."""
        return self.capacity - sum(artifact.size for artifact in self.kept)


@dataclass(frozen=True, slots=True)
class Plan:
    """Whether a newcomer is to be kept, and the keys of what has to go, in that order."""

    admitted: bool
    victims: Sequence[str] = ()
    floor: float = 0.0


REFUSED = Plan(admitted=False)


class Policy(Protocol):
    """Decides what to keep; changes nothing itself."""

    @property
    def is_unbounded(self) -> bool:
        """Whether it does not mind the capacity."""
        ...

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        """What to do with what a step has just made."""
        ...

    def scores(self, holdings: Holdings) -> Sequence[float]:
        """What each artifact is worth to this policy; the lowest go first."""
        ...
