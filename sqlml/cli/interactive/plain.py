"""SQL for the database alone, statement by statement on the prompt's own connection."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING

import click

from sqlml.cli.terminal import colored, duration, is_live, painted

if TYPE_CHECKING:
    import pyarrow as pa

    from sqlml.connectors.dbapi import Connection
    from sqlml.source import Source

_GREEN = "32"


def run_plain(
    connection: "Connection", source: "Source", show: "Callable[[pa.Table], None]"
) -> None:
    """Run the statements of a text in turn; each shows its rows, or that it is done.

    Raises:
        SqlmlError: the database refuses one; those in front of it have run.
    """
    from sqlml.connectors.dbapi.lasting import run_each

    running = run_each(connection, source)
    while True:
        began = perf_counter()
        with _spinner():
            done = next(running, None)
        if done is None:
            return
        if done.table is not None:
            show(done.table)
            continue
        mark = painted(_GREEN, "✓", colored(sys.stderr))
        click.echo(f"{mark} {done.told} · {duration(perf_counter() - began)}", err=True)


def _spinner() -> AbstractContextManager[object]:
    if not is_live(sys.stderr):
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True, no_color=not colored(sys.stderr)).status("running")
