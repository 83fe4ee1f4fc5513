"""Databases that cannot be opened, and how that is told."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from sqlml.databases.database import QueryProblem
from sqlml.databases.duckdb import DuckDB
from sqlml.databases.surroundings import refusal
from sqlml.errors import Diagnostic, SqlmlError


def refused(path: Path) -> Diagnostic:
    with pytest.raises(SqlmlError) as raised:
        DuckDB.open(path)
    (diagnostic,) = raised.value.diagnostics
    return diagnostic


def test_a_locked_database_names_the_process_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "d.duckdb"
    hold = f"import duckdb; c = duckdb.connect({str(path)!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        diagnostic = refused(path)
        holder.communicate(b"\n")
    assert diagnostic.code == "E0601"
    assert f"process {holder.pid}" in diagnostic.message
    assert "python" in diagnostic.message
    assert f"kill {holder.pid}" in diagnostic.hint
    DuckDB.open(path).close()


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n" * 1000, os.urandom(20000)])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(content)
    assert refused(path).code == "E0602"
    assert path.read_bytes() == content


def test_a_sqlite_file_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t(a)")
    connection.close()
    diagnostic = refused(path)
    assert diagnostic.code == "E0602"
    assert "SQLite" in diagnostic.message


def test_a_missing_folder_and_a_folder_are_told_apart_from_files(tmp_path: Path) -> None:
    missing = refused(tmp_path / "no" / "d.duckdb")
    assert missing.code == "E0603"
    assert "mkdir" in missing.hint
    assert refused(tmp_path).code == "E0603"
    assert "too long" in refused(tmp_path / ("d" * 300)).message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_where_nobody_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert refused(tmp_path / "d.duckdb").code == "E0604"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ('IO Error: Cannot open file "x": Permission denied', "E0604"),
        ('IO Error: Cannot open file "x": Read-only file system', "E0604"),
        (
            "IO Error: Trying to read a database file with version number 999, but we can only"
            " read versions between 64 and 68.",
            "E0605",
        ),
        ('IO Error: Could not write file "x": No space left on device', "E0606"),
    ],
)
def test_what_the_system_says_becomes_a_code(tmp_path: Path, told: str, code: str) -> None:
    assert refusal(tmp_path / "d.duckdb", told).diagnostics[0].code == code


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1")
    content = bytearray(path.read_bytes())
    content[4200] ^= 0xFF
    content[8300] ^= 0xFF
    path.write_bytes(content)
    assert refused(path).code == "E0609"


def test_a_database_that_this_process_has_open_can_be_used_too(tmp_path: Path) -> None:
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as theirs:
        ours = DuckDB.open(path)
        ours.replace("t", pa.table({"a": [1]}).to_reader())
        with pytest.raises(QueryProblem) as raised:
            ours.table("SELECT b FROM t")
        assert raised.value.offset == 7
        assert theirs.execute("SELECT a FROM t").fetchall() == [(1,)]
        with pytest.raises(duckdb.BinderException, match="LINE 1"):
            theirs.execute("SELECT b FROM t")
        ours.close()
        assert theirs.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_nothing_is_downloaded(tmp_path: Path) -> None:
    database = DuckDB.open(tmp_path / "d.duckdb")
    with pytest.raises(QueryProblem) as raised:
        database.table("SELECT * FROM 's3://bucket/x.parquet'")
    assert "INSTALL httpfs" in raised.value.hint
    database.close()
