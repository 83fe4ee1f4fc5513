"""What is dropped without being closed ends when the garbage collector runs: at any moment."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

import sqlml
from sqlml.databases.duckdb import DuckDB
from sqlml.session import Session


@pytest.fixture
def rarely() -> Iterator[None]:
    """The collector runs only when it is called."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.timeout(30)
@pytest.mark.usefixtures("rarely")
def test_a_dropped_connection_ends_while_another_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_session = Session.open

    def collecting(*given: Any) -> Session:
        assert gc.collect() > 0
        return open_session(*given)

    cycle: list[object] = [sqlml.connect(tmp_path / "dropped.duckdb")]
    cycle.append(cycle)
    del cycle
    monkeypatch.setattr(Session, "open", collecting)
    with sqlml.connect(tmp_path / "other.duckdb") as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    connection.close()


class Collecting(WeakKeyDictionary[Any, Any]):
    def __setitem__(self, key: Any, value: Any) -> None:
        gc.collect()
        super().__setitem__(key, value)


@pytest.mark.timeout(30)
@pytest.mark.usefixtures("rarely")
def test_a_dropped_stream_ends_while_a_statement_begins(tmp_path: Path) -> None:
    database = DuckDB.open(tmp_path / "d.duckdb")
    cycle: list[object] = [database.rows("FROM range(1000000)", 1000)]
    cycle.append(cycle)
    assert database._connections.users == 1
    del cycle
    database._connections._running = Collecting(database._connections._running)
    assert database.table("SELECT 1 AS a").to_pydict() == {"a": [1]}
    assert database._connections.users == 0
    database.close()
