"""What becomes of a workflow that is run again and again, with a bounded cache between the runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from workflows import Recorded

from sqlml.optimizer.cache.changes import change_weights, reversal_weight
from sqlml.optimizer.cache.policy import Artifact, Holdings, Policy
from sqlml.optimizer.cache.steps import Steps

PATTERNS = ("uniform", "developer")
AGAIN, REVERT = 0.60, 0.15


@dataclass(frozen=True)
class Reruns:
    """A workflow, and what each step makes in each run: equal numbers are equal artifacts.

    changed: the type that changed before each run but the first.
    """

    recorded: Recorded
    changed: Sequence[int]
    made: Sequence[Sequence[int]]

    @property
    def goals(self) -> list[int]:
        givers = {giver for step in self.recorded.givers for giver in step}
        return [step for step in range(len(self.recorded.givers)) if step not in givers]


def reruns(recorded: Recorded, pattern: str, random: np.random.Generator, runs: int) -> Reruns:
    """Runs of a workflow, the first and `runs` more; one type of step changes before each.

    uniform: each type as likely. developer: late ones more often; the same again in 60 % of cases;
    what was last changed is taken back in 15 %.
    """
    kinds = max(recorded.kinds) + 1
    likely = _lateness(recorded, kinds) if pattern == "developer" else np.ones(kinds)
    likely = likely / likely.sum()
    versions = [[0] for _ in range(kinds)]  # of each type, those before the present one first
    newest = [0] * kinds
    changed: list[int] = []
    ids: dict[tuple[int, ...], int] = {}
    made = [_made(recorded, versions, ids)]
    for _ in range(runs):
        chance = random.random() if pattern == "developer" and changed else 1.0
        kind = changed[-1] if chance < AGAIN + REVERT else int(random.choice(kinds, p=likely))
        if chance < REVERT and len(versions[kind]) > 1:
            versions[kind].pop()
        else:
            newest[kind] += 1
            versions[kind].append(newest[kind])
        changed.append(kind)
        made.append(_made(recorded, versions, ids))
    return Reruns(recorded, changed, made)


def _lateness(recorded: Recorded, kinds: int) -> np.ndarray:
    """A weight for each type of step, from 1 for the first to their number for the last."""
    depths: list[int] = []
    for givers in recorded.givers:
        depths.append(1 + max((depths[giver] for giver in givers), default=0))
    of_kind = [[d for d, k in zip(depths, recorded.kinds, strict=True) if k == kind] or [0]
               for kind in range(kinds)]  # fmt: skip
    order = np.argsort([np.mean(one) for one in of_kind], kind="stable")
    weights = np.empty(kinds)
    weights[order] = np.arange(1, kinds + 1)
    return weights


def _made(
    recorded: Recorded, versions: Sequence[Sequence[int]], ids: dict[tuple[int, ...], int]
) -> list[int]:
    made: list[int] = []
    for step, (givers, kind) in enumerate(zip(recorded.givers, recorded.kinds, strict=True)):
        content = (step, versions[kind][-1], *(made[giver] for giver in givers))
        made.append(ids.setdefault(content, len(ids)))
    return made


@dataclass(frozen=True)
class Outcome:
    """Seconds of work, and the critical paths, of all runs but the first together."""

    seconds: float
    makespan: float


def simulate(reruns: Reruns, policy: Policy, capacity: float) -> Outcome:
    """Run a workflow again and again; what a step makes is offered to the policy at once."""
    recorded = reruns.recorded
    cache = _Cache(recorded, policy, capacity)
    seconds = makespan = 0.0
    for number, made in enumerate(reruns.made):
        running = _running(recorded, reruns.goals, made, cache)
        if number:
            seconds += sum(recorded.seconds[step] for step in running)
            makespan += _critical_path(recorded, set(running))
        cache.begin(number, reruns)
        for step in running:
            cache.offer(step, made[step])
    return Outcome(seconds, makespan)


class _Cache:
    def __init__(self, recorded: Recorded, policy: Policy, capacity: float) -> None:
        self.recorded = recorded
        self.kept: dict[int, Artifact] = {}
        self._policy = policy
        self._capacity = capacity
        self._clock = 0.0
        self._floor = 0.0
        self._steps = Steps((), (), (), ())

    def use(self, made: int) -> bool:
        """Whether an artifact is there; then it is used."""
        if made not in self.kept:
            return False
        self._clock += 1
        artifact = self.kept[made]
        self.kept[made] = replace(
            artifact, used=self._clock, uses=artifact.uses + 1, floor=self._floor
        )
        return True

    def begin(self, number: int, reruns: Reruns) -> None:
        """A run begins; nothing of the runs behind it is known."""
        made = reruns.made[number]
        before = reruns.made[number - 1] if number else made
        self._steps = _outlook(reruns, number)
        for one, artifact in self.kept.items():
            stands = 0
            if one == made[artifact.step]:
                stands = self._standing(artifact.step)
            elif one == before[artifact.step]:
                stands = self._steps.reversing
            self.kept[one] = replace(artifact, stands=stands)

    def _standing(self, step: int) -> int:
        return self._steps.any_change & ~self._steps.outdating[step]

    def offer(self, step: int, made: int) -> None:
        """A step has made this."""
        self._clock += 1
        newcomer = Artifact(
            key=str(made),
            size=self.recorded.sizes[step],
            seconds=self.recorded.seconds[step],
            step=step,
            stands=self._standing(step),
            added=self._clock,
            used=self._clock,
            floor=self._floor,
        )
        holdings = Holdings(self._steps, [*self.kept.values()], self._capacity, self._floor)
        plan = self._policy.plan(newcomer, holdings)
        for victim in plan.victims:
            del self.kept[int(victim)]
        self._floor = max(self._floor, plan.floor)
        if plan.admitted:
            self.kept[made] = newcomer


def _outlook(reruns: Reruns, number: int) -> Steps:
    """What may change next, from what has changed before a run."""
    recorded, changed = reruns.recorded, reruns.changed[:number]
    pairs = zip(reruns.made[:number], reruns.made[2 : number + 1], strict=False)
    back = (
        reversal_weight(len(changed), sum(one == other for one, other in pairs)) if changed else 0.0
    )
    weights = [w * (1 - back) for w in change_weights(max(recorded.kinds) + 1, changed)]
    last = changed[-1] if changed else None
    return Steps(recorded.givers, recorded.seconds, recorded.kinds, weights, last, back)


def _running(
    recorded: Recorded, goals: Sequence[int], made: Sequence[int], cache: _Cache
) -> list[int]:
    """The steps that have to run, in their order."""
    requested = set(goals)
    running = []
    for step in range(len(made) - 1, -1, -1):
        if step in requested and not cache.use(made[step]):
            running.append(step)
            requested.update(recorded.givers[step])
    return running[::-1]


def _critical_path(recorded: Recorded, running: set[int]) -> float:
    ends: list[float] = []
    for step, givers in enumerate(recorded.givers):
        before = max((ends[giver] for giver in givers), default=0.0)
        ends.append(before + (recorded.seconds[step] if step in running else 0.0))
    return max(ends, default=0.0)
