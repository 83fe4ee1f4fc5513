"""Options and arguments that several commands share."""

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.source import Source, Span

if TYPE_CHECKING:
    from sqlml.config import Settings
    from sqlml.planner.author import Author
    from sqlml.session import Session

_IMPORTS_COULER = re.compile(
    r"^\s*(?:import|from)\s+sqlml(?:\.couler|\s+import\s.*couler)", re.MULTILINE
)
Command = TypeVar("Command", bound=Callable[..., Any])

db = click.option("--db", metavar="PATH", help="DuckDB file, or :memory: (default: sqlml.duckdb).")
dialect = click.option("--dialect", metavar="NAME", help="SQL dialect the queries are written in.")


def _shown_here(_context: click.Context, _option: click.Parameter, output: str) -> str:
    if output == "arrow" and sys.stdout.isatty():
        raise click.UsageError("a terminal does not show Arrow\n  hint: `… > rows.arrow`")
    return output


output = click.option(
    "--output",
    type=click.Choice(["table", "csv", "json", "jsonl", "markdown", "arrow"]),
    default="table",
    show_default=True,
    callback=_shown_here,
    help="How results are printed.",
)
files = click.argument("files", nargs=-1, metavar="[FILE]...")
commands = click.option("-c", "texts", multiple=True, metavar="SQL", help="SQL given in place.")
variables = click.option(
    "--var", "pairs", multiple=True, metavar="NAME=VALUE", help="A value for ${NAME} in the SQL."
)


_ZOO = "sqlml.zoo"


def _use_zoo(context: click.Context, _option: click.Parameter, folders: Sequence[str]) -> None:
    """As if the folders stood in the variable, for this process and its workers."""
    context.meta[_ZOO] = folders
    if folders:
        os.environ["SQLML_ZOO"] = os.pathsep.join(str(Path(folder).resolve()) for folder in folders)


zoo = click.option(
    "--zoo",
    metavar="DIR",
    multiple=True,
    expose_value=False,
    callback=_use_zoo,
    help="A folder with models of your own.",
)


def target(command: Command) -> Command:
    """The options that say how an engine is to run a program, given as `target`."""

    @wraps(command)
    def called(
        *args: Any,
        namespace: str,
        image: str,
        store: str,
        worker_db: str,
        worker: str,
        worker_folder: str,
        settings: Any,
        **kwargs: Any,
    ) -> Any:
        from sqlml.codegen.engine import Options
        from sqlml.codegen.programs import Worker

        db = os.path.abspath(worker_db) if worker_db else ""
        called_as = tuple(shlex.split(worker))
        steps = Worker(image=image, command=called_as, store=store, db=db, folder=worker_folder)
        given = Options(namespace=namespace, worker=steps, settings=_settings(settings))
        return command(*args, target=given, **kwargs)

    for option in (
        _settings_option,
        _worker,
        _worker_folder,
        _worker_db,
        _store,
        _image,
        _namespace,
    ):
        called = option(called)
    return called  # type: ignore[return-value]


_namespace = click.option(
    "--namespace", default="", metavar="NAME", help="The cluster's namespace."
)
_image = click.option(
    "--image",
    default="sqlml:latest",
    show_default=True,
    metavar="NAME",
    help="The image that steps of SQL run in.",
)
_store = click.option(
    "--store",
    default="",
    metavar="URL",
    help="Where tables and models move from step to step: a folder, s3://…, gs://….",
)
_worker_db = click.option(
    "--worker-db",
    default="",
    metavar="PATH",
    help="Instead of a store: the DuckDB file that steps open where they run.",
)
_worker = click.option(
    "--worker",
    default="sqlml step",
    show_default=True,
    metavar="COMMAND",
    help="What runs a step of SQL there.",
)
_worker_folder = click.option(
    "--worker-folder",
    default="",
    metavar="PATH",
    help="Where steps find files that the program names by relative paths.",
)
_settings_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of the engine."
)


