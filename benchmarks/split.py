"""How well workflows split: `python benchmarks/split.py [FOLDER_OR_FILE] [--steps N] [--json]`.

FOLDER_OR_FILE: `workflow_tasks.parquet` (workflow, task, runtime_s) and `workflow_edges.parquet`
(workflow, parent, child), or the folder that they are in; without one, generated workflows.
Stretch: how long the parts take, each of which starts when those that it needs have ended, with as
many machines as they like, divided by the critical path. Everything is checked by code of its own.
"""

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import duckdb

from sqlml.workflow.partition import partition
from sqlml.workflow.quotient import Graph

SIZES = (1_250, 2_500, 5_000, 10_000)

Edges = list[tuple[int, int]]


def numbered(seconds: dict[int, float], edges: Edges) -> Graph:
    """The workflow with its steps numbered in an order of execution."""
    needs: dict[int, set[int]] = {step: set() for step in seconds}
    for parent, child in edges:
        if parent in needs and child in needs:
            needs[child].add(parent)
    order = [*TopologicalSorter(needs).static_order()]
    at = {step: i for i, step in enumerate(order)}
    links = [sorted(at[each] for each in needs[step]) for step in order]
    return Graph(links, [seconds[step] for step in order], [(1.0,)] * len(order))


def recorded(given: Path) -> Iterator[tuple[str, Graph]]:
    """Workflows in files."""
    folder = given if given.is_dir() else given.parent
    read = "SELECT {} FROM read_parquet(?) ORDER BY ALL"

    def rows(file: str, columns: str) -> list[tuple]:
        paths = sorted(str(path) for path in folder.glob(file))
        return duckdb.execute(read.format(columns), [paths]).fetchall()

    steps: dict[str, dict[int, float]] = {}
    edges: dict[str, Edges] = {}
    for name, step, seconds in rows("workflow_tasks*.parquet", "workflow, task, runtime_s"):
        steps.setdefault(name, {})[step] = max(0.0, seconds or 0.0)
    for name, parent, child in rows("workflow_edges*.parquet", "workflow, parent, child"):
        edges.setdefault(name, []).append((parent, child))
    for name, seconds in steps.items():
        yield name, numbered(seconds, edges.get(name, []))


def generated(size: int, chance: random.Random) -> Iterator[tuple[str, Graph]]:
    """Shapes of many kinds, of about `size` steps each."""
    for name, make in SHAPES.items():
        edges = make(size, chance)
        count = 1 + max(max(edge) for edge in edges)
        seconds = {step: chance.lognormvariate(2, 1) for step in range(count)}
        yield f"{name} {size:,}", numbered(seconds, edges)


