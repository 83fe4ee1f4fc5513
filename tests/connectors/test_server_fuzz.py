"""Nothing that is sent breaks the server: random bytes, and real conversations that go wrong.

SQLML_FUZZ_SECONDS: how long it is tried (3); SQLML_FUZZ_SEED: the first of the seeds that choose
what is sent (0). `SQLML_FUZZ_SECONDS=600 pytest tests/connectors/test_server_fuzz.py` by hand.
"""

import asyncio
import gc
import os
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import psycopg

from tests.connectors.serving import address, serving

SECONDS = float(os.environ.get("SQLML_FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("SQLML_FUZZ_SEED", "0"))
FEWEST = 60  # conversations
PATIENCE = 120.0  # seconds in which whatever is waited for must come
AT_ONCE = 3
MEMORY = 512 << 20  # bytes that may be left over: what is loaded and remembered meanwhile

Conversation = Sequence[bytes]
"""The messages of a client; the first one is that which says who it is."""


def test_nothing_that_is_sent_breaks_the_server(path: Path) -> None:
    with serving(path, most=50) as port:
        with recording(port) as (listening, heard):
            psycopg_speaks(listening)
            asyncio.run(asyncio.wait_for(asyncpg_speaks(listening), PATIENCE))
        known = [messages(each) for each in heard]
        assert sum(map(len, known)) > 60
        with healthy(port) as answers:
            files, threads, size = open_files(), threading.active_count(), memory()
            throw_many(port, known)
            wait_until(lambda: open_files() <= files + 4)
            assert threading.active_count() <= threads + 54
            assert memory() <= size + MEMORY
        assert answers() > 0
        with psycopg.connect(address(port), autocommit=True) as client:
            assert client.execute("SELECT count(*) FROM iris").fetchone() == (150,)
            assert client.execute("SELECT PREDICT('m', iris) FROM iris LIMIT 1").fetchone()


def test_a_negative_number_of_rows_is_all_of_them(path: Path) -> None:
    """As PostgreSQL has it; it is what a flipped bit makes of a number."""
    said = [
        b"P\0\0\0\x1e\0SELECT * FROM range(3)\0\0\0",
        b"B\0\0\0\x0c\0\0\0\0\0\0\0\0",
        b"E\0\0\0\x09\0\xff\xff\xff\xfe",
        b"X\0\0\0\4",
    ]
    start = struct.pack("!ii", 16, 3 << 16) + b"user\0u\0\0"
    start = struct.pack("!i", len(start)) + start[4:]
    with serving(path) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(PATIENCE)
        client.sendall(start + b"".join(said))
        heard = b""
        while part := client.recv(65536):
            heard += part
        assert b"SELECT 3\0" in heard


def open_files() -> int:
    """Sockets are among them."""
    gc.collect()
    return psutil.Process().num_fds()


def memory() -> int:
    return int(psutil.Process().memory_info().rss)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "something is left over"
        time.sleep(0.1)


@contextmanager
def healthy(port: int) -> Iterator[Callable[[], int]]:
    """A client that is served all the time; gives how many answers it has had."""
    ended, count, errors = threading.Event(), [0], list[BaseException]()

    def ask() -> None:
        try:
            with psycopg.connect(address(port), autocommit=True) as client:
                while not ended.is_set():
                    found = client.execute("SELECT count(*) FROM iris WHERE %s > 0", [count[0] + 1])
                    assert found.fetchone() == (150,)
                    count[0] += 1
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield lambda: count[0]
    finally:
        ended.set()
        thread.join(PATIENCE)
    assert not thread.is_alive(), "a healthy client waits for ever"
    assert not errors, errors


# --- what clients really say ---


@contextmanager
def recording(port: int) -> Iterator[tuple[int, list[bytearray]]]:
    """The port of a go-between, and what each client sends through it."""
    heard = list[bytearray]()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)

        def listen() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    server = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
                    client.settimeout(PATIENCE)
                    heard.append(bytearray())
                    for ends in ((client, server, heard[-1]), (server, client, bytearray())):
                        threading.Thread(target=carry, args=ends, daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield listening.getsockname()[1], heard
        listening.shutdown(socket.SHUT_RDWR)


def carry(source: socket.socket, target: socket.socket, copy: bytearray) -> None:
    with suppress(OSError), target:
        while part := source.recv(65536):
            copy += part
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


def psycopg_speaks(port: int) -> None:
    plain = address(port, sslmode="disable", gssencmode="disable", connect_timeout="60")
    with psycopg.connect(plain, autocommit=True) as client:
        for prepare in (False, True):
            for binary in (False, True):
                query = "SELECT *, PREDICT('m', iris) FROM iris WHERE petal_length > %s LIMIT %b"
                found = client.execute(query, [1.5, 2], prepare=prepare, binary=binary)
                assert len(found.fetchall()) == 2
        client.execute("SELECT %s::INT[], %s, %b", [[1, None], "x", b"\0"])
        client.execute("SELECT * FROM iris LIMIT 3 TO PREDICT USING m")
        client.execute("CREATE TEMP TABLE t (a INT, b VARCHAR)")
        with client.cursor().copy("COPY t FROM STDIN") as copy:
            copy.write_row([1, "x"])
        with client.cursor().copy("COPY t TO STDOUT (FORMAT binary)") as copy:
            assert b"".join(copy)
        with client.pipeline():
            client.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(2, "y"), (3, "z")])
    with psycopg.connect(plain) as client, client.cursor("named") as cursor:
        cursor.execute("SELECT * FROM range(10)")
        assert len(cursor.fetchmany(3)) == 3


