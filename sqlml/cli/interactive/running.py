"""Runs what was typed, and shows what it gives."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sqlml.cli.interactive.plain import run_plain
from sqlml.cli.lines import Columns, Ended
from sqlml.cli.options import print_notes
from sqlml.cli.progress import Failures, LiveLines, Progress, progress_for
from sqlml.cli.results import print_result
from sqlml.cli.table import SHOWN_ROWS, draw
from sqlml.cli.terminal import colored, is_live
from sqlml.grammar import ast
from sqlml.runtime.events import Event, RunFinished
from sqlml.runtime.titles import titles
from sqlml.runtime.workers.ahead import started_ahead

if TYPE_CHECKING:
    import pyarrow as pa

    from sqlml.connectors.dbapi import Connection
    from sqlml.planner.author import Author
    from sqlml.session import Compiled, Session
    from sqlml.source import Source

_PAGED_ROWS = 10_000
_ANY_WIDTH = 1_000_000
_FRAME = 6  # lines of a table that are no rows, and the prompt


def run(connection: "Connection", program: "Sequence[Source] | Author") -> None:
    """Run a program and show its results; failed steps are shown as in `sqlml run`.

    SQL for the database alone runs on the connection itself, in the transaction that is open.

    Raises:
        SqlmlError: the program is wrong, and nothing has run; or the database refuses a statement.
    """
    from sqlml.connectors.dbapi.lasting import check_committed, is_program
    from sqlml.session import TEXT_FORM

    settings = connection.session.settings
    if isinstance(program, Sequence) and not any(
        source.name.endswith(TEXT_FORM) or is_program(source, settings) for source in program
    ):
        for source in program:
            run_plain(connection, source, show)
        return
    check_committed(connection)
    _run_compiled(connection.session, program)
    connection.end_left_open()


def _run_compiled(session: "Session", program: "Sequence[Source] | Author") -> None:
    sources = program if isinstance(program, Sequence) else program.sources
    texts = (source.text for source in sources)
    with started_ahead(texts, session.settings.threads or None) as pool:
        compiled = session.compile(program)
        print_notes(compiled.plan.notes)
        if not compiled.workflow.nodes:
            return
        progress = _progress(compiled)
        with progress:
            done = session.execute(compiled, [progress], pool=pool)
    for result in done.results:
        show(result.table)
    if isinstance(progress, Briefly) and not done.results and done.report.outcome == "succeeded":
        progress.tell()


def show(table: "pa.Table") -> None:
    """A table as it is; in the pager where it does not fit the screen."""
    height = os.get_terminal_size().lines if sys.stdout.isatty() else SHOWN_ROWS
    if table.num_rows + _FRAME <= max(height, _FRAME + 1):
        print_result(table, "table")
        return
    os.environ.setdefault("LESS", "-SRFX")  # lines are not wrapped; arrow keys show the rest
    click.echo_via_pager(f"{line}\n" for line in draw(table, _ANY_WIDTH, _PAGED_ROWS))


def _progress(compiled: "Compiled") -> Progress:
    """For plain SQL its result says enough."""
    is_plain = all(isinstance(one, ast.Plain) for one in compiled.program.statements)
    if not is_plain or not is_live(sys.stderr):
        return progress_for(compiled.workflow, as_json=False, quiet=is_plain)
    return Briefly(Columns.of(titles(compiled.workflow)), color=colored(sys.stderr))


class Briefly(LiveLines):
    """The steps that are running; of those that have ended, only what went wrong."""

    def __init__(self, columns: Columns, *, color: bool) -> None:
        super().__init__(columns, color=color)
        self._ended: list[Ended] = []

    def __call__(self, event: Event) -> None:
        self.follow(event)
        Failures.__call__(self, event)
        if isinstance(event, Ended):
            self._ended.append(event)
        if isinstance(event, RunFinished) and event.outcome == "interrupted":
            self.write("interrupted")

    def tell(self) -> None:
        """Say what was done, where no result shows it."""
        for event in self._ended:
            click.echo(self._columns.ended(event, color=self.color), err=True)
