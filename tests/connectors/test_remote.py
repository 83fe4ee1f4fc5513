"""Tables of a PostgreSQL server as inputs: read once while they do not change, and read right."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from sqlml.databases.remote.server import RemoteProblem
from sqlml.errors import ProgramError, SqlmlError, StepError
from sqlml.session import Session, connect
from tests.connectors.postgresql import postgresql

TYPES = {
    "boolean": ["true", "false"],
    "smallint": ["-32768", "7"],
    "integer": ["1", "-2147483648"],
    "bigint": ["9007199254740993", "-1"],
    "real": ["1.5", "-0.0"],
    "double precision": ["0.1", "-1e300"],
    "numeric(12, 3)": ["12.500", "-999999999.999"],
    "numeric(38, 10)": ["1234567890123456789012345678.0123456789", "0"],
    "text": ["'täxt'", "''"],
    "varchar(10)": ["'a,\"b'", "'NULL'"],
    "char(4)": ["'ab'", "''"],
    "bytea": [r"'\x00ff'", r"'\x'"],
    "date": ["'2024-02-29'", "'1066-10-14'"],
    "time": ["'12:34:56.5'", "'00:00'"],
    "timestamp": ["'2024-02-29 12:34:56.789012'", "'1900-01-01'"],
    "timestamptz": ["'2024-02-29 12:34:56+02'", "'1900-01-01 00:00+00'"],
    "interval": ["'3 days 04:05:06.000007'", "'-1 hour'"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "NULL"],
    "integer[]": ["'{1,NULL,3}'", "'{}'"],
    "integer[][]": ["'{{1,2},{3,4}}'", "'{}'"],
    "text[]": ["'{a,\"b,c\",NULL}'", "'{\"\"}'"],
    "numeric(8, 2)[]": ["'{1.25,NULL}'", "NULL"],
    "double precision[]": ["'{0.1,Infinity}'", "NULL"],
    "mood": ["'sad'", "'happy'"],
}


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgresql("-c log_statement=all -c max_connections=20") as folder:
        access = folder / "data" / "pg_hba.conf"
        access.write_text("local all eve scram-sha-256\n" + access.read_text())
        with asked(folder) as ask:
            ask("SELECT pg_reload_conf()")
            ask("CREATE ROLE eve LOGIN PASSWORD 'apple'; GRANT pg_read_all_data TO eve")
            ask("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE beside (a int)")
            ask("CREATE TABLE orders (id int PRIMARY KEY, price numeric(10, 2), note text)")
            ask("INSERT INTO orders SELECT i, i / 4.0, 'n' || i FROM generate_series(1, 500) i")
        yield folder


class asked:  # noqa: N801 - it reads as a verb
    """A connection of psycopg: `ask(sql)` gives rows, if there are any."""

    def __init__(self, folder: Path) -> None:
        self._connection = psycopg.connect(f"host={folder} user=sqlml dbname=postgres")
        self._connection.autocommit = True

    def __enter__(self) -> Any:
        return self._ask

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def attach(server: Path, user: str = "sqlml", options: str = "") -> str:
    address = f"postgresql://{user}@/postgres?host={server}"
    return f"ATTACH '{address}' AS shop (TYPE adbc{options});\n"


def reads(server: Path, table: str = "orders") -> int:
    """How often the rows of a table have been asked for, as the server's log tells."""
    return len(re.findall(rf'COPY \(SELECT "\w.* FROM "public"."{table}"\)', log(server)))


def log(server: Path) -> str:
    return (server / "log").read_text()


def outcomes(session: Session, program: str) -> list[str]:
    run = session.run(program).run
    return [step.outcome for step in session.store.runs.steps(run)][1:]


def remarks(session: Session, program: str) -> str:
    from sqlml.source import Source

    told = session.forecast(session.compile([Source("p.sql", program)]))
    return " ".join(f"{name} {words}" for name, words in told.inputs.items())


