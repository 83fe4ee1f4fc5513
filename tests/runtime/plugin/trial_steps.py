"""Steps that do odd things on purpose; the tests register them as another package would."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.outcome import Outcome


def total(context: Context, *, column: str, rows: Rows) -> Outcome:
    """Sum a column, reading it twice."""
    sums = []
    for _ in range(2):
        batches = rows.select(f'"{column}" AS value').batches()
        sums.append(sum(sum(batch.column("value").to_pylist()) for batch in batches))
    context.progress(2, 2, "passes", value=sums[0])
    context.note("read twice")
    return Outcome("summed", {"first": sums[0], "second": sums[1]})


def echo(context: Context, *, column: str, rows: Rows) -> Outcome:
    """Read rows twice, and once by their SQL, and compare."""
    first, second = (
        [value for batch in rows.batches() for value in batch.column(column).to_pylist()]
        for _ in range(2)
    )
    count = context.table(f"SELECT count(*) FROM ({rows.sql})").column(0).to_pylist()[0]
    assert rows.schema.names == ["a", "b", "dropped"]
    return Outcome("", {"equal": first == second and len(first) == count})


def double(
    context: Context, *, column: str, into: str | None, rows: Rows, spoil: int = -1
) -> Outcome:
    """Extend rows by a doubled column; fail at batch `spoil`."""
    seen = 0

    def compute(batch: pa.RecordBatch) -> list[pa.Array]:
        nonlocal seen
        if seen == spoil:
            raise StepError(Diagnostic("E0499", "spoilt", about="column a"))
        seen += 1
        assert batch.schema.names == [column]
        return [pa.array([2 * value for value in batch.column(0).to_pylist()], pa.int64())]

    count = context.extend(
        rows.sql,
        uses=[column],
        drops=["dropped"],
        adds=pa.schema([("doubled", pa.int64())]),
        compute=compute,
        into=into,
    )
    return Outcome(f"{count} rows", rows=count, outputs={} if into is None else {"table": into})


def nap(context: Context, *, seconds: float, touch: str = "") -> Outcome:
    """Sleep, and say with a file that sleep has begun."""
    if touch:
        Path(touch).write_text(f"{os.getpid()} {context.folder}")
    time.sleep(seconds)
    return Outcome("rested", {"threads": context.threads})


def die(context: Context, *, signal_number: int = 0, code: int = 0) -> Outcome:
    """End this process in the middle of the step."""
    sys.stderr.write("last words\n")
    context.note("farewell")
    if signal_number:
        os.kill(os.getpid(), signal.Signals(signal_number))
    os._exit(code)


def blunder(context: Context) -> Outcome:
    """Meet a bug of ours."""
    return Outcome(str({}["missing"]))


def refuse(context: Context) -> Outcome:
    """Say no, in the user's words."""
    raise StepError(Diagnostic("E0499", "no"))


def swell(context: Context, *, megabytes: int) -> Outcome:
    """Ask for more memory than this process may have."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, resource.RLIM_INFINITY))
    return Outcome(str(len(bytearray(4 * megabytes << 20))))


def chatter(context: Context) -> Outcome:
    """Print, from Python and from below."""
    sys.stdout.write("from python\n")
    os.write(2, b"from a library\n")
    return Outcome("talked", {"pid": os.getpid()})


def keep(context: Context, *, model_name: str) -> Outcome:
    """Publish a model, read it back, write a table and a result set."""
    folder = context.folder / "model"
    folder.mkdir()
    (folder / "model.txt").write_text("a model")
    reference = context.publish(
        model_name, folder, {"format": 1, "estimator": "trial", "metrics": {}}
    )
    text = (context.model(reference) / "model.txt").read_text()
    table = pa.table({"n": [1, 2, 3]})
    written = context.write("kept", table)
    context.result(context.table("SELECT n + 1 AS m FROM kept ORDER BY n"))
    context.lasting("note.txt").write_text(text)
    gone = context.execute("CREATE TABLE executed AS SELECT 1 AS one")
    assert gone is None
    return Outcome(text, {"written": written}, {"model": reference})


def tell(context: Context, *, rows: Rows | None = None, **given: object) -> Outcome:
    """Say which arguments were given."""
    return Outcome(" ".join(f"{name}={value!r}" for name, value in given.items()))


def learn(context: Context) -> Outcome:
    """Give metrics per round."""
    return Outcome("", {"accuracy": 0.9}, history=({"round": 1, "loss": 0.5}, {"loss": 0.25}))


def warm() -> None:
    """Something to call ahead of need."""


def crawl(context: Context, *, column: str, touch: str, into: str, rows: Rows) -> Outcome:
    """Extend rows, very slowly from the second batch on."""
    seen = 0

    def compute(batch: pa.RecordBatch) -> list[pa.Array]:
        nonlocal seen
        seen += 1
        if seen == 2:
            Path(touch).write_text(f"{os.getpid()} {context.folder}")
            time.sleep(60)
        return [batch.column(0)]

    adds = pa.schema([("copy", pa.int64())])
    count = context.extend(rows.sql, uses=[column], drops=[], adds=adds, compute=compute, into=into)
    return Outcome(rows=count)


def litter(context: Context, *, touch: str) -> Outcome:
    """Start a process of its own, and die."""
    child = subprocess.Popen(["sleep", "60"])
    Path(touch).write_text(str(child.pid))
    os.kill(os.getpid(), signal.SIGKILL)
    return Outcome()


def patience(context: Context, *, until_threads: int) -> Outcome:
    """Wait until this step may use so many threads."""
    while context.threads < until_threads:
        time.sleep(0.01)
    return Outcome("", {"threads": context.threads})


def glance(context: Context, *, rows: Rows) -> Outcome:
    """Read one batch, and keep the rest from being let go."""
    batches = rows.batches()
    _KEPT.append(batches)
    return Outcome("", {"rows": next(batches).num_rows})


_KEPT: list[Iterator[pa.RecordBatch]] = []


def misreport(context: Context) -> Outcome:
    """Give an outcome that is no JSON."""
    return Outcome("", {"odd": object()})  # type: ignore[dict-item]
