"""`sqlml lsp`: the language server that editors start."""

import click

from sqlml.cli import options


@click.command()
@options.db
@options.dialect
@options.zoo
def lsp(db: str | None, dialect: str | None) -> None:
    """Serve an editor over stdin and stdout: errors, completion, documentation (docs/editors.md).

    The database tells what tables and models there are; it is only looked at, never held.
    """
    from sqlml.results import require

    require("pygls", "lsp")
    from sqlml.connectors.lsp.server import serve

    serve(options.settled(db=db, dialect=dialect))
