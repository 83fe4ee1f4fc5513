"""A server in this process, for tests of what clients see of it."""

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from sqlml.connectors.postgres.server import Server


@contextmanager
def serving(path: Path, **options: Any) -> Iterator[int]:
    """A server in a thread of its own; gives its port."""
    server, loop = Server(str(path), **options), asyncio.new_event_loop()
    listening = loop.run_until_complete(server.listen("127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def address(port: int, user: str = "ann", **more: str) -> str:
    told = {"host": "127.0.0.1", "dbname": "iris", **more}
    return psycopg.conninfo.make_conninfo(port=port, user=user, **told)


def certificate(path: Path, kind: str = "rsa:2048", *options: str) -> None:
    """A key and a certificate of `localhost` that it has signed itself, in one file."""
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        kind,
        *options,
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*made, "-keyout", path, "-out", f"{path}.crt"], capture_output=True, check=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
