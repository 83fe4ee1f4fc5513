"""Who runs now, on how many threads: decisions from cores, memory and what steps ask for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_MEMORY_SHARE = 0.8  # of the machine's memory is given to steps; the rest is the database's
_BASE = 200 * 2**20  # a worker with a library loaded
_BYTES_PER_VALUE = 8  # of the rows a step reads, held while it runs


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a step's input before it runs."""

    rows: int | None = None
    columns: int = 0

    @property
    def bytes(self) -> int | None:
        return None if self.rows is None else self.rows * self.columns * _BYTES_PER_VALUE


@dataclass(frozen=True, slots=True)
class Demand:
    """What a step in a worker is expected to need. memory: bytes."""

    step: str
    memory: int


def expected_memory(asked: int | None, facts: Facts) -> int:
    """The bytes that a step will hold: as asked for, else guessed from the size of its input."""
    return asked if asked is not None else _BASE + (facts.bytes or 0)


def admit(
    ready: Iterable[Demand], running: Sequence[Demand], cores: int, memory: int
) -> tuple[str, ...]:
    """The ready steps to start now, in their order: as many as have cores and fit in memory.

    A step that would not fit even alone is started when nothing else runs.
    """
    admitted: list[str] = []
    slots = cores - len(running)
    free = int(memory * _MEMORY_SHARE) - sum(demand.memory for demand in running)
    for demand in ready:
        if slots <= 0:
            break
        if demand.memory <= free or not (running or admitted):
            admitted.append(demand.step)
            slots -= 1
            free -= demand.memory
    return tuple(admitted)


def share_threads(cores: int, steps: Sequence[str]) -> Mapping[str, int]:
    """Threads per running step: equal shares of the cores, what is left over to the first ones."""
    if not steps:
        return {}
    each, left = divmod(cores, len(steps))
    return {step: max(1, each + (1 if i < left else 0)) for i, step in enumerate(steps)}
