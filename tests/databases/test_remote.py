"""Tables of SQLite files as inputs, and what is said of an ATTACH that is wrong."""

import os
import sqlite3
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from sqlml.codegen.programs import Worker, as_programs
from sqlml.databases.remote.address import Address, address
from sqlml.databases.remote.mentions import Names, columns, with_views
from sqlml.databases.remote.server import RemoteProblem
from sqlml.errors import ProgramError, StepError
from sqlml.runtime.alone import Data, run_step
from sqlml.session import Session, connect
from sqlml.source import Source
from sqlml.store.depot import Depot
from sqlml.workflow.ir import Constant, SecretKey

ATTACH = "ATTACH 'sqlite:///notes.db' AS s;"
TRAIN = "SELECT id, score FROM s.notes TO TRAIN xgboost.gbtree LABEL score INTO m;"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    change(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, score REAL, note TEXT, day DATE, done BOOLEAN,"
        " at DATETIME, price DECIMAL(8, 2), raw BLOB, anything)",
        "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 3000)"
        " INSERT INTO notes (id) SELECT i FROM r",
        "INSERT INTO notes VALUES (5000, 0.30000000000000004, 'ü', '2024-02-29', 1,"
        " '2024-02-29 12:30:00', 1.5, x'00ff', 7)",
    )
    return tmp_path


def change(*statements: str) -> None:
    """Change the file, and let its times be older than a moment."""
    connection = sqlite3.connect("notes.db")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    os.utime("notes.db", ns=(time.time_ns() - 10**10,) * 2)


def outcomes(session: Session, program: str) -> list[str]:
    run = session.run(program).run
    return [step.outcome for step in session.store.runs.steps(run)][1:]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_file_is_read_again_when_it_has_changed(here: Path, mode: str) -> None:
    """With and without a log that is written ahead."""
    change(f"PRAGMA journal_mode = {mode}") if mode == "delete" else _write_ahead()
    program = (
        "ATTACH 'sqlite:///notes.db' AS s;"
        "CREATE OR REPLACE TABLE counted AS SELECT count(*) AS n, max(id) AS id FROM s.notes"
    )
    counts = []
    with connect("x.duckdb") as session:

        def run() -> tuple[str, str]:
            (outcome,) = outcomes(session, program)
            (row,) = session.database.table("FROM counted").to_pylist()
            counts.append(row["n"])
            return outcome, session.store.artifacts.all()[-1].key

        first = run()
        assert run() == ("reused", first[1])
        change("UPDATE notes SET note = 'x' WHERE id = 1")
        second = run()
        assert second[0] == "reused"  # in the columns that are read, nothing has changed
        assert second[1] != first[1]
        change("DELETE FROM notes WHERE id = 1")
        assert run()[0] == "succeeded"
        change("DELETE FROM notes WHERE id > 10")
        assert run()[0] == "succeeded"
        assert counts == [3001, 3001, 3001, 3000, 9]


def _write_ahead() -> None:
    connection = sqlite3.connect("notes.db")
    connection.execute("PRAGMA journal_mode = wal")
    connection.close()
    os.utime("notes.db", ns=(time.time_ns() - 10**10,) * 2)


def test_changes_in_a_log_that_somebody_holds_open_are_seen(here: Path) -> None:
    _write_ahead()
    writer = sqlite3.connect("notes.db", isolation_level=None)
    with connect(":memory:") as session:
        session.run("ATTACH 'sqlite:///notes.db' AS s")
        counts = []
        for n in range(4):
            writer.execute(f"UPDATE notes SET score = {n} WHERE id = 1")
            query = "SELECT score FROM s.notes WHERE id = 1"
            counts.append(session.run(query).to_arrow()["score"][0].as_py())
    writer.close()
    assert counts == [0, 1, 2, 3]


