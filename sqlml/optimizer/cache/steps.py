"""The steps of a workflow as cache policies see them: what they cost, and what makes them run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_BITS = 8


@dataclass(frozen=True)
class Steps:
    """Steps in a topological order; all sequences go by it. givers: places of a step's inputs.

    seconds: what running a step takes. kinds: the number of its type; a type changes as a whole.
    weights: how likely the next change is one of each type. reversal: how likely it is that the
    last change, one of the type `changed`, is taken back; all of them add up to 1.
    wanted: the steps whose results are asked for whatever happens; by default, those that give
    nothing to others. bytes_per_second: how fast kept artifacts are read.

    Sets of possible changes are integers, with a bit for each type and one for the reversal.
    """

    givers: Sequence[Sequence[int]]
    seconds: Sequence[float]
    kinds: Sequence[int]
    weights: Sequence[float]
    changed: int | None = None
    reversal: float = 0.0
    wanted: Sequence[int] = ()
    bytes_per_second: float = float("inf")

    @cached_property
    def takers(self) -> Sequence[Sequence[int]]:
        """The places of the steps that a step gives to."""
        takers: list[list[int]] = [[] for _ in self.givers]
        for step, givers in enumerate(self.givers):
            for giver in givers:
                takers[giver].append(step)
        return takers

    @cached_property
    def goals(self) -> frozenset[int]:
        """The steps whose results are asked for."""
        return frozenset(self.wanted or (i for i, takers in enumerate(self.takers) if not takers))

    @cached_property
    def outdating(self) -> Sequence[int]:
        """For each step, the changes that make what it has made useless."""
        masks: list[int] = []
        for givers, kind in zip(self.givers, self.kinds, strict=True):
            mask = 1 << kind
            if kind == self.changed:
                mask |= self.reversing
            for giver in givers:
                mask |= masks[giver]
            masks.append(mask)
        return masks

    @property
    def reversing(self) -> int:
        """The set of the reversal alone."""
        return 1 << len(self.weights)

    @cached_property
    def any_change(self) -> int:
        """The set of all changes."""
        return 2 * self.reversing - 1

    @cached_property
    def weigh(self) -> Callable[[int], float]:
        """The probability that the next change is one of a set."""
        weights = [*self.weights, self.reversal]
        tables = [
            _subset_sums(weights[start : start + _BITS]) for start in range(0, len(weights), _BITS)
        ]

        @lru_cache(maxsize=1 << 16)
        def weigh(changes: int) -> float:
            chunks = changes.to_bytes(len(tables), "little")
            return sum(table[chunk] for table, chunk in zip(tables, chunks, strict=True))

        return weigh


def _subset_sums(weights: Sequence[float]) -> list[float]:
    """What each set of some changes weighs, by its bits."""
    sums = [0.0]
    for weight in weights:
        sums += [one + weight for one in sums]
    return sums