async def asyncpg_speaks(port: int) -> None:
    client = await asyncpg.connect(
        host="127.0.0.1", port=port, user="ann", database="iris", ssl=False
    )
    try:
        await client.fetch("SELECT * FROM iris WHERE species = $1 LIMIT $2", "setosa", 2)
        await client.execute("CREATE TEMP TABLE t (a INT, b VARCHAR)")
        await client.executemany("INSERT INTO t VALUES ($1, $2)", [(1, "x"), (2, None)])
        async with client.transaction():
            async for _ in client.cursor("SELECT * FROM range(20)", prefetch=5):
                pass
    finally:
        await client.close()


def messages(heard: bytes | bytearray) -> Conversation:
    """A conversation message by message."""
    (length,) = struct.unpack_from("!i", heard)
    found, at = [bytes(heard[:length])], length
    while at + 5 <= len(heard):
        (length,) = struct.unpack_from("!i", heard, at + 1)
        found.append(bytes(heard[at : at + 1 + length]))
        at += 1 + length
    return found


# --- what goes wrong ---


def throw_many(port: int, known: Sequence[Conversation]) -> None:
    until, seeds = time.monotonic() + SECONDS, iter(range(SEED, 2**31))
    failures = list[BaseException]()

    def throw_on() -> None:
        try:
            for seed in seeds:
                luck = random.Random(seed)
                throw(port, luck.choice(MANNERS), spoilt(luck, known), luck)
                if time.monotonic() > until and seed >= SEED + FEWEST:
                    return
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=throw_on, daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + PATIENCE)
        assert not thread.is_alive(), "the server lets a client wait for ever"
    assert not failures, failures


def spoilt(luck: random.Random, known: Sequence[Conversation]) -> bytes:
    """Something that no client should send."""
    if luck.random() < 0.1:
        return luck.randbytes(luck.randrange(1, 400))
    first, *said = luck.choice(known)
    if luck.random() < 0.1:
        first = luck.choice(STRANGE) + first
    for _ in range(luck.choice([0, 1, 1, 2, 5])):
        if said:
            luck.choice(MISTAKES)(said, luck, known)
    content = bytearray(b"".join([first, *said]))
    for _ in range(luck.choice([0, 0, 1, 3, 10])):
        begin = 0 if luck.random() < 0.1 or not said else len(first)
        content[luck.randrange(begin, len(content))] = luck.randrange(256)
    return bytes(content[: luck.randrange(len(content))] if luck.random() < 0.2 else content)


Mistake = Callable[[list[bytes], random.Random, Sequence[Conversation]], None]


def _drop(said: list[bytes], luck: random.Random, _known: Sequence[Conversation]) -> None:
    place = luck.randrange(len(said))
    del said[place : place + luck.randrange(1, 4)]


def _repeat(said: list[bytes], luck: random.Random, _known: Sequence[Conversation]) -> None:
    place = luck.randrange(len(said))
    said[place:place] = [said[place]] * luck.choice([1, 2, 20])


def _swap(said: list[bytes], luck: random.Random, _known: Sequence[Conversation]) -> None:
    one, other = luck.randrange(len(said)), luck.randrange(len(said))
    said[one], said[other] = said[other], said[one]


