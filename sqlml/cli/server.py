"""`sqlml server`: a database for the clients of PostgreSQL."""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError

if TYPE_CHECKING:
    from sqlml.connectors.postgres.encryption import Encryption
    from sqlml.connectors.postgres.server import Server

_FILE = click.Path(path_type=Path)


@click.command()
@options.db
@options.zoo
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5432, show_default=True, help="The port; 0: any that is free.")
@click.option("--users", type=_FILE, metavar="FILE", help="JSON with users, roles and passwords.")
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="A certificate, in PEM.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Its key, in PEM.")
@click.option("--max-clients", default=100, show_default=True, help="Clients at a time.")
@click.option("--memory", metavar="SIZE", help="What it may hold, as 8GB. By default, 90 %.")
@click.option("--timeout", default=0, metavar="SECONDS", help="The longest that a statement takes.")
def server(
    *,
    db: str | None,
    host: str,
    port: int,
    users: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    max_clients: int,
    memory: str | None,
    timeout: int,
) -> int:
    """Serve a database to psql, drivers and BI tools, by PostgreSQL's protocol.

    Without --users, everybody on this machine is an administrator, unless SQLML_PASSWORD holds the
    password of the only user, SQLML_USER (default: sqlml). Other machines are only let in by
    password and TLS.
    """
    import asyncio

    from sqlml.connectors.postgres import memory as process

    process.give_back()
    from sqlml.config import load_settings
    from sqlml.connectors.postgres.access import Users
    from sqlml.connectors.postgres.server import Server

    known = Users.read(users) if users is not None else Users.of_environment()
    tls = _tls(tls_cert, tls_key)
    if not _is_here(host) and (known is None or tls is None):
        message = f"other machines could reach `{host}`, which takes users and TLS"
        hint = "give --users, --tls-cert and --tls-key, or listen on 127.0.0.1"
        raise ProgramError(Diagnostic("E0904", message, hint=hint))
    size = _size(memory)
    serving = Server(load_settings(db=db).db, known, tls, max_clients, timeout * 1000, size // 2)
    asyncio.run(_serve(serving, host, port, size))
    return 0


def _size(memory: str | None) -> int:
    """The bytes that the server may hold."""
    from sqlml.config import bytes_of
    from sqlml.runtime.machine import memory_limit

    if memory is None:
        return memory_limit() * 9 // 10
    size = bytes_of(memory)
    if size is None:
        hint = "a number with a unit: 8GB, 500MiB"
        raise ProgramError(Diagnostic("E1042", f"--memory: `{memory}` is no size", hint=hint))
    return size


def _tls(certificate: Path | None, key: Path | None) -> "Encryption | None":
    if certificate is None:
        return None
    from sqlml.connectors.postgres.encryption import Encryption

    try:
        return Encryption.read(certificate, key)
    except (OSError, ValueError) as error:  # one of TLS is an OSError
        message = f"the certificate `{certificate}` cannot be used: {error}"
        raise ProgramError(Diagnostic("E0905", message)) from error


def _is_here(host: str) -> bool:
    """Whether nobody from another machine can come to an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve(server: "Server", host: str, port: int, size: int) -> None:
    """size: the bytes of memory that it may hold."""
    import asyncio

    from sqlml.connectors.postgres import memory
    from sqlml.runtime.signals import interruptions

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        try:
            listening = await server.listen(host, port)
        except OSError as error:
            message = f"nobody can listen on {host}:{port}: {error.strerror or error}"
            hint = "take another port: --port"
            raise ProgramError(Diagnostic("E0906", message, hint=hint)) from error

        memory.bound(size, threads=server.most)

        def end() -> None:
            loop.call_soon_threadsafe(ended.set)

        with interruptions(end):
            own = listening.sockets[0].getsockname()[1]
            click.echo(f"{server.database}: listening on {host}:{own}; Ctrl-C ends it", err=True)
            await ended.wait()
        listening.close()
    finally:
        await server.close()
