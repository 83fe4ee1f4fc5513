"""Workflows to measure with: recorded ones in Parquet files, or made up in the shape of ML ones.

A folder has `*tasks.parquet`, `*edges.parquet` and, with what steps read and write,
`*files.parquet`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np


@dataclass(frozen=True)
class Recorded:
    """A workflow that has run; its steps in a topological order, all sequences by that order.

    givers: places of the steps before. kinds: the numbers of the programs that steps run.
    sizes: bytes of what each step makes. reads, writes: the numbers of files.
    """

    name: str
    givers: Sequence[Sequence[int]]
    seconds: Sequence[float]
    sizes: Sequence[int]
    kinds: Sequence[int]
    reads: Sequence[Sequence[int]] = ()
    writes: Sequence[Sequence[int]] = ()
    files: Mapping[int, int] = field(default_factory=dict)


def load(place: Path) -> list[Recorded]:
    """The workflows of a folder, or of the one file of tasks and those beside it."""
    files = sorted(place.glob("*tasks.parquet")) if place.is_dir() else [place]
    if not files:
        raise SystemExit(f"{place} has no *tasks.parquet")
    return [one for file in files for one in _load(file)]


def _load(tasks: Path) -> Iterator[Recorded]:
    def rows(kind: str, columns: str) -> Mapping[str, list[tuple]]:
        path = tasks.with_name(tasks.name.replace("tasks.parquet", f"{kind}.parquet"))
        found = defaultdict(list)
        if path.exists():
            query = f"SELECT workflow, {columns} FROM read_parquet(?) ORDER BY ALL"
            for workflow, *row in duckdb.execute(query, [str(path)]).fetchall():
                found[workflow].append(tuple(row))
        return found

    edges, files = rows("edges", "parent, child"), rows("files", "task, dir, file, size_bytes")
    columns = "task, program, coalesce(runtime_s, 0), coalesce(output_bytes, 0)"
    for name, steps in rows("tasks", columns).items():
        yield _recorded(name, steps, edges[name], files[name])


def _recorded(name: str, steps: list[tuple], edges: list[tuple], files: list[tuple]) -> Recorded:
    order = _sorted([task for task, *_ in steps], edges)
    place = {task: i for i, task in enumerate(order)}
    givers: list[list[int]] = [[] for _ in steps]
    for parent, child in edges:
        givers[place[child]].append(place[parent])
    reads: list[list[int]] = [[] for _ in steps]
    writes: list[list[int]] = [[] for _ in steps]
    for task, direction, file, _size in files:
        (reads if direction == "in" else writes)[place[task]].append(file)
    by_task = {task: rest for task, *rest in steps}
    programs = sorted({program for program, *_ in by_task.values()})
    return Recorded(
        name,
        givers,
        [float(by_task[task][1]) for task in order],
        [max(int(by_task[task][2]), 1) for task in order],
        [programs.index(by_task[task][0]) for task in order],
        reads,
        writes,
        {file: max(int(size), 1) for _task, _direction, file, size in files},
    )


def _sorted(tasks: list[int], edges: list[tuple]) -> list[int]:
    """Tasks, each behind those before it; otherwise by their numbers."""
    missing = dict.fromkeys(tasks, 0)
    takers = defaultdict(list)
    for parent, child in edges:
        missing[child] += 1
        takers[parent].append(child)
    ready = [task for task in tasks if not missing[task]]
    for task in ready:
        for taker in takers[task]:
            missing[taker] -= 1
            if not missing[taker]:
                ready.append(taker)
    return ready


def generated(seed: int, count: int) -> list[Recorded]:
    """Made-up ML workflows: sources, cleaning, features, training of models, comparison, report."""
    return [_generated(np.random.default_rng([seed, i]), i) for i in range(count)]


def _generated(random: np.random.Generator, number: int) -> Recorded:
    givers: list[list[int]] = []
    kinds: list[int] = []
    seconds: list[float] = []
    sizes: list[int] = []

    def add(kind: int, before: Sequence[int], cost: float, size: float) -> int:
        givers.append(sorted(set(before)))
        kinds.append(kind)
        seconds.append(float(cost * random.lognormal(0, 0.6)))
        sizes.append(max(int(size * random.lognormal(0, 0.6)), 1))
        return len(givers) - 1

    sources = [add(0, [], 30, 2e9) for _ in range(int(random.integers(1, 5)))]
    clean = [add(1, [source], 90, 1.5e9) for source in sources]
    joined = add(2, clean, 120, 2e9)
    split = add(3, [joined], 20, 2e9)
    groups = int(random.integers(2, 6))
    features = [add(4 + i, [split], 200, 4e8) for i in range(groups)]
    kind = 4 + groups
    models = []
    for family in range(int(random.integers(2, 6))):
        used = [one for one in features if random.random() < 0.6] or features[:1]
        data = add(kind + 3 * family, used, 60, 6e8)
        trained = [
            add(kind + 3 * family + 1, [data], 600, 5e7) for _ in range(int(random.integers(1, 9)))
        ]
        models += [add(kind + 3 * family + 2, [model, data], 40, 1e6) for model in trained]
    last = max(kinds) + 1
    best = add(last, models, 5, 5e7)
    predicted = add(last + 1, [best, split], 80, 3e8)
    add(last + 2, [predicted, best], 15, 5e6)
    numbers = {one: i for i, one in enumerate(sorted(set(kinds)))}
    return _with_files(f"ml-{number}", givers, seconds, sizes, [numbers[one] for one in kinds])


def _with_files(
    name: str,
    givers: Sequence[Sequence[int]],
    seconds: Sequence[float],
    sizes: Sequence[int],
    kinds: Sequence[int],
) -> Recorded:
    """A workflow whose steps write one file each and read those of the steps before them."""
    writes = [[step] for step in range(len(givers))]
    return Recorded(name, givers, seconds, sizes, kinds, givers, writes, dict(enumerate(sizes)))
