"""What a client sends before it waits is one transaction: here as in PostgreSQL."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import psycopg
import pytest

from tests.connectors.postgresql import postgresql
from tests.connectors.serving import address, serving


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with serving(tmp_path_factory.mktemp("pipelines") / "d.duckdb") as port, postgresql() as folder:
        yield {"sqlml": address(port), "PostgreSQL": f"host={folder} user=sqlml dbname=postgres"}


@pytest.fixture(params=["sqlml", "PostgreSQL"])
def place(places: dict[str, str], request: pytest.FixtureRequest) -> str:
    return places[request.param]


@pytest.fixture
def client(place: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(place, autocommit=True) as client:
        client.execute("DROP TABLE IF EXISTS t")
        client.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
        yield client


def rows(client: "psycopg.Connection[Any]") -> list[int]:
    return [a for (a,) in client.execute("SELECT a FROM t ORDER BY a").fetchall()]


def test_rows_of_executemany_come_all_or_not_at_all(client: "psycopg.Connection[Any]") -> None:
    with client.cursor() as cursor, pytest.raises(psycopg.errors.UniqueViolation):
        cursor.executemany("INSERT INTO t VALUES (%s)", [(1,), (2,), (1,), (3,)])
    assert rows(client) == []
    with client.cursor() as cursor:
        cursor.executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])
    assert rows(client) == [1, 2]


def test_sync_ends_the_transaction(client: "psycopg.Connection[Any]") -> None:
    def insert_twice() -> None:
        with client.pipeline() as pipeline:
            client.execute("INSERT INTO t VALUES (1)")
            client.execute("INSERT INTO t VALUES (2)")
            pipeline.sync()
            client.execute("INSERT INTO t VALUES (3)")
            client.execute("INSERT INTO t VALUES (2)")
            client.execute("INSERT INTO t VALUES (4)")

    with pytest.raises(psycopg.errors.UniqueViolation):
        insert_twice()
    assert rows(client) == [1, 2]


def test_one_that_has_not_ended_is_seen_by_its_client_only(
    client: "psycopg.Connection[Any]", place: str
) -> None:
    with psycopg.connect(place, autocommit=True) as other, client.pipeline():
        client.execute("CREATE TABLE made AS SELECT 7 AS b")
        client.execute("INSERT INTO t SELECT b FROM made")
        assert client.execute("SELECT a FROM t").fetchall() == [(7,)]  # Flush, not Sync
        assert rows(other) == []
        client.execute("DROP TABLE made")
    assert rows(client) == [7]


@pytest.mark.parametrize(("end", "left"), [("COMMIT", [1, 2, 3]), ("ROLLBACK", [3])])
def test_begin_makes_it_the_clients_own(
    client: "psycopg.Connection[Any]", end: str, left: list[int]
) -> None:
    with client.pipeline() as pipeline:
        client.execute("INSERT INTO t VALUES (1)")
        client.execute("BEGIN")
        client.execute("INSERT INTO t VALUES (2)")
        pipeline.sync()
        client.execute(end)
        client.execute("INSERT INTO t VALUES (3)")
    assert client.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert rows(client) == left


def test_what_cannot_be_committed_is_told_at_sync(places: dict[str, str]) -> None:
    """In DuckDB a key that somebody else has taken meanwhile; PostgreSQL waits for him."""
    told = []
    for name, place in places.items():
        with psycopg.connect(place, autocommit=True) as other, raw(place) as client:
            late = "" if name == "sqlml" else "DEFERRABLE INITIALLY DEFERRED"
            other.execute(f"CREATE TABLE k (a INTEGER PRIMARY KEY {late})")
            client.sendall(once("INSERT INTO k VALUES (1)") + said(b"H"))
            assert heard(client, b"C") == b"12C"
            if name == "sqlml":
                other.execute("INSERT INTO k VALUES (1)")
            client.sendall(once("INSERT INTO k VALUES (1)" if late else "SELECT 1") + said(b"S"))
            told.append(heard(client, b"Z").replace(b"D", b""))
            client.sendall(once("SELECT 1") + said(b"S"))
            assert heard(client, b"Z") == b"12DCZ"
            expected = 0 if late else 1
            assert other.execute("SELECT count(*) FROM k").fetchone() == (expected,)
    assert told == [b"12CEZ"] * 2


def test_a_client_that_leaves_without_sync_has_changed_nothing(
    client: "psycopg.Connection[Any]", place: str
) -> None:
    with raw(place) as other:
        other.sendall(once("INSERT INTO t VALUES (1)") + said(b"H"))
        assert heard(other, b"C") == b"12C"
        other.sendall(once("INSERT INTO t VALUES (2)") + said(b"X"))
        assert heard(other) in (b"12C", b"")
    assert rows(client) == []


@contextmanager
def raw(place: str) -> Iterator[socket.socket]:
    """A client that says what we have it say, logged in."""
    told = psycopg.conninfo.conninfo_to_dict(place)
    is_local = "port" not in told
    with socket.socket(socket.AF_UNIX if is_local else socket.AF_INET) as client:
        client.settimeout(30)
        at = f"{told['host']}/.s.PGSQL.5432" if is_local else (told["host"], int(told["port"]))
        client.connect(at)
        names = f"user\0{told['user']}\0database\0{told['dbname']}\0\0".encode()
        client.sendall(struct.pack("!ii", len(names) + 8, 3 << 16) + names)
        heard(client, b"Z")
        yield client


def said(kind: bytes, content: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


def once(sql: str) -> bytes:
    """Parse, Bind and Execute of a statement without parameters."""
    parse = said(b"P", b"\0" + sql.encode() + b"\0" + struct.pack("!h", 0))
    bind = said(b"B", b"\0\0" + struct.pack("!hhh", 0, 0, 0))
    return parse + bind + said(b"E", b"\0" + struct.pack("!i", 0))


def heard(client: socket.socket, last: bytes = b"") -> bytes:
    """The kinds of the messages that come, up to the first of kind `last`, or to the end."""
    kinds = b""
    while not (last and kinds.endswith(last)):
        head = client.recv(5, socket.MSG_WAITALL)
        if len(head) < 5:
            break
        (length,) = struct.unpack_from("!i", head, 1)
        client.recv(length - 4, socket.MSG_WAITALL)
        kinds += head[:1]
    return kinds


def test_asyncpgs_executemany_is_one_transaction(
    client: "psycopg.Connection[Any]", place: str
) -> None:
    asyncio.run(asyncio.wait_for(_insert_with_asyncpg(place), 60))
    assert rows(client) == [5, 6]


async def _insert_with_asyncpg(place: str) -> None:
    told = psycopg.conninfo.conninfo_to_dict(place)
    client = await asyncpg.connect(
        host=str(told["host"]),
        port=int(told.get("port") or 5432),
        user=str(told["user"]),
        database=str(told["dbname"]),
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await client.executemany("INSERT INTO t VALUES ($1)", [(1,), (2,), (1,)])
    await client.executemany("INSERT INTO t VALUES ($1)", [(5,), (6,)])
    await client.close()