def test_values_are_those_of_the_file(here: Path) -> None:
    with connect(":memory:") as session:
        session.run("ATTACH 'sqlite:///notes.db' AS s (TYPE adbc, READ_ONLY)")
        table = session.database.table("SELECT * FROM s.notes WHERE id = 5000")
        types = session.database.table("DESCRIBE s.notes")["column_type"].to_pylist()
    expected = "BIGINT DOUBLE VARCHAR DATE BOOLEAN TIMESTAMP DOUBLE BLOB VARCHAR"
    assert " ".join(types) == expected
    (row,) = table.to_pylist()
    assert (row["score"], row["note"], row["raw"], row["anything"]) == (
        0.1 + 0.2,
        "ü",
        b"\x00\xff",
        "7",
    )
    assert (str(row["day"]), str(row["at"])) == ("2024-02-29", "2024-02-29 12:30:00")
    assert (row["done"], row["price"]) == (True, 1.5)


def test_values_of_another_type_than_declared_are_told(here: Path) -> None:
    change("INSERT INTO notes (id, day) VALUES (6000, 'some day')")
    with connect("x.duckdb") as session:
        session.run("ATTACH 'sqlite:///notes.db' AS s")
        with pytest.raises(StepError) as caught:
            session.run("SELECT day FROM s.notes")
        assert caught.value.diagnostics[0].code == "E1064"
        assert session.store.artifacts.all() == ()
        assert not list((here / "x.duckdb.sqlml").rglob("*.parquet"))
        assert session.run("SELECT count(id) AS n FROM s.notes").to_arrow()["n"][0].as_py() == 3002


def test_a_copy_that_is_damaged_is_read_again(here: Path) -> None:
    program = "ATTACH 'sqlite:///notes.db' AS s; SELECT max(id) AS id FROM s.notes"
    for _ in range(2):
        with connect("x.duckdb") as session:
            assert session.run(program).to_arrow()["id"].to_pylist() == [5000]
            (kept,) = session.store.artifacts.all()
        (file,) = (here / "x.duckdb.sqlml" / name for name in kept.files)
        file.write_bytes(b"x" + file.read_bytes()[1:])


def test_in_a_transaction_what_was_not_read_before_is_refused(here: Path) -> None:
    change("CREATE TABLE other (a INT)", "INSERT INTO other VALUES (1)")
    import sqlml

    with sqlml.connect(":memory:") as connection:
        connection.execute("ATTACH 'sqlite:///notes.db' AS s")
        connection.commit()
        connection.execute("BEGIN")
        assert connection.execute("SELECT max(id) FROM s.notes").fetchone() == (5000,)
        with pytest.raises(sqlml.Error, match="has not been read"):
            connection.execute("SELECT a FROM s.other").fetchall()
        connection.rollback()
        assert connection.execute("SELECT a FROM s.other").fetchall() == [(1,)]
    program = (
        f"{ATTACH} BEGIN; CREATE TABLE one AS SELECT max(id) AS id FROM s.notes;"
        "CREATE TABLE two AS SELECT a, id FROM s.other, one; COMMIT; FROM two"
    )
    with connect(":memory:") as session:  # a program is known as a whole
        assert session.run(program).to_arrow().to_pylist() == [{"a": 1, "id": 5000}]


