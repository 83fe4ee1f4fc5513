"""What the driver costs per step: `python benchmarks/driver.py [--steps N] [--seed N] [--json]`.

A workflow of steps that do nothing (waits of no length) runs in the real runner, with its journal:
a chain, steps that need nothing of each other, and layers of ten that each need three of the layer
before. Milliseconds per step are those of the whole run, from its beginning to its report: as a
clock counts them, and as the processor does, which other processes do not lengthen.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlml.session import Session
from sqlml.workflow.ir import After, Node, Suspend, Workflow
from sqlml.workflow.verification import verify

WIDTH, NEEDS = 10, 3
Needs = Callable[[int, random.Random], list[int]]

SHAPES: dict[str, Needs] = {
    "chain": lambda i, _draw: [i - 1] if i else [],
    "independent": lambda _i, _draw: [],
    "layers": lambda i, draw: (
        [i - i % WIDTH - WIDTH + k for k in draw.sample(range(WIDTH), NEEDS)] if i >= WIDTH else []
    ),
}


def workflow(steps: int, needs: Needs, draw: random.Random) -> Workflow:
    nodes = [
        Node(f"s{i}", Suspend(0.0), after=tuple(After(f"s{j}") for j in needs(i, draw)))
        for i in range(steps)
    ]
    return Workflow("nothing", tuple(nodes))


def measured(flow: Workflow) -> tuple[float, float]:
    """The seconds of a run, by the clock and by the processor."""
    verify(flow)
    with tempfile.TemporaryDirectory() as folder:
        with Session.open(db=str(Path(folder, "x.duckdb"))) as session:
            began = time.perf_counter(), time.process_time()
            report = session.execute_workflow(flow).report
            seconds = time.perf_counter() - began[0], time.process_time() - began[1]
        assert report.outcome == "succeeded"
        assert len(report.steps) == len(flow.nodes)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = {}
    for name, needs in SHAPES.items():
        seconds = measured(workflow(asked.steps, needs, random.Random(asked.seed)))
        found[name] = [1000 * each / asked.steps for each in seconds]
    if asked.json:
        wall, cpu = ({name: each[i] for name, each in found.items()} for i in range(2))
        told = {"steps": asked.steps, "milliseconds_per_step": wall, "cpu_milliseconds": cpu}
        print(json.dumps(told))
        return
    print(f"{asked.steps:,} steps that do nothing; target: 2 ms a step")
    for name, (wall, cpu) in found.items():
        print(f"  {name:<12} {wall:6.2f} ms a step, {cpu:.2f} ms of the processor")


if __name__ == "__main__":
    main()