def test_a_table_is_read_once_while_it_does_not_change(server: Path, tmp_path: Path) -> None:
    program = attach(server) + (
        "CREATE OR REPLACE TABLE dear AS SELECT id, price FROM shop.public.orders WHERE price > 50;"
        "CREATE OR REPLACE TABLE total AS SELECT sum(price) AS s, count(*) AS n FROM shop.orders;"
        "CREATE OR REPLACE VIEW seen AS SELECT id FROM shop.public.orders;"
        "CREATE OR REPLACE TABLE ids AS SELECT max(id) AS id FROM seen"
    )
    ran, reused = ["succeeded"] * 4, ["reused"] * 4
    with asked(server) as ask:

        def run(change: str = "") -> list[str]:
            """In a process' session of its own, after a change."""
            if change:
                ask(change)
            with connect(tmp_path / "x.duckdb") as session:
                found = outcomes(session, program)
                for mine, theirs in (("FROM dear ORDER BY id", "price > 50"), ("FROM ids", "")):
                    there = ask(f"SELECT id, price FROM orders WHERE {theirs or 'true'} ORDER BY 1")
                    here = session.database.table(mine).to_pylist()
                    if theirs:
                        assert [(row["id"], row["price"]) for row in here] == there
                    else:
                        assert here[0]["id"] == (max(there)[0] if there else None)
                return found

        with connect(tmp_path / "x.duckdb") as session:
            assert "shop.public.orders is not here yet" in remarks(session, program)
        assert (run(), reads(server)) == (ran, 1)
        assert 'COPY (SELECT "id" AS "id", "price"::text AS "price" FROM' in log(server)
        with connect(tmp_path / "x.duckdb") as session:
            assert "has not changed since" in remarks(session, program)
        ask("INSERT INTO beside VALUES (1)")
        ask("BEGIN; DELETE FROM orders; ROLLBACK")
        assert (run("VACUUM orders"), reads(server)) == (reused, 1)
        ask("UPDATE orders SET price = 99 WHERE id = 7")
        with connect(tmp_path / "x.duckdb") as session:
            assert "has changed since" in remarks(session, program)
            assert reads(server) == 1
        assert (run()[:2], reads(server)) == (ran[:2], 2)
        # Other row versions with the same rows: they are read, and nothing is done with them again.
        assert (run("UPDATE orders SET price = price"), reads(server)) == (reused, 3)
        for n, change in enumerate(
            (
                "INSERT INTO orders VALUES (501, 60, 'new')",
                "DELETE FROM orders WHERE id = 1",
                "TRUNCATE orders",
            )
        ):
            assert "succeeded" in run(change)
            assert reads(server) == 4 + n
        kept = [one.step for one in connect_and_list(tmp_path / "x.duckdb")]
        assert kept == ["shop.public.orders"]  # what is out of date has gone
        ask("INSERT INTO orders SELECT i, i / 4.0, 'n' || i FROM generate_series(1, 500) i")


def connect_and_list(path: Path) -> tuple[Any, ...]:
    with connect(path) as session:
        return session.store.artifacts.all()


def test_what_two_transactions_do_at_once_is_never_missed(server: Path) -> None:
    """One that has written, and is not seen yet, when the table is read."""
    writer = psycopg.connect(f"host={server} user=sqlml dbname=postgres")
    program = "SELECT count(*) AS n FROM shop.public.orders"
    with writer, connect(":memory:") as session:
        writer.execute("INSERT INTO orders VALUES (1000, 1, 'x')")
        counts = [session.run(attach(server) + program).to_arrow()["n"][0].as_py()]
        writer.commit()
        counts.append(session.run(program).to_arrow()["n"][0].as_py())
        writer.execute("DELETE FROM orders WHERE id = 1000")
        writer.commit()
        counts.append(session.run(program).to_arrow()["n"][0].as_py())
    assert counts == [500, 501, 500]