@pytest.mark.parametrize(
    ("statement", "code", "at"),
    [
        ("ATTACH 'sqlite:///nota.db' AS s", "E1060", "ATTACH"),
        ("ATTACH 'mysql://u@h/d' AS s (TYPE adbc)", "E1061", "mysql"),
        ("ATTACH 'notes.db' AS s (TYPE adbc)", "E1061", "notes.db"),
        ("ATTACH 'sqlite://notes.db' AS s", "E1061", "ATTACH"),
        ("ATTACH 'sqlite:///notes.db' AS s (TYPE adbc, READONLY)", "E1061", "READONLY"),
        ("ATTACH 'postgresql://u:secret@h/d' AS s", "E1062", "postgresql"),
        ("ATTACH 'postgresql://u@h/d?password=secret' AS s (TYPE adbc)", "E1062", "postgresql"),
        ("ATTACH 'postgresql://u@h/d' AS s (TYPE adbc, SECRET none)", "E1068", "ATTACH"),
        (f"{ATTACH} INSERT INTO s.notes (id) VALUES (1)", "E1065", "s.no"),
        (f"{ATTACH} DROP TABLE s.notes", "E1065", "s.notes"),
        (f"{ATTACH} {TRAIN} SELECT id FROM s.notes TO PREDICT s.x.score USING m", "E1065", "s.x"),
        (f"{ATTACH} SELECT * FROM s.note", "E0301", "s.note"),
        (f"{ATTACH} SELECT scor FROM s.notes", "E0302", "scor"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(here: Path, statement: str, code: str, at: str) -> None:
    with connect(":memory:") as session, pytest.raises(ProgramError) as caught:
        session.run(statement)
    (told, *_) = caught.value.diagnostics
    assert told.code == code
    assert told.span is not None
    assert told.span.text.startswith(at)


def test_a_driver_that_is_not_installed_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    with connect(":memory:") as session, pytest.raises(ProgramError) as caught:
        session.run("ATTACH 'sqlite:///notes.db' AS s")
    assert caught.value.diagnostics[0].code == "E1067"
    assert "sqlml[remote]" in caught.value.diagnostics[0].hint


def test_other_databases_are_attached_as_ever() -> None:
    assert address("ATTACH 'x.duckdb' AS x (READ_ONLY)") is None
    assert address("ATTACH 'host=h' AS x (TYPE postgres)") is None
    assert address("-- one\nattach if not exists 'postgresql://h/shop'") == Address(
        "shop", "postgresql://h/shop"
    )
    assert address("ATTACH 'sqlite:///a.db' AS \"A b\" (TYPE 'adbc', SECRET s);") == Address(
        "A b", "sqlite:///a.db", "s"
    )
    with pytest.raises(RemoteProblem):
        address("ATTACH 'postgresql://[h/d' AS x")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT a FROM s.t", "a"),
        ("SELECT count(*) FROM s.t WHERE b > 1", "b"),
        ("SELECT * FROM (SELECT a FROM s.t)", "a"),
        ("SELECT * FROM s.t", "ab"),
        ("SELECT t.* FROM s.t", "ab"),
        ("SELECT a, * EXCLUDE (a) FROM s.t", "ab"),
        ("FROM s.t", "ab"),
        ("SELECT a FROM (FROM s.t)", "ab"),
        ("SELECT COLUMNS('a') FROM s.t", "ab"),
        ("SELECT a * 2 FROM s.t", "a"),
        ("SELECT count(*) FROM s.t NATURAL JOIN u", "ab"),
    ],
)
def test_columns_that_a_text_may_read(text: str, found: str) -> None:
    assert columns(text, ["a", "b"]) == frozenset(found)


def test_names_of_tables_in_a_text() -> None:
    names = Names(["s", "Two Words"])
    text = 'SELECT s.t.a, "two words" . "x y".z FROM s.main.t JOIN xs.t ON s.u.b, "q".s.t'
    assert list(names.in_text(text)) == ["s.t.a", '"two words" . "x y".z', "s.main.t", "s.u.b"]
    assert list(Names(()).in_text(text)) == []
    views = {"v": "SELECT a FROM w", "w": "SELECT b FROM s.t", "z": "SELECT 1"}
    assert with_views("SELECT 1 FROM v", views).count("SELECT") == 3


def test_steps_on_an_engine_attach_for_themselves_and_get_secrets_by_reference(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_SECRET_DESK_PASSWORD", "hush")
    program = (
        "ATTACH 'sqlite:///notes.db' AS s (TYPE adbc, SECRET desk);"
        "CREATE TABLE most AS SELECT max(id) AS id FROM s.notes; SELECT id + 1 AS id FROM most"
    )
    with connect("x.duckdb") as session:
        workflow = session.compile([Source("p.sql", program)]).workflow
    programs = as_programs(workflow, Worker(store=str(here / "depot")))
    for node in programs.nodes:
        assert node.env == {"SQLML_SECRET_DESK_PASSWORD": SecretKey("desk", "password")}
        step = node.inputs["step"]
        assert isinstance(step, Constant)
        assert "hush" not in str(step.value)
        report = run_step(str(step.value), run="r", data=Data(store=str(here / "depot")), threads=1)
        assert report.outcome == "succeeded"
    assert Depot(str(here / "depot")).result("r", programs.nodes[-1].name, here / "result.arrow")
    found = pa.ipc.open_file(str(here / "result.arrow")).read_all()
    assert found.to_pylist() == [{"id": 5001}]
