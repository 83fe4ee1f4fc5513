"""`%sqlml` and `%%sqlml`: programs in the cells of a notebook."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import DisplayHandle, display

from sqlml.connectors.dbapi.connection import Connection, connect
from sqlml.connectors.dbapi.lasting import check_committed, is_program, run_each
from sqlml.connectors.notebook.cells import bound, words
from sqlml.connectors.notebook.display import LiveTable, show_plots
from sqlml.connectors.notebook.frames import as_frame, tables
from sqlml.errors import Diagnostic, ProgramError, StepError, did_you_mean
from sqlml.results import Result
from sqlml.source import Source

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from sqlml.optimizer.forecast import Forecast
    from sqlml.session import Compiled, Execution

_FIRST = "default"


@magics_class
class SqlmlMagics(Magics):
    """Runs cells on connections that stay open; variables of the notebook are at hand in them."""

    def __init__(self, shell: "InteractiveShell") -> None:
        super().__init__(shell)
        self._connections: dict[str, Connection] = {}
        self._current = _FIRST

    @magic_arguments()
    @argument("words", nargs="*", help="the variable for the result; or, on a line, the program")
    @argument("--db", help="the DuckDB file to work on from now on (default: as in sqlml.toml)")
    @argument("--connection", metavar="NAME", help="what the database is called, where you use two")
    @argument("--df", choices=["pandas", "polars", "arrow"], default="pandas", help="of results")
    @argument("--plan", action="store_true", help="say what running it would do; run nothing")
    @argument("--explain", action="store_true", help="show how it is compiled; run nothing")
    @argument("--quiet", action="store_true", help="show no progress")
    @no_var_expand  # braces are SQL's, and Jinja's
    @line_cell_magic
    def sqlml(self, line: str, cell: str | None = None) -> Any:
        """Run a program of SQL; the last result is the cell's value, as a data frame.

        `:name` stands for a variable's value, `{{ name }}` for its text. Data frames are tables
        under their names. `%sqlml SELECT …` runs one line; `%%sqlml name` keeps the result.
        """

        options, text = _divided(line) if cell is None else (line, cell)
        asked = parse_argstring(self.sqlml, options)
        connection = self._connection(asked.connection, asked.db)
        if not text.strip():
            return None
        source = bound(Source(f"In [{self.shell.execution_count}]", text), self.shell.user_ns)
        name = _destination(asked.words)
        made = self._made_of_frames(connection, source.text)
        try:
            result = self._result(connection, source, asked)
        finally:
            connection.client.detach_tables(made)
        if not name:
            return result
        self.shell.user_ns[name] = result
        return None

    def _result(self, connection: Connection, source: Source, asked: Namespace) -> Any:
        """What a cell gives; what is for the database alone runs in the transaction that is open.

        asked: the options of the magic.
        """
        from sqlml import stages

        session, is_asking = connection.session, asked.plan or asked.explain
        if not is_asking and not is_program(source, session.settings):
            tables = [each.table for each in run_each(connection, source)]
            shown = [table for table in tables if table is not None]
            return as_frame(Result("", shown[-1]), asked.df) if shown else None
        check_committed(connection)
        compiled = session.compile([source])
        if asked.explain:
            _say(stages.overview(compiled, session.forecast(compiled)))
            return None
        if asked.plan:
            return as_frame(_planned(session.forecast(compiled)), asked.df)
        try:
            return self._run(connection, compiled, asked.df, quiet=asked.quiet)
        finally:
            connection.end_left_open()

    def _run(self, connection: Connection, compiled: "Compiled", kind: Any, *, quiet: bool) -> Any:
        for note in compiled.plan.notes:
            _say(f"note: {note}")
        shows = not quiet and hasattr(self.shell, "kernel")
        handle: DisplayHandle | None = None
        if shows:
            handle = display({"text/plain": "…"}, raw=True, display_id=True)
        execution = connection.session.execute(compiled, [LiveTable(handle)])
        _raise_failures(execution)
        show_plots(execution.results.outputs)
        results = execution.results
        return as_frame(results[-1], kind) if results else None

    def _made_of_frames(self, connection: Connection, text: str) -> list[str]:
        """Let the program read the data frames that it mentions; tables of the database go first.

        The names are given back.
        """
        found = tables(self.shell.user_ns, words(text))
        if found:
            with connection.reporting(), connection.client.present() as present:
                there = {name.casefold() for name in present.tables()}
            found = {name: make for name, make in found.items() if name.casefold() not in there}
            connection.client.attach_tables(found)
        return list(found)

    def _connection(self, name: str | None, db: str | None) -> Connection:
        """The one that is meant, opened where it is new; it is the current one from now on."""
        if name is None and db is not None:
            name = next((n for n, c in self._connections.items() if _is_on(c, db)), None)
            name = name or (_FIRST if not self._connections else Path(db).stem)
        name = name or self._current
        known = self._connections.get(name)
        if known is None and name not in (self._current, _FIRST) and db is None:
            hint = (
                did_you_mean(name, self._connections)
                or f"open it: `%sqlml --connection {name} --db FILE`"
            )
            raise ProgramError(Diagnostic("E0893", f"there is no connection `{name}`", hint=hint))
        if known is not None and db is not None and not _is_on(known, db):
            known.close()
            known = None
        if known is None:
            known = self._connections[name] = connect(db, autocommit=True)
        self._current = name
        return known

    def close(self) -> None:
        """Close all databases."""
        while self._connections:
            self._connections.popitem()[1].close()


def _divided(line: str) -> tuple[str, str]:
    """The options that a line begins with, and the program behind them."""
    rest, options = line.strip(), []
    while rest.startswith("--"):
        option, _, rest = rest.partition(" ")
        options.append(option)
        if option in ("--db", "--connection", "--df"):
            value, _, rest = rest.strip().partition(" ")
            options.append(value)
        rest = rest.strip()
    return " ".join(options), rest


def _destination(words: list[str]) -> str:
    match words:
        case []:
            return ""
        case [name] if name.isidentifier():
            return name
        case _:
            raise ProgramError(
                Diagnostic(
                    "E0894",
                    f"`{' '.join(words)}` is no variable for the result",
                    hint="the program goes into the lines below `%%sqlml name`",
                )
            )


def _say(text: str) -> None:
    """Write into the cell's output."""
    sys.stdout.write(text + "\n")


def _planned(forecast: "Forecast") -> Result:
    """What running would do, a row for each step."""
    import pyarrow as pa

    rows = [
        {
            "step": step.node.name,
            "why": step.why,
            "memory_mib": step.memory and round(step.memory / 2**20),
            "seconds": step.seconds,
        }
        for step in forecast.steps
    ]
    return Result("plan", pa.Table.from_pylist(rows))


def _is_on(connection: Connection, db: str) -> bool:
    return connection.session.settings.db == db


def _raise_failures(execution: "Execution") -> None:
    if execution.report.diagnostics:
        raise StepError(*execution.report.diagnostics)
    if execution.report.outcome == "interrupted":
        raise KeyboardInterrupt


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """What `%load_ext sqlml` does."""
    import atexit

    magics = SqlmlMagics(shell)
    atexit.register(magics.close)
    shell.register_magics(magics)