def _mix(said: list[bytes], luck: random.Random, known: Sequence[Conversation]) -> None:
    _, *others = luck.choice(known)
    said[luck.randrange(len(said)) :] = others[luck.randrange(len(others)) :]
    said.append(b"S\0\0\0\4")


def _lengthen(said: list[bytes], luck: random.Random, _known: Sequence[Conversation]) -> None:
    place = luck.randrange(len(said))
    length = luck.choice([-1, 0, 3, 4, 5, 1000, 1 << 20, 64 << 20, 2**31 - 1, -(2**31)])
    said[place] = said[place][:1] + struct.pack("!i", length) + said[place][5:]


def _miscount(said: list[bytes], luck: random.Random, _known: Sequence[Conversation]) -> None:
    """Numbers inside of a message, such as how many values there are and how long each is."""
    place = luck.randrange(len(said))
    content = bytearray(said[place])
    if len(content) >= 9:
        at = luck.randrange(5, len(content) - 3)
        struct.pack_into("!i", content, at, luck.choice([-1, -2, 0, 1, 0x7FFF, 2**31 - 1]))
    said[place] = bytes(content)


def _flood(said: list[bytes], luck: random.Random, _known: Sequence[Conversation]) -> None:
    """Parse, again and again, without Sync."""
    text = b"\0SELECT $1::INT + %d\0" % luck.randrange(10) + struct.pack("!h", 0)
    parse = b"P" + struct.pack("!i", len(text) + 4) + text
    said[luck.randrange(len(said)) :] = [parse] * luck.choice([10, 500])


def _ask_for_much(said: list[bytes], luck: random.Random, _known: Sequence[Conversation]) -> None:
    text = b"SELECT repeat('x', 1000) FROM range(%d)\0" % luck.choice([10, 3000])
    said.insert(luck.randrange(len(said)), b"Q" + struct.pack("!i", len(text) + 4) + text)


STRANGE = (
    struct.pack("!ii", 8, 80877103), struct.pack("!ii", 8, 80877104),
    struct.pack("!iiiI", 16, 80877102, 1, 2), struct.pack("!ii", 8, 3 << 16 | 9),
    struct.pack("!ii", 2**31 - 1, 3 << 16), struct.pack("!ii", 4, 0), struct.pack("!ii", 8, 0),
)  # fmt: skip
"""In front of who a client is: it asks for TLS, GSS, to cancel, another version; and nonsense."""

MISTAKES: Sequence[Mistake] = (
    _drop, _repeat, _swap, _mix, _lengthen, _miscount, _flood, _ask_for_much,
)  # fmt: skip
Manner = Callable[[socket.socket, bytes, random.Random], None]


def throw(port: int, manner: Manner, content: bytes, luck: random.Random) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.settimeout(PATIENCE)
        try:
            manner(client, content, luck)
        except TimeoutError:
            raise
        except OSError:
            pass  # the server need not listen to the end


def _to_the_end(client: socket.socket, content: bytes, _luck: random.Random) -> None:
    """Says all, listens meanwhile and afterwards."""
    left = memoryview(content)
    if not left:
        client.shutdown(socket.SHUT_WR)
    while True:
        readable, writable, _ = select.select([client], [client] if left else [], [], PATIENCE)
        assert readable or writable, "no answer"
        if readable and not client.recv(65536):
            return
        if writable:
            left = left[client.send(left[:65536]) :]
            if not left:
                client.shutdown(socket.SHUT_WR)


def _slowly(client: socket.socket, content: bytes, luck: random.Random) -> None:
    for at in range(0, min(len(content), 600), 30):
        client.sendall(content[at : at + 30])
        time.sleep(luck.choice([0, 0.002]))
    _to_the_end(client, content[600:], luck)


def _deaf(client: socket.socket, content: bytes, luck: random.Random) -> None:
    """Never listens, and goes in the middle of it all."""
    client.setblocking(False)
    with suppress(BlockingIOError):
        client.send(content)
    time.sleep(luck.choice([0, 0.01]))


def _half_closed(client: socket.socket, content: bytes, luck: random.Random) -> None:
    client.shutdown(socket.SHUT_RD)
    _deaf(client, content, luck)


def _rudely(client: socket.socket, content: bytes, luck: random.Random) -> None:
    """Breaks the connection off."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _deaf(client, content, luck)


MANNERS: Sequence[Manner] = (_to_the_end, _to_the_end, _slowly, _deaf, _rudely, _half_closed)
