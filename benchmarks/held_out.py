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
class HeldOut:
    """By halving: waste against the largest seen, and the share out of memory, on the half that was
    not chosen on. shipped: with the settings as they are, on the same halves.
    """

    ratios: Sequence[float]
    out_of_memory: Sequence[float]
    shipped_ratios: Sequence[float]
    shipped_out_of_memory: Sequence[float]


def held_out(histories: Sequence[History], seed: int) -> HeldOut:
    """Choose what wastes least on one half while no more than RISK run out of memory.

    Where no settings keep to that, those with the fewest failures are chosen.
    """
    tallies = [[_replayed(each, rule, seed) for each in histories] for rule in RULES]
    told: list[tuple[float, float, float, float]] = []
    for number in range(HALVINGS):
        order = np.random.default_rng((seed, number)).permutation(len(histories)).tolist()
        half = len(order) // 2
        for chosen_on, left in ((order[:half], order[half:]), (order[half:], order[:half])):
            best = min(range(len(RULES)), key=lambda i: _merit(_sum(tallies[i], chosen_on)))
            ours, shipped = (_sum(tallies[i], left) for i in (best, RULES.index(AS_SHIPPED)))
            told.append((*_figures(ours), *_figures(shipped)))
    return HeldOut(*(list(column) for column in zip(*told, strict=True)))


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
