"""`sqlml log RUN [STEP]`: what the steps of a run wrote."""

import click

from sqlml.cli import options


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@options.db
def log(run: str, step: str | None, db: str | None) -> None:
    """Print what a step of a run wrote, with its error if it failed; or what all of them wrote."""
    with options.opened(db=db) as session:
        logs = session.store.runs.logs(run, step)
    written = {name: text.rstrip() for name, text in logs.items() if text.strip()}
    for name, text in written.items():
        if step is None:
            click.echo(f"── {name} " + "─" * max(3, 60 - len(name)))
        click.echo(text)
    if not written:
        click.echo("nothing was written", err=True)
