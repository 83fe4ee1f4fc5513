"""`sqlml render`: the workflow that a program becomes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sqlml.cli import options

if TYPE_CHECKING:
    from sqlml.codegen.engine import Options


@click.command()
@options.program
@options.passes
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The workflow's text form, or JSON.",
)
@click.option("--engine", metavar="NAME", help="Write it for an engine: argo, airflow …")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for an engine's files (default: standard output).",
)
@options.target
def render(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    passes: str | None,
    output: str,
    engine: str | None,
    folder: Path | None,
    target: "Options",
) -> None:
    """Print the workflow that a program becomes, or write it for an engine; nothing runs."""
    variables = options.read_variables(pairs)
    program = options.read_program(files, texts)
    from sqlml.workflow.serial import to_json
    from sqlml.workflow.text import print_workflow

    with options.opened(db=db, dialect=dialect, passes=passes) as session:
        compiled = session.compile(program, variables)
        if engine:
            from sqlml.cli.engine_jobs import files_of, for_engine

            files_there = files_of(for_engine(session, compiled, engine), engine, target)
    workflow = compiled.workflow
    if engine:
        _write(files_there, folder)
    elif output == "json":
        click.echo(json.dumps(to_json(workflow), indent=2, ensure_ascii=False))
    else:
        click.echo(print_workflow(workflow), nl=False)


def _write(files: Mapping[str, str], folder: Path | None) -> None:
    """Print an engine's files, or put them into a folder and name them."""
    from sqlml.cli.files import write_file

    for name, text in files.items():
        if folder is None:
            if len(files) > 1:
                click.echo("---" if name.endswith(".yaml") else f"# {name}")
            click.echo(text, nl=False)
        else:
            write_file(folder / name, text)
            click.echo(str(folder / name))
