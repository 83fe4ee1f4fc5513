"""What psql shows of a database is what it shows of PostgreSQL with the same tables."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from glob import glob
from pathlib import Path

import pytest

from sqlml.connectors.postgres.catalog import rewritten
from tests.connectors.serving import address, serving

TABLES = """
CREATE TABLE t (a INTEGER PRIMARY KEY, b VARCHAR NOT NULL, c DECIMAL(9,2) DEFAULT 0,
  d INTEGER UNIQUE, e TIMESTAMP, f INTEGER[], g DOUBLE PRECISION, h BOOLEAN, i BIGINT,
  CHECK (d > 0));
CREATE TABLE u (a INTEGER REFERENCES t (a), z DATE);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE INDEX t_b ON t (b);
"""
ASKED = ["\\d", "\\d t", "\\d u", "\\dt", "\\dt t", "\\dv", "\\di", "\\dn", "\\d v", "\\dt main.*"]


@pytest.fixture(scope="module")
def original() -> Iterator[str]:
    """The address of a PostgreSQL 15 of our own, without network."""
    found = sorted(glob("/usr/lib/postgresql/15/bin"))
    if not found:
        pytest.skip("PostgreSQL 15 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="sqlml-pg-"))
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_other:
        shutil.chown(folder, "postgres")
    data, options = str(folder / "data"), f"-k {folder} -c listen_addresses=''"
    run = [*as_other, f"{found[-1]}/pg_ctl", "-D", data, "-w", "-l", str(folder / "log")]
    made = [*as_other, f"{found[-1]}/initdb", "-D", data, "-A", "trust", "-U", "sqlml", "-N"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    subprocess.run(
        [*run, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder
    )
    try:
        place = f"host={folder} user=sqlml dbname=postgres"
        psql(place, "ALTER SCHEMA public RENAME TO main; ALTER SCHEMA main OWNER TO sqlml")
        psql(place, "ALTER ROLE sqlml SET search_path TO main")
        psql(place, TABLES)
        yield place
    finally:
        subprocess.run(
            [*run, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder
        )
        shutil.rmtree(folder)


def psql(place: str, command: str) -> str:
    call = ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", place, "-c", command]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == "", (command, done.stderr)
    return done.stdout


def test_psql_shows_what_it_shows_of_postgresql(original: str, tmp_path: Path) -> None:
    with serving(tmp_path / "same.duckdb") as port:
        psql(address(port), TABLES)
        for asked in ASKED:
            assert psql(address(port), asked) == psql(original, asked), asked


def test_strings_stay_as_they_are() -> None:
    assert rewritten("SELECT 'a pg_class of its own' FROM pg_class") == (
        "SELECT 'a pg_class of its own' FROM sqlml_pg.main.pg_class"
    )
    assert rewritten("SELECT 'pg_catalog.pg_class'") == "SELECT 'pg_catalog.pg_class'"