def test_views_enums_and_what_may_show_anything_are_compared_by_their_rows(server: Path) -> None:
    with asked(server) as ask, connect(":memory:") as session:
        ask("CREATE TABLE feelings (m mood); INSERT INTO feelings VALUES ('sad')")
        ask("CREATE VIEW cheap AS SELECT id FROM orders WHERE price < 2")
        session.run(attach(server))

        def shown(table: str) -> list[Any]:
            return session.run(f"SELECT * FROM shop.{table}").to_arrow().column(0).to_pylist()

        assert shown("feelings") == shown("feelings") == ["sad"]
        ask("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")  # no row is touched
        assert shown("feelings") == ["blue"]
        ask("ALTER TYPE mood RENAME VALUE 'blue' TO 'sad'")
        before = shown("cheap")
        ask("UPDATE orders SET note = 'y' WHERE id = 3")
        assert (shown("cheap"), reads(server, "cheap")) == (before, 1)
        ask("UPDATE orders SET price = 3 WHERE id = 3")
        assert (shown("cheap"), reads(server, "cheap")) == ([i for i in before if i != 3], 2)
        ask("CREATE TABLE wide AS SELECT 1 AS a; ALTER TABLE wide ADD COLUMN b int DEFAULT 1")
        session.run("DETACH shop;" + attach(server))
        assert session.run("SELECT b FROM shop.wide").to_arrow()["b"].to_pylist() == [1]
        ask("ALTER TABLE wide DROP COLUMN b; ALTER TABLE wide ADD COLUMN b int DEFAULT 2")
        assert session.run("SELECT b FROM shop.wide").to_arrow()["b"].to_pylist() == [2]


def same(value: Any) -> Any:
    """A value of Arrow as psycopg has it."""
    if isinstance(value, pa.MonthDayNano):
        return timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
    return value


def test_values_are_those_that_psycopg_gets(server: Path) -> None:
    columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(TYPES))
    rows = ["(" + ", ".join(values[k] for values in TYPES.values()) + ")" for k in (0, 1)]
    with asked(server) as ask, connect(":memory:") as session:
        ask(f"CREATE TABLE kinds ({columns})")
        ask(f"INSERT INTO kinds VALUES {', '.join(rows)}; INSERT INTO kinds SELECT")
        ask("SET timezone = 'UTC'")
        theirs = ask("SELECT * FROM kinds")
        session.run(attach(server))
        ours = session.database.table("SELECT * FROM shop.kinds").to_pylist()
        for kind, number in zip(TYPES, range(len(TYPES)), strict=True):
            found = [same(row[f"c{number}"]) for row in ours]
            expected = [row[number] for row in theirs]
            assert found == [str(v) if kind == "uuid" and v else v for v in expected], kind
        ask("CREATE TABLE ends (t timestamp, d date)")
        ask("INSERT INTO ends VALUES ('infinity', '-infinity')")
        session.run("DETACH shop;" + attach(server))
        infinite = session.database.table("SELECT t::TEXT AS t, d::TEXT AS d FROM shop.ends")
        assert infinite.to_pylist() == [{"t": "infinity", "d": "-infinity"}]
        ask("CREATE TABLE odd (n numeric(6, 2)); INSERT INTO odd VALUES ('NaN')")
        session.run("DETACH shop;" + attach(server))
        with pytest.raises(StepError) as caught:
            session.run("SELECT * FROM shop.odd")
        assert caught.value.diagnostics[0].code == "E1064"


def test_a_password_comes_from_a_secret_and_goes_nowhere(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.duckdb"
    program = attach(server, "eve", ", SECRET shop") + "SELECT count(*) AS n FROM shop.beside"
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    with connect(path) as session:
        assert code(session, program) == "E1068"
        monkeypatch.setenv("SQLML_SECRET_SHOP_PASSWORD", "pear")
        assert code(session, program) == "E1060"
        monkeypatch.setenv("SQLML_SECRET_SHOP_PASSWORD", "apple")
        assert session.run(program).to_arrow().num_rows == 1
        assert code(session, "ATTACH 'postgresql://eve:apple@/x' AS y") == "E1062"
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if b"apple" in file.read_bytes()]


