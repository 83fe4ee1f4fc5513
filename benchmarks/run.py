"""sqlml against what one would write by hand, side by side: `python benchmarks/run.py [NAME …]`.

Every figure is the median of the ratios of pairs (ours, reference) run in turn on this machine.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import data
from measure import Comparison, Measured, compare, measure

HERE = Path(__file__).parent
SQLML = str(Path(sys.executable).parent / "sqlml")
MIB = 2**20

TRAIN = (
    "SELECT * FROM train TO TRAIN xgboost.gbtree WITH objective = binary:logistic, max_depth = 6, "
    "tree_method = hist, seed = {number}, train.num_boost_round = {rounds} LABEL label"
    " INTO m{number};\n"
)
PREDICT = "SELECT * FROM train TO PREDICT answers.label USING m{number};\n"


def ours(folder: Path, database: str, program: str) -> Callable[[], Measured]:
    """A fresh `sqlml run` of a program on a database; nothing is reused."""
    path = folder / "program.sql"

    def run() -> Measured:
        path.write_text(program)
        flags = ["--no-reuse", "--quiet", "--db", database]
        return measure([SQLML, "run", str(path), *flags], folder)

    return run


def by_hand(folder: Path, script: str, *arguments: str) -> Callable[[], Measured]:
    command = [sys.executable, str(HERE / "references" / script), *arguments]
    return lambda: measure(command, folder)


def train_predict(folder: Path, pairs: int, rows: int = 1_000_000) -> dict[str, object]:
    """TRAIN + PREDICT on rows × 28 floats, 100 rounds, against two scripts."""
    data.numbers(folder / "numbers.duckdb", rows)
    program = TRAIN.format(rounds=100, number=0) + PREDICT.format(number=0)
    mine = ours(folder, "numbers.duckdb", program)
    told: dict[str, object] = {}
    for script in ("numbers_arrow.py", "numbers_iterator.py"):
        compared = compare(mine, by_hand(folder, script, "numbers.duckdb", "100"), pairs)
        told[script] = asdict(compared)
        show(f"{rows:,} × 28 against {script}", compared)
    return told


def small(folder: Path, pairs: int) -> dict[str, object]:
    """100,000 rows, start-up included."""
    return train_predict(folder, pairs, rows=100_000)


def mixed(folder: Path, pairs: int) -> dict[str, object]:
    """500,000 rows × 20 of text, dates and NULLs, against pandas and scikit-learn."""
    data.mixed(folder / "mixed.duckdb", 500_000)
    program = (
        "SELECT * FROM mixed TO TRAIN xgboost.gbtree WITH objective = binary:logistic,"
        " max_depth = 6, tree_method = hist, train.num_boost_round = 50 LABEL label INTO m;"
        "SELECT * FROM mixed TO PREDICT answers.label USING m;"
    )
    mine = ours(folder, "mixed.duckdb", program)
    compared = compare(mine, by_hand(folder, "mixed_pandas.py", "mixed.duckdb"), pairs)
    show("500,000 × 20 mixed", compared)
    return asdict(compared)


def solving(folder: Path, pairs: int) -> dict[str, object]:
    """100,000 variables, each with a bound, and 1,000 shared capacities, against highspy."""
    data.products(folder / "products.duckdb", 100_000)
    program = (
        "SELECT * FROM products TO MAXIMIZE SUM(profit * made) CONSTRAINT made <= wanted,"
        " SUM(hours * made) <= capacity GROUP BY plant"
        " WITH variables = 'made(product)' INTO plan;"
    )
    mine = ours(folder, "products.duckdb", program)
    compared = compare(mine, by_hand(folder, "products_highspy.py", "products.duckdb"), pairs)
    show("100,000 variables", compared)
    return asdict(compared)


def parallel(folder: Path, pairs: int) -> dict[str, object]:
    """Two and four TRAINs in one program, against the same ones one after the other."""
    data.numbers(folder / "numbers.duckdb", 300_000)
    told = {}
    for count in (2, 4):
        program = "".join(TRAIN.format(rounds=60, number=i) for i in range(count))
        together = ours(folder, "numbers.duckdb", program)
        single = [
            ours(folder, "numbers.duckdb", TRAIN.format(rounds=60, number=i)) for i in range(count)
        ]

        def in_turn(single: list[Callable[[], Measured]] = single) -> Measured:
            runs = [run() for run in single]
            wall, cpu = sum(r.seconds for r in runs), sum(r.cpu for r in runs)
            return Measured(wall, max(r.peak for r in runs), "", cpu)

        compared = compare(together, in_turn, pairs)
        show(f"{count} TRAINs together against in turn", compared)
        told[str(count)] = asdict(compared)
    return told


def scoring(folder: Path, pairs: int) -> dict[str, object]:
    """Peak memory while scoring 20,000,000 rows, against a table of 2,000,000, and so many of it.

    DuckDB reads a part of a table by LIMIT with one thread, all of one with every thread.
    """
    train = TRAIN.format(rounds=10, number=0).replace("FROM train", "FROM train LIMIT 100000")
    predict = PREDICT.format(number=0)
    part = predict.replace("FROM train", "FROM train LIMIT 2000000")
    for name, rows in (("many.duckdb", 20_000_000), ("few.duckdb", 2_000_000)):
        data.numbers(folder / name, rows)
        ours(folder, name, train)()
    asked = (("many.duckdb", predict), ("few.duckdb", predict), ("many.duckdb", part))
    peaks = [
        [ours(folder, name, program)().peak for name, program in asked]
        for _ in range(max(1, pairs // 2))
    ]
    ratio, of_part = (statistics.median(each[0] / each[i] for each in peaks) for i in (1, 2))
    print(
        f"scoring 20,000,000 rows: {ratio:.2f} × the memory of a table of 2,000,000,"
        f" {of_part:.2f} × that of LIMIT 2000000 ({peaks[0][0] / MIB:.0f} MiB)"
    )
    return {"memory_ratio": ratio, "memory_ratio_of_part": of_part, "peaks": peaks}


def planning(folder: Path, pairs: int) -> dict[str, object]:
    """Parse, check and plan one statement; programs of 100 to 10,000, and how linear that is."""
    from sqlml.session import Session
    from sqlml.source import Source

    statement = (
        "SELECT a, b, c, label FROM t WHERE a > {i} TO TRAIN xgboost.gbtree"
        " WITH max_depth = 4, eta = 0.1 LABEL label INTO model_{i};\n"
    )
    sizes = (100, 300, 1_000, 3_000, 10_000)
    with Session.open(db=":memory:") as session:
        session.run("CREATE TABLE t (a DOUBLE, b DOUBLE, c VARCHAR, label INTEGER)")

        def planned(size: int, repeats: int) -> float:
            program = "".join(statement.format(i=i) for i in range(size))
            taken = []
            for _ in range(repeats):
                began = time.perf_counter()
                session.compile([Source("program", program)])
                taken.append(time.perf_counter() - began)
            return statistics.median(taken)

        planned(1, 1)
        one = planned(1, 200)
        times = [planned(size, pairs if size <= 1_000 else 1) for size in sizes]
    print(f"plan one statement: {one * 1000:.2f} ms")
    r2 = statistics.correlation(sizes, times) ** 2
    for size, seconds in zip(sizes, times, strict=True):
        print(f"plan {size:>6,} statements: {seconds:.2f} s, {seconds / size * 1000:.2f} ms each")
    print(f"R² of time over size: {r2:.4f}")
    return {"one": one, "sizes": sizes, "seconds": times, "r2": r2}


def start_up(folder: Path, pairs: int) -> dict[str, object]:
    """`sqlml --help`, against an empty Python process."""
    compared = compare(
        lambda: measure([SQLML, "--help"], folder),
        lambda: measure([sys.executable, "-c", "pass"], folder),
        max(pairs, 11),
    )
    mine, bare = compared.seconds * 1000, compared.reference_seconds * 1000
    print(f"sqlml --help: {mine:.0f} ms (Python alone {bare:.0f} ms)")
    return asdict(compared)


def show(title: str, c: Comparison) -> None:
    print(
        f"{title}: time {c.time_ratio:.2f} × ({c.seconds:.2f} against {c.reference_seconds:.2f} s),"
        f" CPU {c.cpu_ratio:.2f} ×, memory {c.memory_ratio:.2f} × ({c.peak / MIB:.0f} against"
        f" {c.reference_peak / MIB:.0f} MiB), "
        f"{c.pairs} pairs",
        flush=True,
    )


def rendering(folder: Path, pairs: int) -> dict[str, object]:
    """10,000 steps as manifests of Argo; and 5,000 steps beside Hera, where it is installed."""
    script = [sys.executable, str(HERE / "argo_steps.py")]
    runs = [measure([*script, "10000"], folder) for _ in range(pairs)]
    seconds = statistics.median(run.seconds for run in runs)
    peak = max(run.peak for run in runs)
    print(f"10,000 steps to Argo's YAML: {seconds:.2f} s, {peak / MIB:.0f} MiB; {runs[0].output}")
    told: dict[str, object] = {"seconds": seconds, "peak": peak, "files": runs[0].output}
    if find_spec("hera") is None:
        print("beside Hera: skipped, it is not installed (`pip install hera`)")
        return told
    mine = partial(measure, [*script, "5000"], folder)
    compared = compare(mine, by_hand(folder, "hera_steps.py", "5000"), pairs)
    show("5,000 steps against Hera", compared)
    return {**told, "hera": asdict(compared)}


def verifying(folder: Path, pairs: int) -> dict[str, object]:
    """Check and hash workflows of 10,000 and 100,000 steps: CPU seconds, and how linear."""
    script = [sys.executable, str(HERE / "verify_steps.py")]
    told = {}
    for steps in (10_000, 100_000):
        runs = [measure([*script, str(steps)], folder).output.split() for _ in range(pairs)]
        checks, hashes = (statistics.median(map(float, each)) for each in zip(*runs, strict=True))
        print(f"{steps:,} steps: verified in {checks:.2f} s, hashed in {hashes:.2f} s")
        told[str(steps)] = (checks, hashes)
    return told


BENCHMARKS = {
    "train-predict": train_predict,
    "small": small,
    "mixed": mixed,
    "solving": solving,
    "parallel": parallel,
    "scoring": scoring,
    "planning": planning,
    "rendering": rendering,
    "verify": verifying,
    "start-up": start_up,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which (default: all)")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    arguments = parser.parse_args()
    told = {}
    for name in arguments.names or BENCHMARKS:
        with tempfile.TemporaryDirectory() as folder:
            told[name] = BENCHMARKS[name](Path(folder), arguments.pairs)
    if arguments.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
