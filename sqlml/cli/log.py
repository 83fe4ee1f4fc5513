"""`sqlml log RUN [STEP]`: what the steps of a run wrote."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from sqlml.cli import options

if TYPE_CHECKING:
    from sqlml.session import Session


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@options.db
def log(run: str, step: str | None, db: str | None) -> None:
    """Print what a step of a run wrote, with its error if it failed; or what all of them wrote."""
    from sqlml.cli.records import recorded

    with recorded(db=db) as session:
        logs = session.store.runs.logs(run, step)
        found = session.store.runs.find(run)
        if session.store.placements.find(run) is not None and not all(logs.values()):
            logs = _with_those_of_pods(session, run, logs)
    written = {name: text.rstrip() for name, text in logs.items() if text.strip()}
    for name, text in written.items():
        if step is None:
            click.echo(f"── {name} " + "─" * max(3, 60 - len(name)))
        click.echo(text)
    if not written:
        goes_on = found is not None and found.outcome == "running"
        so_far = " so far; a step's log is here when the step has ended" if goes_on else ""
        click.echo(f"nothing was written{so_far}", err=True)


def _with_those_of_pods(session: "Session", run: str, logs: Mapping[str, str]) -> Mapping[str, str]:
    """The logs, and what the pods of those steps have printed whose end nobody has followed."""
    from sqlml.cli.engine_run import placed
    from sqlml.runtime.handed.follow import logs_of

    place = placed(session, run)
    return logs if place is None else logs_of(place, logs)