def code(session: Session, program: str) -> str:
    with pytest.raises(ProgramError) as caught:
        session.run(program)
    (told,) = caught.value.diagnostics[:1]
    assert told.span is not None
    return told.code


def test_a_connection_that_is_lost_leaves_nothing_half(server: Path, tmp_path: Path) -> None:
    program = attach(server) + "SELECT sum(i) AS s, count(DISTINCT t) AS n FROM shop.big"
    with asked(server) as ask:
        ask("CREATE TABLE big AS SELECT i, md5(i::text) AS t FROM generate_series(1, 150000) i")
        ask("CREATE VIEW ended AS SELECT i, CASE WHEN i = 100000 THEN"
            " pg_terminate_backend(pg_backend_pid()) END AS x FROM big")  # fmt: skip
    with connect(tmp_path / "x.duckdb") as session:
        session.run(attach(server))
        with pytest.raises(RemoteProblem) as caught:  # a run would try it again
            session.database.table("SELECT count(x) AS n FROM shop.ended")
        assert caught.value.code == "E1063"
        assert session.store.artifacts.all() == ()
    command = [sys.executable, "-m", "sqlml", "run", "--db", "y.duckdb", "-c", program]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    scratch = tmp_path / "y.duckdb.sqlml" / "scratch"
    while process.poll() is None and time.monotonic() < deadline:
        if list(scratch.glob("input-*/*.parquet")):
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.01)
    process.wait()
    with connect(tmp_path / "y.duckdb") as session:
        assert session.store.artifacts.all() == ()
        (row,) = session.run(program).to_arrow().to_pylist()
        assert row == {"s": 150000 * 150001 // 2, "n": 150000}
        assert not list(scratch.glob("input-*"))
        (kept,) = session.store.artifacts.all()
        assert session.store.artifacts.fault(kept) == ""


def test_with_no_cache_a_table_is_read_once_in_a_run(server: Path, tmp_path: Path) -> None:
    program = attach(server) + (
        "SELECT count(*) AS n FROM shop.beside; SELECT max(a) AS a FROM shop.beside"
    )
    for n in (1, 2):
        before = reads(server, "beside")
        with connect(tmp_path / "x.duckdb", cache_policy="none") as session:
            session.run(program)
            assert (n, reads(server, "beside")) == (n, before + 1)
        assert not list((tmp_path / "x.duckdb.sqlml" / "inputs").glob("*"))


def test_the_database_interface_reads_remote_tables(server: Path) -> None:
    import sqlml

    with sqlml.connect(":memory:") as connection:
        connection.execute(attach(server))
        found = connection.execute("SELECT count(*) FROM shop.public.orders").fetchone()
        assert found == (500,)
        with pytest.raises(sqlml.Error, match="read only"):
            connection.execute("CREATE TABLE shop.public.copied (a INTEGER)")
        connection.rollback()
        with pytest.raises(sqlml.Error, match="there is a database `shop` already"):
            connection.execute("ATTACH 'sqlite:///x.db' AS shop")


def test_tables_are_trained_on(server: Path) -> None:
    with connect(":memory:") as session:
        text = attach(server) + "CREATE TABLE local AS SELECT range AS id FROM range(1, 300);"
        text += (
            "SELECT o.id, price::DOUBLE AS price FROM shop.public.orders o JOIN local USING (id)"
            " TO TRAIN xgboost.gblinear WITH train.num_boost_round = 2 LABEL price INTO m;"
        )
        session.run(text)
        assert session.store.models.find("m", None) is not None
        assert isinstance(session.database.table("FROM shop.orders LIMIT 1"), pa.Table)
        with pytest.raises(SqlmlError) as caught:
            session.run(
                "SELECT id, pricee FROM shop.orders TO TRAIN xgboost.gbtree LABEL id INTO n"
            )
        assert caught.value.diagnostics[0].code == "E0302"
