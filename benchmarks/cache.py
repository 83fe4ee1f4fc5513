"""What a bounded cache saves under each policy, measured by replaying workflows.

    python benchmarks/cache.py [FOLDER_OR_FILE] [--seed N] [--json]

FOLDER_OR_FILE: recorded workflows, as `workflows.py` says; without it, workflows are made up.
Measured are:

- saving: the share of what a cache could save between runs that knows all that will come. Each
  workflow is run once and then again RUNS times; before each, one type of step changes.
- makespan: the critical paths of all runs again, all workflows together, relative to those with a
  cache without a bound; and the median of the workflows' own ratios.
- hits: reads within one run that the cache answers, of all reads of files that were read or
  written before in that run; and what no policy could surpass.
- decision: the processor's time to decide on one artifact in a workflow of 300 steps, each of a
  type of its own.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from zlib import crc32

import numpy as np
from optimum import optimum
from rereads import accesses, hits, most_hits
from reruns import PATTERNS, reruns, simulate
from workflows import Recorded, generated, load

from sqlml.optimizer.cache import POLICIES
from sqlml.optimizer.cache.policy import Artifact, Holdings, Plan, Policy

DEFAULT = "expected"
RUNS = 12
SHARES = (0.1, 0.2, 0.3)
SIZED = 0.2  # of the bytes, where one size of the cache is measured
STEPS = 300
MADE_UP = 9
WITHIN_RUN = ("fifo", "lru", "gdsf", "paper", "expected")


@dataclass(frozen=True)
class Case:
    """saved, makespan: by policy. shortest: the makespan without a bound. gap: of the optimum,
    relative to its work.
    """

    workflow: str
    steps: int
    pattern: str
    share: float
    saved: Mapping[str, float]
    makespan: Mapping[str, float]
    shortest: float
    gap: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("place", nargs="?", type=Path, metavar="FOLDER_OR_FILE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=20, help="for each optimum")
    parser.add_argument("--largest", type=int, default=400, help="steps of a workflow")
    parser.add_argument("--made-up", type=int, help="workflows to make up beside those given")
    arguments = parser.parse_args()
    workflows = load(arguments.place) if arguments.place else []
    made_up = 0 if arguments.place else MADE_UP
    made_up = made_up if arguments.made_up is None else arguments.made_up
    workflows += generated(arguments.seed, made_up)
    chosen = [one for one in workflows if len(one.givers) <= arguments.largest]
    cases = [case for one in chosen for case in _cases(one, arguments.seed, arguments.seconds)]
    found = {
        "workflows": [one.name for one in chosen],
        "left_out": [one.name for one in workflows if len(one.givers) > arguments.largest],
        "seed": arguments.seed,
        **_between_runs(cases),
        "hits": _within_runs(workflows),
        "decision_ms": _decisions(arguments.seed),
    }
    print(json.dumps(found) if arguments.json else "\n".join(_table(found)))


def _cases(recorded: Recorded, seed: int, seconds: float) -> Iterator[Case]:
    for pattern in PATTERNS:
        random = np.random.default_rng([seed, crc32(f"{recorded.name} {pattern}".encode())])
        again = reruns(recorded, pattern, random, RUNS)
        everything = RUNS * sum(recorded.seconds)
        unbounded = simulate(again, _policy("all"), float("inf"))
        for share in SHARES:
            capacity = share * sum(recorded.sizes)
            best = optimum(again, capacity, seconds)
            possible = everything - best.bound
            if possible < 1e-6 * everything:  # each change makes all of it run
                continue
            ends = {name: simulate(again, _policy(name), capacity) for name in POLICIES}
            yield Case(
                recorded.name,
                len(recorded.givers),
                pattern,
                share,
                {name: (everything - end.seconds) / possible for name, end in ends.items()},
                {name: end.makespan for name, end in ends.items()},
                unbounded.makespan,
                best.gap,
            )


def _between_runs(cases: Sequence[Case]) -> dict[str, object]:
    """By policy: the saving, mean and 10th percentile over all cases, and the makespan."""
    saved = {name: [case.saved[name] for case in cases] for name in POLICIES}
    sized = [case for case in cases if case.share == SIZED]
    shortest = np.array([case.shortest for case in sized])
    spans = {name: np.array([case.makespan[name] for case in sized]) for name in POLICIES}
    parts: dict[str, dict[str, float]] = defaultdict(dict)
    for pattern in PATTERNS:
        for share in SHARES:
            some = [c for c in cases if c.pattern == pattern and c.share == share]
            for name in POLICIES:
                parts[name][f"{pattern} {share:.0%}"] = float(
                    np.mean([c.saved[name] for c in some])
                )
    gaps = [case.gap for case in cases]
    return {
        "saving_mean": {name: float(np.mean(values)) for name, values in saved.items()},
        "saving_p10": {name: float(np.quantile(values, 0.1)) for name, values in saved.items()},
        "saving_by_case": parts,
        "makespan": {name: float(span.sum() / shortest.sum()) for name, span in spans.items()},
        "makespan_median": {n: float(np.median(span / shortest)) for n, span in spans.items()},
        "optimum_gap": {"mean": float(np.mean(gaps)), "max": max(gaps)},
        "cases": len(cases),
    }


def _within_runs(workflows: Sequence[Recorded]) -> dict[str, float]:
    """By policy and for the bound: hits of the reads that could be some, mean of all workflows."""
    found = defaultdict(list)
    for recorded in workflows:
        reads = sum(access.is_read and access.again for access in accesses(recorded))
        if not reads or len(recorded.givers) > 1200:
            continue
        capacity = SIZED * sum(recorded.files.values())
        found["bound"].append(most_hits(recorded, capacity) / reads)
        for name in WITHIN_RUN:
            found[name].append(hits(recorded, _policy(name), capacity) / reads)
    return {name: float(np.mean(values)) for name, values in found.items()}


class _Timed:
    """A policy, and what its decisions take."""

    def __init__(self, policy: Policy) -> None:
        self.seconds: list[float] = []
        self._policy = policy

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        began = thread_time()
        plan = self._policy.plan(newcomer, holdings)
        self.seconds.append(thread_time() - began)
        return plan

    def scores(self, holdings: Holdings) -> Sequence[float]:
        return self._policy.scores(holdings)


def _decisions(seed: int) -> dict[str, float]:
    random = np.random.default_rng(seed)
    givers = [
        sorted({int(g) for g in random.integers(max(0, i - 40), i, size=min(i, 3))}) if i else []
        for i in range(STEPS)
    ]
    seconds, sizes = random.lognormal(3, 1, STEPS), random.lognormal(16, 1, STEPS)
    recorded = Recorded(
        "timed", givers, [*map(float, seconds)], [*map(int, sizes)], list(range(STEPS))
    )
    again = reruns(recorded, "developer", random, 4)
    timed = _Timed(_policy(DEFAULT))
    simulate(again, timed, SIZED * sum(recorded.sizes))
    milliseconds = np.array(timed.seconds) * 1000
    return {
        "mean": float(milliseconds.mean()),
        "median": float(np.median(milliseconds)),
        "p99": float(np.quantile(milliseconds, 0.99)),
    }


def _policy(name: str) -> Policy:
    return POLICIES.load(name)()


def _table(found: Mapping[str, dict[str, float]]) -> Iterator[str]:
    heading = f"{'policy':10} {'saving':>8} {'p10':>8} {'makespan':>9} {'median':>8}"
    yield heading + f" {'hits':>8}"
    for name in found["saving_mean"]:
        hit = found["hits"].get(name)
        yield (
            f"{name:10} {found['saving_mean'][name]:8.1%} {found['saving_p10'][name]:8.1%}"
            f" {found['makespan'][name]:9.2f} {found['makespan_median'][name]:8.2f}"
            f" {'' if hit is None else format(hit, '8.1%')}"
        )
    hit, gap, spent = found["hits"], found["optimum_gap"], found["decision_ms"]
    yield f"\nsaving of {DEFAULT}, by pattern and size of the cache:"
    for part, value in found["saving_by_case"][DEFAULT].items():
        yield f"  {part:16} {value:6.1%}"
    yield (
        f"hits within a run: {hit[DEFAULT]:.1%}, at most {hit['bound']:.1%} possible"
        f" ({hit[DEFAULT] / hit['bound']:.1%} of that)"
    )
    yield (
        f"a decision at {STEPS} steps: {spent['mean']:.2f} ms on average,"
        f" median {spent['median']:.2f}, 99 % within {spent['p99']:.2f}"
    )
    yield (
        f"{found['cases']} cases of {len(found['workflows'])} workflows; the optimum is the"
        f" solver's bound, {gap['mean']:.2%} from what it found, at most {gap['max']:.2%}"
    )
    if found["left_out"]:
        yield f"left out for their size (--largest): {', '.join(found['left_out'])}"


if __name__ == "__main__":
    main()
