"""What the benchmark of cache policies measures with is itself checked, by trying everything."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain, combinations
from pathlib import Path

import duckdb
import numpy as np
import pytest

from sqlml.optimizer.cache import POLICIES

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from optimum import optimum  # noqa: E402
from rereads import accesses, hits, most_hits  # noqa: E402
from reruns import Reruns, reruns, simulate  # noqa: E402
from workflows import Recorded, load  # noqa: E402


def tiny(seed: int) -> Recorded:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 5))
    givers = [sorted({int(g) for g in random.integers(0, i, size=min(i, 2))}) for i in range(count)]
    sizes = [int(size) for size in random.integers(1, 6, size=count)]
    seconds = [float(s) for s in random.integers(1, 9, size=count)]
    writes = [[i] for i in range(count)]
    files = dict(enumerate(sizes))
    return Recorded("tiny", givers, seconds, sizes, [*range(count)], givers, writes, files)


def subsets(kept: frozenset[tuple[int, int]]) -> Iterator[frozenset[tuple[int, int]]]:
    """All sets of some artifacts, which are pairs of a step and a number."""
    sizes = range(len(kept) + 1)
    return map(frozenset, chain.from_iterable(combinations(sorted(kept), n) for n in sizes))


def least_work(again: Reruns, capacity: float) -> float:
    """The optimum, by trying all that could be kept after every run."""
    recorded = again.recorded

    @cache
    def least(run: int, kept: frozenset[tuple[int, int]]) -> float:
        if run == len(again.made):
            return 0.0
        made = again.made[run]
        needed, work, there = set(again.goals), 0.0, set(kept)
        for step in range(len(made) - 1, -1, -1):
            if step in needed and (step, made[step]) not in kept:
                work += recorded.seconds[step]
                needed.update(recorded.givers[step])
                there.add((step, made[step]))
        fitting = (
            some
            for some in subsets(frozenset(there))
            if sum(recorded.sizes[step] for step, _ in some) <= capacity
        )
        return (work if run else 0.0) + min(least(run + 1, some) for some in fitting)

    return least(0, frozenset())


@pytest.mark.parametrize("pattern", ["uniform", "developer"])
@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_is_what_trying_everything_finds(pattern: str, seed: int) -> None:
    recorded = tiny(seed)
    again = reruns(recorded, pattern, np.random.default_rng(seed), 4)
    capacity = 0.4 * sum(recorded.sizes)

    best = optimum(again, capacity, 10)

    assert best.seconds == pytest.approx(least_work(again, capacity))
    assert best.bound == pytest.approx(best.seconds, rel=1e-2)
    for name in set(POLICIES) - {"all"}:
        assert simulate(again, POLICIES.load(name)(), capacity).seconds >= best.bound - 1e-6


def test_without_a_bound_only_what_has_changed_runs_again() -> None:
    recorded = Recorded("chain", [[], [0], [1]], [1, 10, 100], [1, 1, 1], [0, 1, 2])
    again = Reruns(recorded, [2, 1, 0], [[0, 1, 2], [0, 1, 3], [0, 4, 5], [6, 7, 8]])

    assert simulate(again, POLICIES.load("all")(), 0).seconds == 100 + 110 + 111
    assert simulate(again, POLICIES.load("none")(), 0).seconds == 3 * 111


@pytest.mark.parametrize("seed", range(6))
def test_no_policy_has_more_hits_than_the_bound(seed: int) -> None:
    recorded = tiny(seed)
    reads = sum(one.is_read and one.again for one in accesses(recorded))
    for share in (0.2, 0.5, 1.0):
        capacity = share * sum(recorded.sizes)
        most = most_hits(recorded, capacity)
        for name in ("lru", "gdsf", "expected"):
            assert hits(recorded, POLICIES.load(name)(), capacity) <= most + 1e-6
    assert most == reads


def test_the_benchmark_reads_recorded_workflows_and_prints_one_json_object(tmp_path: Path) -> None:
    duckdb.sql(
        "SELECT 'w' AS workflow, unnest([7, 8, 9]) AS task, unnest(['a', 'b', 'c']) AS program,"
        " 5.0 AS runtime_s, unnest([20, 100, 10]) AS output_bytes"
    ).write_parquet(str(tmp_path / "some_tasks.parquet"))
    duckdb.sql(
        "SELECT 'w' AS workflow, unnest([7, 8]) AS parent, unnest([8, 9]) AS child"
    ).write_parquet(str(tmp_path / "some_edges.parquet"))

    (recorded,) = load(tmp_path)
    assert recorded.givers == [[], [0], [1]]

    program = [sys.executable, str(BENCHMARKS / "cache.py"), str(tmp_path), "--json"]
    done = subprocess.run(
        [*program, "--largest", "10"], capture_output=True, text=True, check=True, timeout=120
    )
    found = json.loads(done.stdout)
    assert found["workflows"] == ["w"]
    assert found["saving_mean"]["none"] == pytest.approx(0)
    assert found["saving_mean"]["all"] >= found["saving_mean"]["expected"] > 0
