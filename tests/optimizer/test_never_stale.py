"""Whatever changes between two runs, what is reused is what running everything gives."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sqlml.session import Session
from sqlml.source import Source

MAKE = "CREATE TABLE src AS SELECT i AS a, i % 3 AS b, i / 7.0 AS x FROM range(9) t(i);"

# What there is at first, the program, and what changes before it is run again.
CHANGES = {
    "a row": (MAKE, "SELECT * FROM src", "UPDATE src SET x = 5 WHERE a = 4"),
    "the order of rows": (
        MAKE,
        "SELECT * FROM src LIMIT 3",
        "CREATE OR REPLACE TABLE src AS SELECT * FROM src ORDER BY a DESC",
    ),
    "values change places": (
        MAKE,
        "SELECT a - b AS d FROM src",
        "UPDATE src SET a = b, b = a",
    ),
    "the sign of zero": (
        "CREATE TABLE src AS SELECT 0.0::DOUBLE AS a",
        "SELECT 1 / a AS b FROM src",
        "CREATE OR REPLACE TABLE src AS SELECT -0.0::DOUBLE AS a",
    ),
    "a type": (
        MAKE,
        "SELECT a * 1000000000000 AS big FROM (SELECT a::BIGINT AS a FROM src)",
        "ALTER TABLE src ALTER a TYPE DECIMAL(18, 2)",
    ),
    "a column's name": (MAKE, "SELECT * FROM src", "ALTER TABLE src RENAME x TO y"),
    "inside of a struct": (
        "CREATE TABLE src AS SELECT {'a': [1, NULL], 'b': 'x'} AS s",
        "SELECT s FROM src",
        "UPDATE src SET s = {'a': [NULL, 1], 'b': 'x'}",
    ),
    "the table of a view of a view": (
        MAKE + "CREATE VIEW v AS SELECT a FROM src; CREATE VIEW w AS SELECT sum(a) AS s FROM v",
        "SELECT * FROM w",
        "DELETE FROM src WHERE a = 3",
    ),
    "a view under a view": (
        MAKE + "CREATE VIEW v AS SELECT a FROM src; CREATE VIEW w AS SELECT sum(a) AS s FROM v",
        "SELECT * FROM w",
        "CREATE OR REPLACE VIEW v AS SELECT b AS a FROM src",
    ),
    "a macro": (
        MAKE + "CREATE MACRO twice(n) AS n * 2",
        "SELECT twice(a) AS t FROM src",
        "CREATE OR REPLACE MACRO twice(n) AS n + n + 1",
    ),
    "the table of a macro": (
        MAKE + "CREATE MACRO most() AS (SELECT max(a) FROM src)",
        "SELECT most() AS m",
        "INSERT INTO src VALUES (100, 0, 0)",
    ),
    "the table of a table macro": (
        MAKE + "CREATE MACRO few(n) AS TABLE SELECT * FROM src WHERE a < n",
        "SELECT * FROM few(5)",
        "INSERT INTO src VALUES (-1, 0, 0)",
    ),
    "the table of a macro in a view": (
        MAKE
        + "CREATE MACRO most() AS (SELECT max(a) FROM src); CREATE VIEW v AS SELECT most() AS m",
        "SELECT * FROM v",
        "INSERT INTO src VALUES (100, 0, 0)",
    ),
    "a table that is named by a text": (
        MAKE,
        "SELECT sum(a) AS s FROM query_table('src')",
        "INSERT INTO src VALUES (100, 0, 0)",
    ),
    "the table of a query in a text": (
        MAKE,
        "SELECT * FROM query('SELECT sum(a) AS s FROM src')",
        "INSERT INTO src VALUES (100, 0, 0)",
    ),
    "the catalog": (
        MAKE,
        "SELECT count(*) AS n FROM duckdb_columns() WHERE table_name = 'src'",
        "ALTER TABLE src ADD COLUMN more INTEGER",
    ),
    "the information schema": (
        MAKE,
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'src'",
        "ALTER TABLE src ADD COLUMN more INTEGER",
    ),
    "a table of that name in another schema": (
        MAKE + "CREATE SCHEMA other; CREATE TABLE other.src AS SELECT 1 AS a",
        "SELECT sum(a) AS s FROM other.src",
        "INSERT INTO other.src VALUES (2)",
    ),
    "an enumeration": (
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE src AS SELECT 'glad' AS a",
        "SELECT a::mood < 'sad'::mood AS before FROM src",
        "DROP TYPE mood; CREATE TYPE mood AS ENUM ('glad', 'sad')",
    ),
    "what the step has made": (MAKE, "SELECT * FROM src", "DELETE FROM made"),
    "the order of what the step has made": (
        MAKE,
        "SELECT * FROM src",
        "CREATE OR REPLACE TABLE made AS SELECT * FROM made ORDER BY a DESC",
    ),
}

NEVER_REUSED = (
    "the table of a macro",
    "the table of a table macro",
    "a table that is named by a text",
    "the table of a query in a text",
    "the catalog",
    "the information schema",
)


def program(query: str) -> str:
    return f"CREATE OR REPLACE TABLE made AS {query};"


def run(session: Session, text: str) -> list[str]:
    """What became of each step."""
    done = session.execute(session.compile([Source("p.sql", text)]))
    assert not done.report.diagnostics
    return [step.status for step in done.report.steps.values()]


def made(session: Session) -> Any:
    table = session.database.table("SELECT * FROM made")
    return table.schema, [repr(row) for row in table.to_pylist()]


@pytest.mark.parametrize("what", CHANGES)
def test_nothing_stale_is_reused_after_a_change_of(what: str, tmp_path: Path) -> None:
    before, query, change = CHANGES[what]
    found = {}
    for name, reuse in (("ours", True), ("reference", False)):
        with Session.open(db=str(tmp_path / name), reuse=reuse, threads=1) as session:
            session.database.execute(before)
            run(session, program(query))
            again = run(session, program(query))
            session.database.execute(change)
            run(session, program(query))
            found[name] = made(session)
            if reuse:
                assert again == ["succeeded" if what in NEVER_REUSED else "reused"]
    assert found["ours"] == found["reference"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT random() AS r",
        "SELECT now() AS r",
        "SELECT current_timestamp AS r",
        "SELECT current_date AS r",
        "SELECT today() AS r",
        "SELECT localtime AS r",
        "SELECT get_current_timestamp() AS r",
        "SELECT uuid() AS r",
        "SELECT gen_random_uuid() AS r",
        "SELECT uuidv7() AS r",
        "SELECT nextval('numbers') AS r",
        "SELECT txid_current() AS r",
        "SELECT age(TIMESTAMP '2020-01-01') AS r",
        "SELECT getvariable('v') AS r",
        "SELECT current_setting('threads') AS r",
        "SELECT a FROM src USING SAMPLE 3",
        "SELECT a FROM src TABLESAMPLE reservoir(3)",
        "SELECT a FROM src TABLESAMPLE 40 PERCENT (bernoulli)",
        "SELECT a FROM src ORDER BY random() LIMIT 3",
        "SELECT chance() AS r",
        "SELECT * FROM any_row()",
        "SELECT * FROM chances",
        "SELECT * FROM sqlml_runs",
    ],
)
def test_what_differs_each_time_is_never_reused(query: str) -> None:
    with Session.open(db=":memory:", threads=1) as session:
        session.database.execute(
            MAKE + "CREATE SEQUENCE numbers; SELECT nextval('numbers');"
            "CREATE MACRO chance() AS random();"
            "CREATE MACRO any_row() AS TABLE SELECT a FROM src USING SAMPLE 1;"
            "CREATE VIEW chances AS SELECT chance() AS r FROM src"
        )
        assert [run(session, program(query)) for _ in range(2)] == [["succeeded"]] * 2


def rewrite(path: Path, text: str) -> None:
    """Other text of the same length, at the same time."""
    known = path.stat()
    path.write_text(text)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


def replace(path: Path, text: str) -> None:
    """Another file, of the same length and time."""
    beside = path.with_suffix(".new")
    known = path.stat()
    beside.write_text(text)
    os.utime(beside, ns=(known.st_atime_ns, known.st_mtime_ns))
    beside.replace(path)


@pytest.mark.parametrize("change", [rewrite, replace])
@pytest.mark.parametrize("source", ["'{}/f.csv'", "read_csv('{}/*.csv')", "v", "rows()"], ids=str)
def test_a_file_that_changes_is_read_again(
    source: str, change: Callable[[Path, str], None], tmp_path: Path
) -> None:
    file = tmp_path / "f.csv"
    file.write_text("a\n1\n")
    text = program(f"SELECT * FROM {source.format(tmp_path)}")
    with Session.open(db=str(tmp_path / "x.duckdb"), threads=1) as session:
        session.database.execute(
            f"CREATE VIEW v AS FROM '{file}'; CREATE MACRO rows() AS TABLE FROM '{file}'"
        )
        run(session, text)
        change(file, "a\n2\n")
        run(session, text)
        assert session.database.table("FROM made").to_pylist() == [{"a": 2}]
