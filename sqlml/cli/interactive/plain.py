"""SQL for the database alone, statement by statement on the prompt's own connection."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import click

from sqlml.cli.terminal import colored, duration, is_live, painted
from sqlml.grammar.statements import divide

if TYPE_CHECKING:
    import pyarrow as pa

    from sqlml.connectors.dbapi import Connection, Cursor
    from sqlml.source import Source

T = TypeVar("T")
_GREEN = "32"


def run_plain(
    connection: "Connection", source: "Source", show: "Callable[[pa.Table], None]"
) -> None:
    """Run the statements of a text in turn; each shows its rows, or that it is done.

    Raises:
        SqlmlError: the database refuses one; those in front of it have run.
    """
    for tokens in divide(source, connection.session.settings.dialect):
        began = perf_counter()
        cursor = connection.cursor()
        text = source.text[tokens[0].start : tokens[-1].end]
        table = _waited_for(cursor, partial(_rows, cursor, text))
        if table is not None:
            show(table)
            continue
        counted = f" · {cursor.rowcount:,} rows" if cursor.rowcount >= 0 else ""
        done = painted(_GREEN, "✓", colored(sys.stderr))
        words = " ".join(token.text for token in tokens[:2]).upper()
        click.echo(f"{done} {words}{counted} · {duration(perf_counter() - began)}", err=True)


def _rows(cursor: "Cursor", text: str) -> "pa.Table | None":
    cursor.execute(text)
    return None if cursor.description is None else cursor.fetch_arrow_table()


def _waited_for(cursor: "Cursor", work: Callable[[], T]) -> T:
    """What some work gives, which Ctrl-C cancels.

    Raises:
        KeyboardInterrupt: it was cancelled.
    """
    with ThreadPoolExecutor(1) as thread, _spinner():
        doing = thread.submit(work)
        try:
            return doing.result()
        except KeyboardInterrupt:
            cursor.cancel()
            doing.exception()  # waits until it has ended
            raise


def _spinner() -> AbstractContextManager[object]:
    if not is_live(sys.stderr):
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True, no_color=not colored(sys.stderr)).status("running")
