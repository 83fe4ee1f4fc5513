"""Steps sized one after the other, each from those that ended before it."""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.histories import History
from sqlml.optimizer.sizing.experience import STEEPNESS, Experience
from sqlml.optimizer.sizing.newsvendor import USUAL, WINDOW, Belief, Past, choose
from sqlml.optimizer.sizing.waste import Use, waste

GENEROUS = 2.0  # what users ask for, of what is needed at most
GIB_HOURS = 3600 * 2**30


@dataclass(frozen=True, slots=True)
class Rule:
    """The settings of the rule by which steps are sized."""

    steepness: float = STEEPNESS
    belief: Belief = USUAL


AS_SHIPPED = Rule()


@dataclass(slots=True)
class Tally:
    """Waste in byte-seconds and failures for memory: ours, and with the largest seen."""

    steps: int = 0
    ours: float = 0.0
    theirs: float = 0.0
    first: float = 0.0  # of the first steps of their types, the same for both
    our_failures: int = 0
    their_failures: int = 0
    seconds: list[float] = field(default_factory=list)  # that decisions took

    def __iadd__(self, other: "Tally") -> "Tally":
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def told(self) -> dict[str, Any]:
        decisions = np.array(self.seconds or [0.0]) * 1000
        return {
            "steps": self.steps,
            "waste_gib_hours": self.ours / GIB_HOURS,
            "largest_seen_gib_hours": self.theirs / GIB_HOURS,
            "ratio": _ratio(self.ours, self.theirs),
            "ratio_first_included": _ratio(self.ours + self.first, self.theirs + self.first),
            "out_of_memory": _ratio(self.our_failures, self.steps),
            "largest_seen_out_of_memory": _ratio(self.their_failures, self.steps),
            "decision_ms": float(decisions.mean()),
            "decision_ms_p99": float(np.quantile(decisions, 0.99)),
        }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def replay(history: History, order: Iterable[int], rule: Rule = AS_SHIPPED) -> Tally:
    """Size each step from those before it, and take in what it held when it has ended."""
    needed: dict[str, float] = defaultdict(float)
    for kind, peak in zip(history.kinds, history.peaks, strict=True):
        needed[kind] = max(needed[kind], peak)
    seen: dict[str, list[int]] = defaultdict(list)
    largest: dict[str, float] = defaultdict(float)
    experience, tally = Experience(steepness=rule.steepness), Tally()
    for step in order:
        kind, request = history.kinds[step], GENEROUS * needed[history.kinds[step]]
        peak, seconds = history.peaks[step], history.seconds[step]
        use = Use(*(np.array([each]) for each in (peak, seconds, largest[kind], request)))
        if not seen[kind]:
            tally.first += float(waste(np.array([request]), use)[0][0])
            experience.add(peak, seconds)
        else:
            began = time.thread_time()
            price = experience.price
            asked = _sized(history, seen[kind], step, request=request, rule=rule, price=price)
            tally.seconds.append(time.thread_time() - began)
            ours, failed = waste(np.array([asked]), use)
            theirs, their_failed = waste(np.array([largest[kind]]), use)
            tally.steps += 1
            tally.ours += float(ours[0])
            tally.theirs += float(theirs[0])
            tally.our_failures += int(failed[0])
            tally.their_failures += int(their_failed[0])
            experience.add(peak, seconds, ran_out=bool(failed[0]))
        seen[kind].append(step)
        largest[kind] = max(largest[kind], peak)
    return tally


def _sized(
    history: History, seen: list[int], step: int, *, request: float, rule: Rule, price: float
) -> float:
    before = np.array(seen[-WINDOW:])
    past = Past(
        history.peaks[before],
        history.seconds[before],
        history.sizes[before],
        history.labels[before],
    )
    size, label = history.sizes[step], history.labels[step]
    asked = choose(past, size, label, request=request, price=price, belief=rule.belief)
    return asked.bytes
