"""sql-and-python, written by sqlml. Run it with the path of a DuckDB file."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn import metrics
from sklearn.tree import DecisionTreeRegressor

con = duckdb.connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:")


class TimeIsOver(BaseException):
    """The whole script has taken too long."""


MISTAKES = (  # which only a person can mend
    r"request (entity )?(is )?too large|etcdserver: request is too large|"
    r"\b(http|status|error|code)\D{0,10}413\b",
    r"manifest unknown|manifest for \S+ not found|repository does not exist|"
    r"pull access denied|InvalidImageName|unauthorized: authentication required",
    r"exec format error|exit code 12[67]\b|executable file not found",
    r"\b(http|status|error|code)\D{0,10}(400|401|403|404|405|422)\b|is forbidden: |"
    r"AccessDenied|invalid credentials",
)


class Attempt:
    """One attempt. It may fail in what a pattern matches, and then another follows, unless it is
    a mistake."""

    def __init__(self, patterns):
        self.patterns, self.has_failed = patterns, False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        said = f"{kind.__name__}: {error}" if kind else ""
        if issubclass(kind or object, (Exception, SystemExit)):
            is_mistake = any(re.search(pattern, said, re.IGNORECASE) for pattern in MISTAKES)
            is_known = any(re.search(pattern, said) for pattern in self.patterns)
            self.has_failed = is_known and not is_mistake
        return self.has_failed


def attempts(limit, seconds=1, factor=2, longest=None, errors=("",)):
    """Attempts until one succeeds. limit: of those after the first. seconds: between them, more
    each time. errors: what an error says after which there is another, as regular expressions."""
    for number in range(limit + 1):
        attempt = Attempt(errors if number < limit else ())
        yield attempt
        if not attempt.has_failed:
            return
        wait = seconds * factor**number
        time.sleep(wait if longest is None else min(wait, longest))


@contextmanager
def at_most(seconds):
    """Stop what is done here when it takes longer. It needs Unix and the main thread."""

    def stop(_signal, _frame):
        raise TimeoutError(f"it takes longer than {seconds} s")

    left, _ = signal.getitimer(signal.ITIMER_REAL)
    if 0 < left <= seconds:  # a limit around this one comes sooner
        yield
        return
    began, before = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        left = max(left - (time.monotonic() - began), 0.001) if left else 0
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left)


def end_after(seconds):
    """Stop the script when it takes longer; steps on exit still run. It needs Unix."""

    def stop(_signal, _frame):
        raise TimeIsOver(f"it takes longer than {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def script(interpreter, source, words=(), **others):
    """Run a text with its interpreter; the rest is as for `program`."""
    with tempfile.TemporaryDirectory(prefix="script-") as place:
        file = Path(place, "script")
        file.write_text(source, "utf-8")
        return program([*interpreter, str(file), *words], **others)


def program(command, folder="", env=None, finds=None, leaves=None, keeps=None):
    """Run a program in a folder of its own; what it prints, or all that it leaves, by name.

    finds: files by the paths where it looks for them. leaves: where the values are that it leaves,
    each a file's path, or empty for what it prints. keeps: likewise files, which are kept.
    """
    with tempfile.TemporaryDirectory(prefix="step-") as place:
        work = Path(place, folder)
        work.mkdir(parents=True, exist_ok=True)
        for path, source in (finds or {}).items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            copy_file(source, work / path)
        for path in [*(leaves or {}).values(), *(keeps or {}).values()]:
            (work / path).parent.mkdir(parents=True, exist_ok=True)
        imports = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), os.getcwd()]))
        printed = output_of(command, cwd=work, env={"PYTHONPATH": imports, **(env or {})})
        return left_behind(printed, leaves, keeps, lambda path: work / path)


def container(image, command, words=(), source=None, flags=(), env=None, finds=None, **left):
    """Run an image with Podman or Docker. source: a text that lies at /tmp/script there. flags: of
    its engine. The rest is as for `program`."""
    engine = shutil.which("podman") or shutil.which("docker")
    if engine is None:
        sys.exit(f"{image} is run by Podman or Docker, and neither is here")
    with tempfile.TemporaryDirectory(prefix="container-") as place:
        finds = dict(finds or {})
        if source is not None:
            finds["/tmp/script"] = Path(place, "script")
            finds["/tmp/script"].write_text(source, "utf-8")
        flags = [*flags, *(word for name in env or () for word in ("--env", name))]
        for path, file in finds.items():
            flags += ["--volume", f"{Path(file).absolute()}:{path}:ro"]
        entry = ["--entrypoint", command[0]] if command else []
        name = Path(place).name
        run = [engine, "run", "--name", name, *flags, *entry, image, *command[1:], *words]
        try:
            printed = output_of(run, env=env or {})
            return left_behind(
                printed, left.get("leaves"), left.get("keeps"), lambda path: taken(engine, name, path)
            )
        finally:
            subprocess.run([engine, "rm", "--force", name], capture_output=True, check=False)


def taken(engine, name, path):
    """A copy of a file of a container."""
    target = Path(tempfile.mkdtemp(), Path(path).name)
    output_of([engine, "cp", f"{name}:{path}", str(target)])
    return target


def output_of(command, env=None, **others):
    """What a command prints; what it complains of is shown, and told if it fails."""
    done = subprocess.run(
        command, env={**os.environ, **(env or {})}, capture_output=True, encoding="utf-8",
        check=False, **others,
    )  # fmt: skip
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise ChildProcessError(f"{done.stderr[-4000:]}\nexit code {done.returncode}")
    return done.stdout


def left_behind(printed, leaves, keeps, find):
    """What a program has printed or, where names are given, all that it leaves by them."""
    if leaves is None and keeps is None:
        return printed.removesuffix("\n").removesuffix("\r")
    found = {}
    for name, path in (leaves or {}).items():
        told = find(path).read_text("utf-8") if path else printed
        found[name] = told.removesuffix("\n").removesuffix("\r")
    for name, path in (keeps or {}).items():
        found[name] = str(Path(tempfile.mkdtemp(prefix="kept-"), Path(path).name))
        copy_file(find(path), found[name])
    return found


def copy_file(source, target):
    """Copy a file or a folder."""
    if Path(source).is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def fetch(query):
    return con.sql(query).to_arrow_table()


def column(rows, name):
    """A column by its name, in any case."""
    spelt = {one.lower(): one for one in rows.column_names}
    if name.lower() not in spelt:
        sys.exit(f"there is no column {name} among {', '.join(rows.column_names)}")
    return rows[spelt[name.lower()]].combine_chunks()


def number(rows, name):
    """A column as numbers, NaN where it has none."""
    return column(rows, name).cast(pa.float64()).to_numpy(zero_copy_only=False)


@dataclass
class Label:
    """A label. classes: its values in order, or None where it is an amount."""

    name: str
    type: pa.DataType
    classes: pa.Array | None = None

    @property
    def average(self):
        """How metrics of one class are made one of all."""
        return "binary" if len(self.classes) == 2 else "macro"

    def encode(self, rows, name=""):
        """The label as numbers: the places of its classes, or the amounts themselves."""
        values = label_values(rows, name or self.name)
        if self.classes is None:
            return values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        places = pc.index_in(values.cast(self.type), value_set=self.classes)
        return places.to_numpy(zero_copy_only=False)

    def decode(self, predicted):
        """Predictions in the label's own words, or as its kind of number."""
        if self.classes is not None:
            return self.classes.take(pa.array(predicted.astype("int64")))
        return pa.array(predicted).cast(self.type if self.type == pa.float32() else pa.float64())


