r"""Reads, runs and shows, until Ctrl-D or `\q`."""

import sys
import traceback
from time import perf_counter
from typing import TYPE_CHECKING

import click

from sqlml import __version__
from sqlml.cli.interactive.commands import Leave, obey
from sqlml.cli.interactive.prompt import Prompt
from sqlml.cli.interactive.running import run
from sqlml.cli.main import show_error
from sqlml.cli.terminal import duration
from sqlml.editing.names import Names, read_names
from sqlml.errors import SqlmlError
from sqlml.source import Source

if TYPE_CHECKING:
    from sqlml.connectors.dbapi import Connection


class Loop:
    """One connection, and what was said at its prompt.

    is_timed: whether to say how long things take. last: the last program. draft: what the next
    line begins with.
    """

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.session = session = connection.session
        self._was_warned = False
        self.is_timed = False
        self.last = ""
        self.draft = ""
        self.names: Names = read_names(session.database, session.store)
        self._prompt = Prompt(
            lambda: self.names, session.settings.dialect, lambda: connection.in_transaction
        )

    def run(self) -> None:
        """Take statements until the end is asked for."""
        place = self.session.settings.db
        click.echo(f"sqlml {__version__} · {place} · \\? helps, Ctrl-D leaves", err=True)
        while True:
            try:
                draft, self.draft = self.draft, ""
                text = self._prompt.read(draft).strip()
                if text:
                    self._do(text)
                    self._was_warned = False
            except KeyboardInterrupt:
                continue
            except (EOFError, Leave):
                if self._may_leave():
                    return

    def _may_leave(self) -> bool:
        """An open transaction is warned of, once."""
        if not self.connection.in_transaction or self._was_warned:
            return True
        self._was_warned = True
        click.echo(
            "a transaction is open: COMMIT it, or leave once more to undo what it has changed",
            err=True,
        )
        return False

    def _do(self, text: str) -> None:
        """Whatever goes wrong is shown; the session goes on."""
        began = perf_counter()
        try:
            self._obey_or_run(text)
        except SqlmlError as error:
            show_error(error, "\\?")
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
        except (EOFError, Leave):
            raise
        except Exception:  # noqa: BLE001 - the outermost edge: a bug of ours is shown as one
            traceback.print_exc()
            click.echo("\nthis is a bug in sqlml: please report it with the text above", err=True)
        sys.stdout.flush()
        if self.is_timed:
            click.echo(f"took {duration(perf_counter() - began)}", err=True)

    def _obey_or_run(self, text: str) -> None:
        if obey(self, text):
            return
        self.last = text
        try:
            run(self.connection, [Source("<prompt>", text)])
        finally:
            self.refresh()

    def refresh(self) -> None:
        """Look again at what there is to complete; not in a transaction, which that could fail."""
        if not self.connection.in_transaction:
            self.names = read_names(self.session.database, self.session.store)
