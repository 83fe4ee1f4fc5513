"""A disk that is full: a clear error, and what was there stands."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sqlml.errors import SqlmlError
from sqlml.session import Session

PROGRAM = """
import resource
from sqlml.errors import SqlmlError
from sqlml.session import Session
with Session.open(db="x.duckdb", threads=1) as session:
    session.run("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
    session.run(
        "CREATE TABLE noise AS SELECT hash(i, 1) / 1e18 AS a, hash(i, 2) / 1e18 AS b,"
        " hash(i, 3) % 2 AS y FROM range(9000) AS r(i)"
    )
train = (
    "FROM noise TO TRAIN xgboost.gbtree WITH max_depth = 16, min_child_weight = 0,"
    " train.num_boost_round = 70 LABEL y INTO m"
)
unlimited = resource.RLIM_INFINITY
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, unlimited))  # no file may get larger
with Session.open(db="x.duckdb", threads=1) as session:
    for statement in (
        "CREATE OR REPLACE TABLE t AS SELECT hash(range) AS a FROM range(1000000)",
        train,
        "INSERT INTO t SELECT hash(range) // 2 FROM range(1000000)",
    ):
        try:
            session.run(statement)
        except SqlmlError as error:
            print(error.diagnostics[0].code)
resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
with Session.open(db="x.duckdb", threads=1) as session:
    print(session.database.table("SELECT count(*), sum(a) FROM t").to_pylist()[0].values())
    session.run(statement)
    print(session.database.table("SELECT count(*) FROM t").to_pylist()[0].values())
    print(session.store.models.names())
    session.run(train)
    print(session.store.models.find("m").reference)
"""


def test_tables_and_models_stand_when_the_disk_is_full(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "E0606",
        "E0622",
        "E0606",
        "dict_values([1000, Decimal('499500')])",
        "dict_values([1001000])",
        "()",
        "m@1",
    ], done.stderr


STATEMENTS = """
from sqlml.session import Session
program = ";".join(f"CREATE TABLE t{i} AS SELECT {i} AS a" for i in range(30)) + ";FROM t29"
"""
RECORDS = f"""{STATEMENTS}
import resource
from pathlib import Path
from sqlml.errors import SqlmlError
with Session.open(db="x.duckdb", threads=1) as session:
    session.run("SELECT 1")
    log = Path("x.duckdb.sqlml", "store.sqlite-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (log + 70_000, resource.RLIM_INFINITY))
    try:
        session.run(program)
    except SqlmlError as error:
        print(error.diagnostics[0].code)
        assert "--resume " + session.store.runs.names()[-1] in str(error)
"""
HERE = f"""{RECORDS}
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    run = session.store.runs.names()[-1]
    results = session.run(program, resume=run)
    steps = session.store.runs.steps(results.run)
    print(results.to_arrow().to_pydict(), {{step.outcome for step in steps}} > {{"reused"}})
    print(session.database.receipts.found(), session.store.drivers.living())
"""
GOES_ON = f"""{STATEMENTS}
with Session.open(db="x.duckdb", threads=1) as session:
    run = session.store.runs.names()[-1]
    print(any(step.outcome == "succeeded" for step in session.store.runs.steps(run)))
    results = session.run(program, resume=run)
    steps = session.store.runs.steps(results.run)
    print(results.to_arrow().to_pydict(), sorted({{step.outcome for step in steps}}), len(steps))
"""


def test_a_run_ends_that_can_no_longer_be_recorded_and_is_gone_on_from(tmp_path: Path) -> None:
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        for code in (RECORDS, GOES_ON)
    )
    # SQLite takes a limit of a file's size for an error of the device
    assert first.stdout.split() in (["E0510"], ["E0606"]), first.stderr
    assert second.stdout.splitlines() == [
        "True", "{'a': [29]} ['reused', 'succeeded'] 31",
    ], second.stderr  # fmt: skip


def test_a_process_that_lives_on_goes_on_from_it_as_well(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HERE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[1:] == [
        "{'a': [29]} True", "{} frozenset()",
    ], done.stderr  # fmt: skip


NEW = """
import resource
from sqlml.errors import SqlmlError
from sqlml.session import Session
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY))
try:
    Session.open(db="x.duckdb")
except SqlmlError as error:
    print(error.diagnostics[0].code)
"""


def test_a_database_that_there_is_no_room_for_is_not_begun(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NEW], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["E0606"], done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_database_is_closed_where_the_store_cannot_be_tidied(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    session = Session.open(db=str(path))
    with sqlite3.connect(session.store.folder / "store.sqlite") as store:
        store.execute("DROP TABLE reuse")
    store.close()
    with pytest.raises((SqlmlError, sqlite3.Error)):
        session.close()
    duckdb.connect(path, config={"threads": 1}).close()  # refused while it is open otherwise
