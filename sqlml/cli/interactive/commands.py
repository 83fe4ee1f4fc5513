r"""The commands of the prompt: `\d`, `\m`, `\timing` …"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sqlml.cli.help import explained
from sqlml.cli.interactive.running import run, show
from sqlml.cli.options import read_program
from sqlml.cli.show import description
from sqlml.editing.names import Names
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.zoo.models import model_names

if TYPE_CHECKING:
    from sqlml.cli.interactive.loop import Loop


class Leave(Exception):  # noqa: N818 - it is no error
    """The end was asked for."""


@dataclass(frozen=True, slots=True)
class Command:
    """usage: how it is written. act: does it, with what stands behind its name.

    choices: what may stand there.
    """

    usage: str
    doc: str
    act: Callable[["Loop", str], None]
    choices: Callable[[Names], Iterable[str]] = lambda _: ()


def obey(loop: "Loop", text: str) -> bool:
    """Do what a command says; whether the text is one.

    Raises:
        ProgramError: E0920, there is no such command. Leave: `\\q`.
    """
    text = text.rstrip("; ")
    name, _, argument = _WORDS.get(text.lower(), text).partition(" ")
    if not name.startswith("\\"):
        return False
    command = COMMANDS.get(name)
    if command is None:
        hint = did_you_mean(name, COMMANDS) or "`\\?` lists the commands"
        raise ProgramError(Diagnostic("E0920", f"there is no command `{name}`", hint=hint))
    command.act(loop, argument.strip())
    return True


def _tables(loop: "Loop", name: str) -> None:
    import pyarrow as pa

    from sqlml.planner.tables import table_key, table_name

    tables = loop.names.tables
    if not name:
        own = [(table, columns) for table, columns in tables.items() if columns]
        counts = [len(columns) for _, columns in own]
        show(pa.table({"table": [table for table, _ in own], "columns": counts}))
        kept = ", ".join(table for table, columns in tables.items() if not columns)
        click.echo(f"also: {kept}" if kept else "", nl=bool(kept))
        return
    found = next((table for table in tables if table_key(table) == table_key(name)), None)
    if found is None:
        hint = did_you_mean(name, tables) or "`\\d` lists the tables"
        raise ProgramError(Diagnostic("E0921", f"there is no table `{name}`", hint=hint))
    asked = table_name(found.split("."))
    show(
        loop.session.database.table(
            f'SELECT column_name AS "column", column_type AS "type" FROM (DESCRIBE {asked})'
        )
    )


def _models(loop: "Loop", name: str) -> None:
    models = loop.session.models
    if not name:
        show(models.overview())
    elif models.find(name) is None:
        click.echo(explained(name))
    else:
        click.echo("\n".join(description(models.describe(name).to_pylist())))


def _timing(loop: "Loop", _argument: str) -> None:
    loop.is_timed = not loop.is_timed
    click.echo(f"timing is {'on' if loop.is_timed else 'off'}", err=True)


def _edit(loop: "Loop", _argument: str) -> None:
    try:
        written = click.edit(loop.last or "\n", extension=".sql", require_save=False)
    except click.ClickException as error:
        hint = "name your editor in the variable EDITOR"
        raise ProgramError(Diagnostic("E0922", error.format_message(), hint=hint)) from error
    loop.draft = (written or "").strip()


def _include(loop: "Loop", name: str) -> None:
    if not name:
        raise ProgramError(Diagnostic("E0708", "there is no file to read", hint="\\i FILE"))
    bare = name[1:-1] if name[:1] in ("'", '"') and name[-1] == name[0] else name
    try:
        run(loop.connection, read_program([str(Path(bare).expanduser())], []))
    finally:
        loop.refresh()


def _help(_loop: "Loop", topic: str) -> None:
    if topic:
        click.echo(explained(topic))
        return
    width = max(len(command.usage) for command in COMMANDS.values())
    click.echo("A `;` and Enter run what is typed. Tab completes, Ctrl-C stops or clears.\n")
    for command in COMMANDS.values():
        click.echo(f"  {command.usage:<{width}}  {command.doc}")


def _named_tables(names: Names) -> Iterable[str]:
    return names.tables


def _known_models(names: Names) -> Iterable[str]:
    return (*names.models, *model_names())


def _topics(_names: Names) -> Iterable[str]:
    from sqlml.error_codes import sections

    return (*model_names(), *sections())


def _leave(_loop: "Loop", _argument: str) -> None:
    raise Leave


COMMANDS: Mapping[str, Command] = {
    "\\d": Command("\\d [TABLE]", "the tables, or the columns of one", _tables, _named_tables),
    "\\m": Command(
        "\\m [MODEL]", "the trained models, or what is known of one", _models, _known_models
    ),
    "\\timing": Command("\\timing", "say how long each statement takes, or no longer", _timing),
    "\\e": Command("\\e", "write the last program again, in your editor", _edit),
    "\\i": Command("\\i FILE", "run a file", _include),
    "\\?": Command(
        "\\? [NAME]", "this list; or what an error code or a model means", _help, _topics
    ),
    "\\q": Command("\\q", "leave", _leave),
}
_WORDS = {"exit": "\\q", "quit": "\\q", "help": "\\?"}
