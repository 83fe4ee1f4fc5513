"""`sqlml models`: the models that are stored."""

import click

from sqlml.cli import options


@click.command()
@options.db
@options.output
def models(db: str | None, output: str) -> None:
    """List the stored models, the newest version of each."""
    from sqlml.cli.results import print_result
    from sqlml.config import load_settings
    from sqlml.session import Session

    with Session.open(load_settings(db=db, reuse=False)) as session:
        print_result(session.run("SHOW MODELS").to_arrow(), output)
