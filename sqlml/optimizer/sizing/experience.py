"""What the steps of all types have cost so far, and the price of running out of memory."""

from dataclasses import dataclass
from math import exp

LIMIT = 0.02  # of the steps may run out of memory

STEEPNESS = 1.0  # of the price, for each step that ran out of memory beyond the limit
_HIGHEST = 8.0  # logarithm of the highest price, in what a mean step uses


@dataclass(slots=True)
class Experience:
    """steps that have ended; failures: how many of them ran out of memory first.

    cost: what all of them have used, in byte-seconds. steepness: see STEEPNESS.
    """

    steps: int = 0
    failures: int = 0
    cost: float = 0.0
    steepness: float = STEEPNESS

    def add(self, peak: float, seconds: float, *, ran_out: bool = False) -> None:
        """Take in a step that has ended."""
        self.steps += 1
        self.failures += ran_out
        self.cost += peak * seconds

    @property
    def price(self) -> float:
        """Byte-seconds that it is worth for one step not to run out of memory.

        As much as a mean step uses, while no more than the limit have run out of it; then it grows
        with every one that does. This is the multiplier of the limit, moved by how far the limit
        has been exceeded (online dual ascent: Arrow, Hurwicz and Uzawa, "Studies in Linear and
        Non-Linear Programming", 1958), so that in the long run the limit is kept.
        """
        if not self.steps:
            return 0.0
        beyond = self.steepness * (self.failures - LIMIT * self.steps)
        return self.cost / self.steps * exp(min(max(beyond, 0.0), _HIGHEST))
