"""Tables that are created together: all of them, or none."""

from pathlib import Path

import duckdb
import pytest

from sqlml.databases.database import QueryProblem
from sqlml.databases.duckdb import DuckDB


@pytest.fixture
def database():
    database = DuckDB.open()
    database.execute("CREATE TABLE old AS SELECT 1 AS a")
    yield database
    database.close()


def rows(database, sql):
    return database.table(sql).to_pylist()


def test_tables_are_created_and_replaced_by_queries(database):
    counts = database.create(
        {"old": "SELECT a + 1 AS a FROM old", '"new one"': "FROM range(3) r(i)"}
    )
    assert counts == {"old": 1, '"new one"': 3}
    assert rows(database, "FROM old") == [{"a": 2}]


@pytest.mark.parametrize("single", [False, True])
def test_where_one_fails_none_is_changed(database, single):
    database.single_connection = single
    with pytest.raises(QueryProblem, match="no"):
        database.create({"old": "SELECT 2 AS a", "new": "SELECT error('no') AS a"})
    assert rows(database, "FROM old") == [{"a": 1}]
    assert rows(database, "SELECT count(*) AS n FROM duckdb_tables()") == [{"n": 1}]


@pytest.mark.parametrize("in_transaction", [False, True])
def test_they_may_come_from_another_file(database, tmp_path: Path, in_transaction):
    file = tmp_path / "it's.duckdb"
    with duckdb.connect(file) as other:
        other.execute("CREATE TABLE t AS SELECT 170141183460469231731687303715884105727 AS big")
    if in_transaction:
        database.single_connection = True
        database.execute("BEGIN")
    database.create({"old": 'FROM "the other".main.t'}, {"the other": file})
    if in_transaction:
        database.execute("COMMIT")
    assert rows(database, "SELECT typeof(big) AS t FROM old") == [{"t": "HUGEINT"}]
    duckdb.connect(file).close()  # nothing has it open any more
