"""The store as a whole: where it is, when it cannot be used, what importing it costs."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sqlml.errors import Diagnostic, SqlmlError
from sqlml.store.ledger import Ledger
from sqlml.store.schema import MIGRATIONS
from sqlml.store.store import Store


def refused(path: Path) -> Diagnostic:
    with pytest.raises(SqlmlError) as raised:
        Store.open(path)
    return raised.value.diagnostics[0]


def test_what_is_stored_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "a" / "d.sqlml")
    run = store.runs.start("iris.sql")
    store.close()
    again = Store.open(tmp_path / "a" / "d.sqlml")
    assert again.runs.names() == (run,)
    again.close()


def test_a_temporary_store_is_gone_when_closed() -> None:
    store = Store.open(None)
    store.runs.start("x")
    assert store.folder.is_dir()
    store.close()
    assert not store.folder.exists()


def test_a_store_of_a_newer_sqlml_is_refused(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    diagnostic = refused(tmp_path)
    assert diagnostic.code == "E0506"
    assert "newer sqlml" in diagnostic.message


def test_a_damaged_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"no database at all" * 100)
    assert refused(tmp_path).code == "E0507"


def test_a_store_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file" / "d.sqlml").code == "E0510"
    (tmp_path / "store.sqlite").mkdir()
    assert refused(tmp_path).code == "E0510"


def test_a_store_that_is_kept_busy_is_told(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    ledger = Ledger(tmp_path / "store.sqlite", busy_seconds=0.1)
    other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(SqlmlError) as raised:
        ledger.write("DELETE FROM reuse")
    assert raised.value.diagnostics[0].code == "E0509"
    other.execute("ROLLBACK")
    other.close()
    ledger.write("DELETE FROM reuse")
    ledger.close()


def test_two_can_have_it_open(tmp_path: Path) -> None:
    one, other = Store.open(tmp_path), Store.open(tmp_path)
    run = one.runs.start("x")
    assert other.runs.names() == (run,)
    one.close()
    other.close()


def test_importing_and_opening_it_loads_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; from sqlml.store.store import Store; Store.open(sys.argv[1]).close();"
        "print(*{'pyarrow', 'numpy', 'duckdb', 'pandas'} & set(sys.modules))"
    )
    out = subprocess.check_output([sys.executable, "-c", program, str(tmp_path)], text=True)
    assert out.strip() == ""


def test_a_transaction_that_cannot_be_ended_leaves_none_open(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "store.sqlite")
    ledger.write("CREATE TABLE a (x INTEGER PRIMARY KEY)")
    ledger.write("CREATE TABLE b (x INTEGER REFERENCES a DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError):  # it is found when all is to be written
        ledger.write("INSERT INTO b VALUES (1)")
    assert not ledger.in_transaction
    ledger.write("INSERT INTO a VALUES (1)")
    ledger.close()
    again = Ledger(tmp_path / "store.sqlite")
    assert again.rows("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)") == [(1, 0)]
    again.close()
