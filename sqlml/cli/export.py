"""`sqlml export MODEL`: a stored model for other programs."""

from pathlib import Path

import click

from sqlml.cli import options


@click.command()
@click.argument("model")
@click.option(
    "--format",
    "format_name",
    default="native",
    show_default=True,
    metavar="FORMAT",
    help="native (the library's own files), onnx, pmml, or sql (one SELECT).",
)
@click.option("--to", type=click.Path(path_type=Path), help="The file or folder to write.")
@click.option("--from", "table", metavar="TABLE", help="The table that the SELECT reads.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@options.db
def export(
    *,
    model: str,
    format_name: str,
    to: Path | None,
    table: str | None,
    force: bool,
    db: str | None,
) -> None:
    """Write a stored model (`m`, `m@3`, `m@champion`) as files that do not need sqlml."""
    with options.opened(db=db) as session:
        written = session.models.export(model, format_name, to, table=table, replace=force)
    click.echo(written)
