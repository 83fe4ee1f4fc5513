"""The rule's settings chosen on one half of the histories, and what they give on the other half."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.histories import History
from benchmarks.sizing import AS_SHIPPED, Rule, Tally, replay
from sqlml.optimizer.sizing.newsvendor import Belief

BELIEFS = ((8.0, 0.1), (8.0, 0.2), (8.0, 0.4), (4.0, 0.2), (16.0, 0.2))
RULES = tuple(
    Rule(steepness, Belief(*belief)) for steepness, belief in product((0.3, 1.0, 2.0), BELIEFS)
)
HALVINGS = 10  # each used both ways
RISK = 0.025  # of the steps may run out of memory where settings are chosen


@dataclass(frozen=True, slots=True)
class Figures:
    """Waste against the largest seen, and the share out of memory, on halves that were held out.

    ratio, out_of_memory: of all of these halves together. ratios, shares: of each.
    """

    ratio: float
    out_of_memory: float
    ratios: Sequence[float]
    shares: Sequence[float]

    @classmethod
    def of(cls, halves: Sequence[Tally]) -> "Figures":
        ratios, shares = zip(*map(_figures, halves), strict=True)
        return cls(*_figures(_sum(halves, range(len(halves)))), ratios, shares)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """chosen: with settings chosen on the other half. shipped: as they are, on the same halves."""

    chosen: Figures
    shipped: Figures


def held_out(histories: Sequence[History], seed: int) -> HeldOut:
    """Choose what wastes least on one half while no more than RISK run out of memory.

    Where no settings keep to that, those with the fewest failures are chosen.
    """
    tallies = [[_replayed(each, rule, seed) for each in histories] for rule in RULES]
    chosen: list[Tally] = []
    shipped: list[Tally] = []
    for number in range(HALVINGS):
        order = np.random.default_rng((seed, number)).permutation(len(histories)).tolist()
        half = len(order) // 2
        for chosen_on, left in ((order[:half], order[half:]), (order[half:], order[:half])):
            best = min(tallies, key=lambda each: _merit(_sum(each, chosen_on)))
            chosen.append(_sum(best, left))
            shipped.append(_sum(tallies[RULES.index(AS_SHIPPED)], left))
    return HeldOut(Figures.of(chosen), Figures.of(shipped))


def _replayed(history: History, rule: Rule, seed: int) -> Tally:
    """In the order of the file, and in a random one."""
    count = len(history.peaks)
    tally = replay(history, range(count), rule)
    tally += replay(history, np.random.default_rng(seed).permutation(count).tolist(), rule)
    return tally


def _sum(tallies: Sequence[Tally], places: Sequence[int]) -> Tally:
    total = Tally()
    for place in places:
        total += tallies[place]
    return total


def _merit(tally: Tally) -> tuple[float, float]:
    ratio, failed = _figures(tally)
    return max(failed - RISK, 0.0), ratio


def _figures(tally: Tally) -> tuple[float, float]:
    return tally.ours / max(tally.theirs, 1.0), tally.our_failures / max(tally.steps, 1)
