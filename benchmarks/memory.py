"""What sizing steps by history wastes, against asking for the largest seen of each step's type.

    python -m benchmarks.memory [FILE_OR_FOLDER …] [--seed N] [--json]

Files: Parquet with one row per task of real runs (workflow, task, name, program, runtime_s,
memory_bytes, input_bytes) or per assembly (lineage, assembler, wall_clock_seconds,
peak_mem_in_gbs); others are left out. Without any, seeded histories are made up.

Each step is sized from those that ended before it, in the order of the file and in random orders.
Waste: (allocated - used) x time, plus all that was allocated to attempts that were killed for
memory. A step that is killed is lifted: the largest seen, then the request, then the double. The
request is the user's: twice what the type needs at most. The first step of each type gets it from
both; it is left out of the ratio ("first included" counts it).
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sqlml.optimizer.sizing.experience import Experience
from sqlml.optimizer.sizing.newsvendor import WINDOW, Past, choose
from sqlml.optimizer.sizing.waste import Use, waste

TASKS = ("workflow", "task", "name", "program", "runtime_s", "memory_bytes", "input_bytes")
ASSEMBLIES = ("lineage", "assembler", "wall_clock_seconds", "peak_mem_in_gbs")
GENEROUS = 2.0  # what users ask for, of what is needed at most
ORDERS = 3  # random ones
GIB_HOURS = 3600 * 2**30


@dataclass(frozen=True, slots=True)
class History:
    """Steps in the order they ran in. peaks: bytes. sizes: of the inputs, nan where unknown."""

    name: str
    kinds: Sequence[str]
    peaks: np.ndarray
    seconds: np.ndarray
    sizes: np.ndarray
    labels: np.ndarray


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


def replay(history: History, order: Iterable[int]) -> Tally:
    """Size each step from those before it, and take in what it held when it has ended."""
    needed: dict[str, float] = defaultdict(float)
    for kind, peak in zip(history.kinds, history.peaks, strict=True):
        needed[kind] = max(needed[kind], peak)
    seen: dict[str, list[int]] = defaultdict(list)
    largest: dict[str, float] = defaultdict(float)
    experience, tally = Experience(), Tally()
    for step in order:
        kind, request = history.kinds[step], GENEROUS * needed[history.kinds[step]]
        peak, seconds = history.peaks[step], history.seconds[step]
        use = Use(*(np.array([each]) for each in (peak, seconds, largest[kind], request)))
        if not seen[kind]:
            tally.first += float(waste(np.array([request]), use)[0][0])
            experience.add(peak, seconds)
        else:
            began = time.thread_time()
            asked = _sized(history, seen[kind], step, request, experience)
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
    history: History, seen: list[int], step: int, request: float, experience: Experience
) -> float:
    before = np.array(seen[-WINDOW:])
    past = Past(
        history.peaks[before],
        history.seconds[before],
        history.sizes[before],
        history.labels[before],
    )
    size, label = history.sizes[step], history.labels[step]
    return choose(past, size, label, request=request, price=experience.price).bytes


def histories(paths: Sequence[Path], seed: int) -> Iterator[History]:
    """Those in the files; made up ones where no file is named."""
    if not paths:
        yield from made_up(seed)
    for path in paths:
        for file in sorted(path.glob("**/*.parquet")) if path.is_dir() else [path]:
            columns = set(pq.read_schema(file).names)
            if columns.issuperset(TASKS):
                yield from _workflows(pq.read_table(file, columns=list(TASKS)))
            elif columns.issuperset(ASSEMBLIES):
                yield from _assemblies(file.stem, pq.read_table(file, columns=list(ASSEMBLIES)))


def _workflows(tasks: pa.Table) -> Iterator[History]:
    """A history for each workflow whose memory was measured; tasks with none were too short."""
    measured = tasks.filter(pc.greater(tasks["memory_bytes"], 0)).sort_by(
        [("workflow", "ascending"), ("task", "ascending")]
    )
    for workflow in pc.unique(measured["workflow"]).to_pylist():
        rows = measured.filter(pc.equal(measured["workflow"], workflow))
        # Some engines name each task, others give each task a script of its own.
        by = min(("program", "name"), key=lambda column: len(pc.unique(rows[column])))
        yield History(
            workflow,
            rows[by].to_pylist(),
            _floats(rows["memory_bytes"]),
            _floats(rows["runtime_s"]),
            _floats(rows["input_bytes"]),
            np.zeros(len(rows)),
        )


def _assemblies(name: str, jobs: pa.Table) -> Iterator[History]:
    """All jobs as one type, the biome being what is known; and each biome as a type of its own."""
    jobs = jobs.filter(pc.greater(jobs["peak_mem_in_gbs"], 0))
    biomes = jobs["lineage"].combine_chunks().dictionary_encode()
    values = (
        _floats(jobs["peak_mem_in_gbs"]) * 1e9,
        _floats(jobs["wall_clock_seconds"]),
        np.full(len(jobs), np.nan),
        _floats(biomes.indices),
    )
    yield History(name, jobs["assembler"].to_pylist(), *values)
    yield History(f"{name} by biome", jobs["lineage"].to_pylist(), *values)


def _floats(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()


def made_up(seed: int) -> Iterator[History]:
    """Types of steps that hold the same, as much as their input says, or what nobody can tell."""
    chance = np.random.default_rng(seed)
    for number in range(6):
        count, types = 200, 8
        kinds = chance.integers(types, size=count)
        base, slope = chance.lognormal(19, 1.5, types), chance.uniform(0, 3, types)
        noise = chance.choice([0.02, 0.1, 0.3], types)
        sizes = chance.lognormal(18, 1, count)
        peaks = (base[kinds] + slope[kinds] * sizes) * chance.lognormal(0, noise[kinds])
        seconds = chance.lognormal(4, 1, count)
        names = [f"type {kind}" for kind in kinds]
        yield History(f"made up {number + 1}", names, peaks, seconds, sizes, np.zeros(count))


def measure(each: History, seed: int) -> Mapping[str, Tally]:
    steps = len(each.peaks)
    shuffled = Tally()
    for number in range(ORDERS if steps < 5000 else 1):
        order = np.random.default_rng((seed, number)).permutation(steps)
        shuffled += replay(each, order.tolist())
    return {"random": shuffled, "chronological": replay(each, range(steps))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    measured = {each.name: measure(each, given.seed) for each in histories(given.paths, given.seed)}
    workflows = {name: each for name, each in measured.items() if "metaspades" not in name}
    total: dict[str, Tally] = {}
    for order in ("random", "chronological"):
        total[order] = Tally()
        for each in workflows.values():
            total[order] += each[order]
    if given.json:
        told = {name: {o: t.told() for o, t in each.items()} for name, each in measured.items()}
        everything = {o: tally.told() for o, tally in total.items()}
        print(json.dumps({"seed": given.seed, "workflows": everything, "histories": told}))
        return
    print(_line("history", "order", "steps", "waste", "first incl.", "oom", "oom there", "ms"))
    for name, each in (*measured.items(), ("ALL WORKFLOWS", total)):
        for order, tally in each.items():
            found = tally.told()
            shown = ("ratio", "ratio_first_included", "out_of_memory", "largest_seen_out_of_memory")
            values = [_shown(found[key]) for key in shown]
            print(_line(name, order, str(tally.steps), *values, f"{found['decision_ms']:.2f}"))


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _line(name: str, order: str, *values: str) -> str:
    return f"{name[:40]:<40}  {order:<13}" + "".join(f"{value:>12}" for value in values)


if __name__ == "__main__":
    main()
