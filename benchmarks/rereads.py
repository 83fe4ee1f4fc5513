"""How many of a run's reads a bounded cache of its files can answer, and how many any could."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array
from workflows import Recorded

from sqlml.optimizer.cache.policy import Artifact, Holdings, Policy
from sqlml.optimizer.cache.steps import Steps

MOST_TIMES = 400  # at which the bound minds the capacity; with fewer it only rises


@dataclass(frozen=True)
class Access:
    """A step reads or writes a file; `again` where the file was written or read before."""

    step: int
    file: int
    is_read: bool
    again: bool


def accesses(recorded: Recorded) -> list[Access]:
    """What the steps read and write, in their order."""
    return list(_accesses(recorded))


def _accesses(recorded: Recorded) -> Iterator[Access]:
    seen: set[int] = set()
    for step, (reads, writes) in enumerate(zip(recorded.reads, recorded.writes, strict=True)):
        for files, is_read in ((dict.fromkeys(reads), True), (dict.fromkeys(writes), False)):
            for file in files:
                yield Access(step, file, is_read, file in seen)
                seen.add(file)


def hits(recorded: Recorded, policy: Policy, capacity: float) -> int:
    """The reads that a cache answers; what is read or written is offered to the policy."""
    steps = Steps(recorded.givers, recorded.seconds, (0,) * len(recorded.givers), (0.0,))
    maker = {file: step for step, files in enumerate(recorded.writes) for file in files}
    readers = Counter(one.file for one in accesses(recorded) if one.is_read)
    kept: dict[int, Artifact] = {}
    found, floor = 0, 0.0
    for clock, access in enumerate(accesses(recorded)):
        file = access.file
        readers[file] -= access.is_read
        if file in kept:
            old = kept[file]
            found += access.is_read
            kept[file] = replace(
                old, used=clock, uses=old.uses + 1, readers=readers[file], floor=floor
            )
            continue
        newcomer = Artifact(
            key=str(file),
            size=recorded.files[file],
            seconds=1.0,
            step=maker.get(file),
            added=clock,
            used=clock,
            floor=floor,
            readers=readers[file],
            read_seconds=1.0,
        )
        plan = policy.plan(newcomer, Holdings(steps, [*kept.values()], capacity, floor))
        for victim in plan.victims:
            del kept[int(victim)]
        floor = max(floor, plan.floor)
        if plan.admitted:
            kept[file] = newcomer
    return found


def most_hits(recorded: Recorded, capacity: float) -> float:
    """What no policy can surpass: a linear program over the times between uses of each file."""
    last: dict[int, int] = {}
    spans: list[tuple[int, int, int]] = []
    for access in accesses(recorded):
        size = recorded.files[access.file]
        if access.is_read and access.again and size <= capacity:
            spans.append((last[access.file], access.step, size))
        last[access.file] = access.step
    if not spans:
        return 0.0
    times = np.unique(np.linspace(0, len(recorded.givers) - 1, MOST_TIMES).astype(int))
    entries = defaultdict(list)
    for number, (start, end, size) in enumerate(spans):
        for row in range(*np.searchsorted(times, (start, end))):
            entries["row"].append(row)
            entries["span"].append(number)
            entries["size"].append(size / capacity)
    if not entries:
        return float(len(spans))
    places = (np.array(entries["row"]), np.array(entries["span"]))
    matrix = coo_array((entries["size"], places), shape=(len(times), len(spans))).tocsr()
    solved = linprog(-np.ones(len(spans)), matrix, np.ones(len(times)), bounds=(0, 1))
    return float(-solved.fun)
