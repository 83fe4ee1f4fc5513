"""`sqlml cancel RUN`: stop a run that an engine does."""

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError


@click.command()
@click.argument("run")
@options.db
def cancel(run: str, db: str | None) -> None:
    """Let a run on an engine stop; its steps on exit still run."""
    from sqlml.cli.engine_run import placed
    from sqlml.cli.records import recorded

    with recorded(db=db) as session:
        session.store.runs.steps(run)
        place = placed(session, run)
        if place is None:
            message = f"run `{run}` is not on an engine"
            hint = "press Ctrl-C where it runs"
            raise ProgramError(Diagnostic("E0783", message, hint=hint))
        is_stopped = place.stop()
    click.echo(f"run {run} is asked to stop" if is_stopped else f"run {run} had ended already")
