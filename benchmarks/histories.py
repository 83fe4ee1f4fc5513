"""Steps of workflows, with what they have held: recorded ones, or made up in six kinds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TASKS = ("workflow", "task", "name", "program", "runtime_s", "memory_bytes", "input_bytes")
ASSEMBLIES = ("lineage", "assembler", "wall_clock_seconds", "peak_mem_in_gbs")
KINDS = ("usual", "noisy", "heavy tails", "drifting inputs", "few of a type", "new types")
WORKFLOWS = 3  # made up of each kind
STEPS = 200  # of each of these


@dataclass(frozen=True, slots=True)
class History:
    """Steps in the order they ran in. peaks: bytes. sizes: of the inputs, nan where unknown."""

    name: str
    kinds: Sequence[str]
    peaks: np.ndarray
    seconds: np.ndarray
    sizes: np.ndarray
    labels: np.ndarray


def histories(paths: Sequence[Path], seed: int, steps: int = STEPS) -> Iterator[History]:
    """Those in the files; made up ones where no file is named."""
    if not paths:
        yield from made_up(seed, steps)
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


def made_up(seed: int, steps: int = STEPS) -> Iterator[History]:
    """Workflows of six kinds. Peaks follow the sizes of inputs, more or less, and what nobody can
    tell: by factors of up to 1.02, 1.1 or 1.3 in two of three cases, as the type of step is.

    noisy: by 1.65. heavy tails: now and then by far more, and so do sizes. drifting inputs: the
    last are seven times as large as the first. new types: one after the other is begun.
    """
    for kind in KINDS:
        for number in range(WORKFLOWS):
            chance = np.random.default_rng((seed, KINDS.index(kind), number))
            yield _made_up(kind, steps, chance)


def _made_up(kind: str, count: int, chance: np.random.Generator) -> History:
    types = 60 if kind == "few of a type" else 8
    types_of = chance.integers(types, size=count)
    if kind == "new types":
        begun = np.arange(count) * types // count
        types_of = np.maximum(begun + 1 - chance.geometric(0.5, count), 0)
    base, slope = chance.lognormal(19, 1.5, types), chance.uniform(0, 3, types)
    noise = np.full(types, 0.5) if kind == "noisy" else chance.choice([0.02, 0.1, 0.3], types)
    sizes, misses = chance.normal(18, 1, count), chance.normal(0, 1, count)
    if kind == "heavy tails":
        sizes = 18 + chance.standard_t(2, count).clip(-6, 6)
        misses = chance.standard_t(2, count).clip(-12, 12)
    if kind == "drifting inputs":
        sizes += np.linspace(0, 2, count)
    peaks = (base[types_of] + slope[types_of] * np.exp(sizes)) * np.exp(noise[types_of] * misses)
    seconds = chance.lognormal(4, 1, count)
    names = [f"type {each}" for each in types_of]
    return History(f"made up: {kind}", names, peaks, seconds, np.exp(sizes), np.zeros(count))