def layered(size: int, chance: random.Random, width: int = 100) -> Edges:
    return [
        (chance.randrange((i // width - 1) * width, i // width * width), i)
        for i in range(width, size)
        for _ in range(chance.randint(1, 3))
    ]


def forked(size: int, chance: random.Random, width: int = 60, depth: int = 5) -> Edges:
    """Branches from one step that all end in another, time and again."""
    edges: Edges = []
    first = 0
    while first < size:
        join = first + width * depth + 1
        for branch in range(width):
            steps = [first, *range(first + 1 + branch * depth, first + 1 + (branch + 1) * depth)]
            edges += [*zip(steps, [*steps[1:], join], strict=True)]
        first = join
    return edges


def learning(size: int, chance: random.Random, trials: int = 40) -> Edges:
    """Tables, features of several, trials on them with scores, the best one, and its uses."""
    edges: Edges = []
    step = 0
    while step < size:
        tables = [*range(step, step + 6)]
        features = [*range(step + 6, step + 14)]
        edges += [(t, f) for f in features for t in chance.sample(tables, 2)]
        best = step + 14 + 2 * trials
        for trial in range(step + 14, best, 2):
            edges += [(f, trial) for f in chance.sample(features, 3)]
            edges += [(trial, trial + 1), (trial + 1, best)]
        edges += [(best, best + i) for i in range(1, 6)]
        if step:
            edges.append((step - 1, step))
        step = best + 6
    return edges


def scattered(size: int, chance: random.Random) -> Edges:
    return [(chance.randrange(i), i) for i in range(1, size) for _ in range(chance.randint(1, 2))]


def nearby(size: int, chance: random.Random) -> Edges:
    return [
        (chance.randrange(max(0, i - 60), i), i)
        for i in range(1, size)
        for _ in range(chance.randint(1, 3))
    ]


def side_by_side(size: int, chance: random.Random, width: int = 25) -> Edges:
    return [(i - width, i) for i in range(width, size)]


def growing(size: int, chance: random.Random) -> Edges:
    return [((i - 1) // 2, i) for i in range(1, size)]


SHAPES = {
    "layered": layered,
    "fork and join": forked,
    "learning": learning,
    "random": scattered,
    "local": nearby,
    "chains": side_by_side,
    "tree": growing,
}


def measured(graph: Graph, steps: int) -> dict[str, object]:
    """What became of a workflow, worked out without the code that has split it."""
    count = len(graph.needs)
    began = time.process_time()
    parts = partition(graph, (float(steps),))
    seconds = time.process_time() - began
    of = {node: i for i, part in enumerate(parts) for node in part}
    before: dict[int, set[int]] = {i: set() for i in range(len(parts))}
    for node, needed in enumerate(graph.needs):
        before[of[node]].update(of[each] for each in needed if of[each] != of[node])
    told = {
        "steps": count,
        "parts": len(parts),
        "fewest": math.ceil(count / steps),
        "is_cover": sorted(node for part in parts for node in part) == [*range(count)],
        "is_in_budget": all(len(part) <= steps for part in parts),
        "seconds": seconds,
    }
    try:
        order = [*TopologicalSorter(before).static_order()]
    except CycleError:
        return {**told, "is_acyclic": False, "stretch": math.inf}
    ends: dict[int, float] = {}
    for i in order:
        path: dict[int, float] = {}
        for node in sorted(parts[i]):
            start = max((path[e] for e in graph.needs[node] if e in path), default=0.0)
            path[node] = start + graph.seconds[node]
        ends[i] = max((ends[e] for e in before[i]), default=0.0) + max(path.values())
    return {
        **told,
        "is_acyclic": True,
        "stretch": max(ends.values()) / (graph.critical_path() or 1.0),
    }


def growth(chance: random.Random, steps: int) -> dict[str, dict[str, float]]:
    """Seconds at each size, and the exponent of a power law through them, by shape."""
    told: dict[str, dict[str, float]] = {}
    for size in SIZES:
        for name, graph in generated(size, chance):
            taken = measured(graph, steps)["seconds"]
            told.setdefault(name.rpartition(" ")[0], {})[str(size)] = taken
    for seconds in told.values():
        xs = [math.log(size) for size in SIZES]
        ys = [math.log(max(seconds[str(size)], 1e-4)) for size in SIZES]
        x, y = sum(xs) / len(xs), sum(ys) / len(ys)
        slope = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
        seconds["exponent"] = slope / sum((a - x) ** 2 for a in xs)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("given", nargs="?", type=Path, help="a folder or file of workflows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=200, help="the most in one part")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    graphs = (
        recorded(arguments.given)
        if arguments.given
        else (each for size in (500, 1_500, 4_000) for each in generated(size, chance))
    )
    found = {name: measured(graph, arguments.steps) for name, graph in graphs}
    large = {name: each for name, each in found.items() if each["steps"] > arguments.steps}
    stretches = [each["stretch"] for each in large.values()] or [1.0]
    shares = {
        what: sum(each[f"is_{what}"] for each in found.values()) / len(found)
        for what in ("acyclic", "in_budget", "cover")
    }
    grown = growth(chance, arguments.steps)
    summary = {
        **shares,
        "workflows": len(found),
        "split": len(large),
        "median_stretch": median(stretches),
        "max_stretch": max(stretches),
        "seconds_at_10000": max(each["10000"] for each in grown.values()),
        "exponent": max(each["exponent"] for each in grown.values()),
        "parts_per_fewest": sum(e["parts"] for e in large.values())
        / max(1, sum(e["fewest"] for e in large.values())),
    }
    if arguments.json:
        print(json.dumps({**summary, "each": found, "growth": grown}))
        return
    print(f"{'workflow':<42}{'steps':>7}{'parts':>7}{'fewest':>8}{'stretch':>9}{'seconds':>9}")
    for name, each in large.items():
        print(
            f"{name:<42}{each['steps']:>7,}{each['parts']:>7}{each['fewest']:>8}"
            f"{each['stretch']:>9.3f}{each['seconds']:>9.2f}"
        )
    print(f"\n{'shape':<42}{''.join(f'{size:>9,}' for size in SIZES)}  exponent")
    for name, each in grown.items():
        row = "".join(f"{each[str(size)]:>9.2f}" for size in SIZES)
        print(f"{name:<42}{row}{each['exponent']:>10.2f}")
    print()
    for name, value in summary.items():
        print(f"{name:<42}{value:>9.3f}" if isinstance(value, float) else f"{name:<42}{value:>9}")


if __name__ == "__main__":
    main()
