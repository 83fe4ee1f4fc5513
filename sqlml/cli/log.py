"""`sqlml log RUN [STEP]`: what the steps of a run wrote."""

import click

from sqlml.cli import options


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@options.db
def log(run: str, step: str | None, db: str | None) -> None:
    """Print the logs of a run, or of one of its steps."""
    from sqlml.config import load_settings
    from sqlml.session import Session

    with Session.open(load_settings(db=db)) as session:
        for name, text in session.store.runs.logs(run, step).items():
            if step is None:
                click.echo(f"── {name} " + "─" * max(3, 60 - len(name)))
            click.echo(text.rstrip() or "(nothing)")
