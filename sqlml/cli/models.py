"""`sqlml models`: the models that are stored."""

import click

from sqlml.cli import options


@click.command()
@options.db
@options.output
def models(db: str | None, output: str) -> None:
    """List the stored models, the newest version of each."""
    from sqlml.cli.results import print_result

    with options.opened(db=db) as session:
        print_result(session.models.overview(), output)
