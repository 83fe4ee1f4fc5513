"""The corpus and a program of SQL, written for an engine that will run them."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from sqlml.codegen.engine import Options, render
from sqlml.codegen.programs import Worker
from sqlml.session import connect
from sqlml.source import Source
from sqlml.store.depot import Depot

from .corpus import CORPUS

ROOT = Path(__file__).parents[2]
PROGRAM = """
CREATE OR REPLACE TABLE flowers AS SELECT * FROM read_csv('examples/data/iris.csv');
SELECT * FROM flowers TO TRAIN xgboost.gbtree WITH train.num_boost_round = 10 LABEL species INTO m;
SELECT * FROM flowers TO PREDICT answers.guess USING m;
SELECT guess, count(*) AS n FROM answers GROUP BY ALL ORDER BY ALL;
"""


def prepare(
    engine: str,
    files: Path,
    home: Path,
    *,
    settings: dict[str, str],
    suffix: str = "",
    only: Iterable[str] = tuple(CORPUS),
    **data: str,
) -> dict[str, dict[str, str]]:
    """Write everything into `files`; the parameters of each run, by name.

    suffix: of the names. only: these of the corpus. data: where the program's steps find theirs,
    as a Worker's `db` or `store`.
    """
    conf: dict[str, dict[str, str]] = {f"iris{suffix}": {}}
    for name in only:
        sample = CORPUS[name]
        own = f"{name}{suffix}"
        options = Options(name=own if suffix else "", settings=settings)
        _write(files, render(sample.workflow, engine, options))
        folder = home / own
        folder.mkdir()
        has_folder = "folder" in sample.workflow.parameters
        conf[own] = {"folder": str(folder)} if has_folder else {}
    with connect(home / "x.duckdb") as session:
        workflow = session.compile([Source("iris.sql", PROGRAM)]).workflow
    command = (sys.executable, "-m", "sqlml", "step")
    worker = Worker(command=command, folder=str(ROOT), **data)
    options = Options(name=f"iris{suffix}" if suffix else "", worker=worker, settings=settings)
    _write(files, render(workflow, engine, options))
    return conf


def _write(folder: Path, files: Any) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def gives_what_it_gives_here(store: str, scratch: Path) -> bool:
    """Whether the program's last table, in an artifact store, is what a run here gives."""
    runs = list((Path(Depot(store).url) / "runs").iterdir())
    (path,) = (file for run in runs for file in run.glob("query-2.arrow"))
    with connect(scratch / "here.duckdb") as session:
        *_, here = session.run(PROGRAM, name="iris.sql")
    return bool(pa.ipc.open_file(str(path)).read_all().equals(here.to_arrow()))
