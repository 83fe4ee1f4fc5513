from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from sqlml.databases.client import Client
from sqlml.databases.definitions import Definitions, noticed
from sqlml.databases.duckdb import DuckDB

CALL = "SELECT f(1)"


def texts(database: DuckDB, text: str = CALL) -> list[str]:
    return [one.query for one in database.definitions(text)]


def test_a_macro_that_another_session_of_the_process_defines_is_known(tmp_path: Path) -> None:
    one, other = DuckDB.open(tmp_path / "x.duckdb"), DuckDB.open(tmp_path / "x.duckdb")
    assert texts(one) == []
    for body in ("x + 1", "x + 2"):
        other.execute(f"CREATE OR REPLACE MACRO f(x) AS {body}")
        assert texts(one) == [f"({body})"]
    other.execute("DROP MACRO f")
    assert texts(one) == []
    one.close()
    other.close()


def test_a_macro_is_known_to_others_when_it_is_committed() -> None:
    database = DuckDB.open()
    client = Client(database)
    with client.running("BEGIN") as connection:
        connection.execute("BEGIN")
    client.execute("CREATE MACRO f(x) AS x")
    assert (texts(client), texts(database)) == (["x"], [])
    client.execute("END")
    assert texts(database) == ["x"]
    client.close()
    database.close()


def test_what_somebody_else_defines_in_the_same_database_is_known(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(path) as own:  # the user's connection, as in a notebook
        database = DuckDB.open(path)
        assert texts(database) == []
        own.execute("CREATE TYPE mood AS ENUM ('fine')")
        assert [one.name for one in database.definitions("SELECT 'fine'::mood")] == ["mood"]
        database.close()


@pytest.mark.parametrize(
    ("statement", "text", "asked"),
    [
        ("SELECT 1", CALL, 0),
        ("SELECT CASE WHEN true THEN 1 END", CALL, 0),
        ("SELECT 1", "SELECT a FROM t", 0),
        ("CREATE OR REPLACE MACRO g() AS 1", CALL, 2),
        ("CREATE OR REPLACE MACRO g() AS 1", "SELECT a FROM t", 1),
        ("DROP SCHEMA IF EXISTS s CASCADE", CALL, 2),
        ("SELECT 1; end", CALL, 2),
    ],
)
def test_the_database_is_asked_again_only_for_what_may_have_changed(
    statement: str, text: str, asked: int
) -> None:
    queries = []
    with duckdb.connect() as connection:

        @contextmanager
        def asking(query: str) -> Iterator[duckdb.DuckDBPyConnection]:
            queries.append(query)
            yield connection

        definitions = Definitions(shared=False)
        definitions.usable_in(CALL, asking)
        queries.clear()
        with noticed(statement):
            pass
        definitions.usable_in(text, asking)
    assert len(queries) == asked