def _settings(pairs: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` settings of an engine; names may have dashes."""
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ProgramError(Diagnostic("E0709", f"--set {pair} is not NAME=VALUE"))
        values[name] = value
    return values


passes = click.option(
    "--passes",
    metavar="PASSES",
    help='The optimizer\'s passes: "size,split{steps=200}", or none (default: those that pay).',
)


def program(command: Command) -> Command:
    """The options that say which program on which database."""
    for option in (variables, zoo, dialect, db, commands, files):
        command = option(command)
    return command


def opened(*, creates: bool = False, **given: Any) -> "Session":
    """A session on the database that options name.

    creates: make a database that is not there yet; else an empty one in memory stands for it.
    """
    from sqlml.session import Session

    return Session.open(settled(**given), creates=creates)


def settled(**given: Any) -> "Settings":
    """The settings that options and surroundings give; in force until the command ends."""
    from sqlml.config import in_force, load_settings

    settings = load_settings(**given)
    click.get_current_context().with_resource(in_force(settings))
    return settings


def read_sources(files: Sequence[str], texts: Sequence[str]) -> list[Source]:
    """The program's texts: files (`-` is stdin), then what -c gives; stdin when there is neither.

    Raises:
        ProgramError: a file that cannot be read.
    """
    sources = [_read(name) for name in files]
    sources += [Source("<command>", text) for text in texts]
    if not sources and not sys.stdin.isatty():
        sources.append(_read("-"))
    if not sources:
        hint = "name a file, give -c SQL, or pipe SQL in"
        raise ProgramError(Diagnostic("E0708", "there is no program to read", hint=hint))
    return sources


def read_program(files: Sequence[str], texts: Sequence[str]) -> "Sequence[Source] | Author":
    """As `read_sources`, or the workflow that a single Python file writes.

    Raises:
        ProgramError: a file that cannot be read, or is no workflow.
    """
    if texts or len(files) != 1 or not files[0].endswith(".py"):
        return read_sources(files, texts)
    text = _read(files[0]).text
    if _IMPORTS_COULER.search(text):
        from sqlml.couler.files import read_couler

        return read_couler(files[0])
    from sqlml.flow.files import read_flow

    return read_flow(files[0])


def _read(name: str) -> Source:
    is_stdin = name == "-"
    try:
        written = sys.stdin.buffer.read() if is_stdin else Path(name).read_bytes()
        return Source("<stdin>" if is_stdin else name, written.decode("utf-8"))
    except FileNotFoundError as error:
        message = f"there is no file `{name}`"
        raise ProgramError(Diagnostic("E0708", message, hint=_similar_file(name))) from error
    except OSError as error:
        message = f"`{name}` cannot be read: {(error.strerror or str(error)).lower()}"
        raise ProgramError(Diagnostic("E0708", message)) from error
    except UnicodeDecodeError as error:
        message = f"`{name}` cannot be read: it is not UTF-8 text"
        hint = "`iconv -t UTF-8` makes it so" if is_stdin else "save it as UTF-8"
        raise ProgramError(Diagnostic("E0708", message, hint=hint)) from error


def _similar_file(name: str) -> str:
    folder = Path(name).parent
    known = [str(path) for path in folder.glob("*.sql")] if folder.is_dir() else []
    return did_you_mean(name, known)


def read_variables(pairs: Sequence[str], flag: str = "--var") -> dict[str, str]:
    """`NAME=VALUE` pairs as a mapping.

    Raises:
        ProgramError: a pair without `=`.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.replace("-", "_").isidentifier():
            raise ProgramError(Diagnostic("E0709", f"{flag} {pair} is not NAME=VALUE"))
        values[name] = value
    return values


def spelled(
    files: Sequence[str],
    texts: Sequence[str],
    pairs: Sequence[str],
    db: str | None,
    *,
    parameters: Sequence[str] = (),
    dialect: str | None = None,
) -> str:
    """The options of `program` as they are typed, to show a command that can be copied."""
    words = [shlex.quote(name) for name in files or ([] if texts else ["-"])]
    given = {
        "-c": texts,
        "--var": pairs,
        "--param": parameters,
        "--dialect": [dialect] if dialect else [],
        "--zoo": click.get_current_context().meta[_ZOO],
        "--db": [db] if db else [],
    }
    words += [f"{flag} {shlex.quote(value)}" for flag, values in given.items() for value in values]
    return " ".join(words)


def on(db: str | None) -> str:
    """What names the database at the end of a command that is shown."""
    return f" --db {shlex.quote(db)}" if db else ""


def print_notes(notes: Iterable[tuple[str, Span]], *, as_json: bool = False) -> None:
    """Tell what the planner noticed: on stderr, or as events."""
    for message, span in notes:
        if as_json:
            event = {"event": "note", "message": message, "place": span.place}
            click.echo(json.dumps(event, ensure_ascii=False))
        else:
            click.echo(f"note: {message} ({span.place})", err=True)
