"""What earlier runs of a workflow tell about the next one: costs, and what is likely to change."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from sqlml.optimizer.cache.changes import change_weights, reversal_weight
from sqlml.optimizer.cache.steps import Steps
from sqlml.store.repetitions import Repetitions
from sqlml.workflow.graph import needs, topological_order
from sqlml.workflow.ir import Workflow

_RUNS = 12
_BYTES_PER_SECOND = 5e8  # of reading a file of the store, its checksum included

Keys = Mapping[str, str]  # of steps, by their names


@dataclass(frozen=True, slots=True)
class Past:
    """places: of steps by their names. runs: keys of the last runs' steps, the oldest run first.

    seconds: what steps took, by their names.
    """

    places: Mapping[str, int]
    givers: Sequence[Sequence[int]]
    runs: Sequence[Keys]
    seconds: Mapping[str, float]

    @classmethod
    def of(cls, workflow: Workflow, repetitions: Repetitions, run: str) -> "Past":
        """run: the one that is on now."""
        nodes = topological_order(workflow)
        places = {node.name: place for place, node in enumerate(nodes)}
        givers = [sorted(places[name] for name in needs(node) if name in places) for node in nodes]
        keys: list[Keys] = []
        taken: defaultdict[str, list[float]] = defaultdict(list)
        for steps in repetitions.of(workflow.name, _RUNS, before=run):
            keys.append({name: key for name, key, _ in steps})
            for name, _, seconds in steps:
                if seconds is not None:
                    taken[name].append(seconds)
        return cls(places, givers, keys, {name: median(some) for name, some in taken.items()})

    def steps(self, now: Keys, taken: Mapping[str, float]) -> Steps:
        """The workflow as policies see it: each step is of a type of its own, and always wanted.

        One more type stands for runs before which nothing has changed. now: the keys that are known
        in this run. taken: the seconds of its steps.
        """
        count = len(self.places)
        known = {**self.seconds, **taken}
        runs = [*self.runs, {**(self.runs[-1] if self.runs else {}), **now}]
        events = [self._changed(old, new) for old, new in pairwise(runs)]
        triples = zip(runs, runs[1:], runs[2:], strict=False)
        reversals = sum(first == last != between for first, between, last in triples)
        past = [step for event in events for step in event or [count]]
        last = past[-1] if past and past[-1] < count else None
        back = 0.0 if last is None else reversal_weight(len(events), reversals)
        return Steps(
            self.givers,
            [known.get(name, 0.0) for name in self.places],
            range(count),
            [weight * (1 - back) for weight in change_weights(count + 1, past)],
            last,
            back,
            wanted=range(count),
            bytes_per_second=_BYTES_PER_SECOND,
        )

    def _changed(self, old: Keys, new: Keys) -> list[int]:
        """The steps that have changed though nothing has that they need."""
        changed = {
            place
            for name, place in self.places.items()
            if name in old and name in new and old[name] != new[name]
        }
        return sorted(place for place in changed if changed.isdisjoint(self.givers[place]))
