"""`sqlml repl`, or `sqlml` alone: a prompt that takes statements one by one."""

import click

from sqlml.cli import options


@click.command()
@options.db
@options.dialect
@options.zoo
def repl(db: str | None, dialect: str | None) -> None:
    r"""Open a prompt: statements run when a `;` ends them. `\?` tells what else there is."""
    talk(db=db, dialect=dialect)


def talk(**settings: str | None) -> None:
    """Hold the prompt open until it is left."""
    from contextlib import closing

    from sqlml.cli.interactive.loop import Loop
    from sqlml.connectors.dbapi.lasting import lasting

    with options.opened(**settings, creates=True) as session, closing(lasting(session)) as own:
        Loop(own).run()
