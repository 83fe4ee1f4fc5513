"""`sqlml render`: the workflow that a program becomes."""

import json
from collections.abc import Sequence

import click

from sqlml.cli import options


@click.command()
@options.program
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The workflow's text form, or JSON.",
)
def render(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    output: str,
) -> None:
    """Print the workflow that a program becomes; nothing runs."""
    variables = options.read_variables(pairs)
    sources = options.read_sources(files, texts)
    from sqlml.workflow.serial import to_json
    from sqlml.workflow.text import print_workflow

    with options.opened(db=db, dialect=dialect) as session:
        workflow = session.compile(sources, variables).workflow
    if output == "json":
        click.echo(json.dumps(to_json(workflow), indent=2, ensure_ascii=False))
    else:
        click.echo(print_workflow(workflow), nl=False)
