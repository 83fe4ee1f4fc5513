"""A disk that is full: a clear error, and what was there stands."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import resource
from sqlml.errors import SqlmlError
from sqlml.session import Session
with Session.open(db="x.duckdb", threads=1) as session:
    session.run("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
unlimited = resource.RLIM_INFINITY
resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, unlimited))  # no file may get larger
with Session.open(db="x.duckdb", threads=1) as session:
    for statement in (
        "CREATE OR REPLACE TABLE t AS SELECT hash(range) AS a FROM range(1000000)",
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
"""


def test_tables_stand_when_the_disk_is_full(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "E0606",
        "E0606",
        "dict_values([1000, Decimal('499500')])",
        "dict_values([1001000])",
    ], done.stderr