def label_values(rows, name):
    values = column(rows, name)
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    if values.null_count:
        sys.exit(f"the label {name} is missing in {values.null_count} rows")
    return values


def amounts(rows, name):
    """A label whose values are amounts."""
    return Label(name, column(rows, name).type)


def tell(measured):
    for name, value in measured.items():
        print(f"{name}: {value}")


def as_list(one: float, other: float) -> list[float]:
    return [one, other]


def best(scores: list[float]) -> int:
    return max(range(len(scores)), key=lambda number: scores[number]) + 1


end_after(3600)

# query, line 17
con.execute("CREATE OR REPLACE TABLE points AS SELECT range AS x, range % 7 AS y FROM range(200)")

# train, line 22
rows = fetch("SELECT * FROM points")
tree_1_label = amounts(rows, "y")


def tree_1_features(rows):
    return np.column_stack([
        number(rows, "x"),
    ]).astype("float64")


matrix = tree_1_features(rows)
label = tree_1_label.encode(rows)
tree_1 = DecisionTreeRegressor(max_depth=1, random_state=0)
tree_1.fit(matrix, label)

# evaluate, line 29
rows = fetch("SELECT * FROM points")
matrix = tree_1_features(rows)
truth = tree_1_label.encode(rows)
predicted = tree_1.predict(matrix)
measured = {
    "loss": metrics.mean_squared_error(truth, predicted),
    "r2": metrics.r2_score(truth, predicted),
    "root_mean_squared_error": metrics.root_mean_squared_error(truth, predicted),
    "mean_absolute_error": metrics.mean_absolute_error(truth, predicted),
}
tell(measured)
evaluate = measured

# train-2, line 22
rows = fetch("SELECT * FROM points")
tree_6_label = amounts(rows, "y")


def tree_6_features(rows):
    return np.column_stack([
        number(rows, "x"),
    ]).astype("float64")


matrix = tree_6_features(rows)
label = tree_6_label.encode(rows)
tree_6 = DecisionTreeRegressor(max_depth=6, random_state=0)
tree_6.fit(matrix, label)

# evaluate-2, line 29
rows = fetch("SELECT * FROM points")
matrix = tree_6_features(rows)
truth = tree_6_label.encode(rows)
predicted = tree_6.predict(matrix)
measured = {
    "loss": metrics.mean_squared_error(truth, predicted),
    "r2": metrics.r2_score(truth, predicted),
    "root_mean_squared_error": metrics.root_mean_squared_error(truth, predicted),
    "mean_absolute_error": metrics.mean_absolute_error(truth, predicted),
}
tell(measured)
evaluate_2 = measured

# as-list, line 30
as_list_result = as_list(evaluate["r2"], evaluate_2["r2"])

# best, line 30
for attempt in attempts(2):
    with attempt, at_most(60):
        best_result = best(as_list_result)

# script, line 31
script_result = script(["sh"], "echo tree number $1", [str(best_result)])

# container, line 32
container_result = container("busybox", ["echo"], ["done after", script_result])
print("container:", container_result)

# query-2, line 32
con.execute("DROP TABLE points")

con.close()
