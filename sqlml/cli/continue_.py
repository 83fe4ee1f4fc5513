"""`sqlml continue RUN [STEP]`: let a run go on that waits for a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError, did_you_mean

if TYPE_CHECKING:
    from sqlml.session import Session


@click.command("continue")
@click.argument("run")
@click.argument("step", required=False)
@options.db
def continue_(run: str, step: str | None, db: str | None) -> None:
    """Let the steps of a run go on that wait for a person, or one of them."""
    from sqlml.cli.records import recorded

    with recorded(db=db) as session:
        session.store.runs.check(run)
        released = _released(session, run, step)
    click.echo(f"run {run} goes on: {', '.join(released)}")


def _released(session: "Session", run: str, step: str | None) -> Sequence[str]:
    """The steps that are let go on.

    Raises:
        ProgramError: E1030 no step waits, E1031 that one does not; and what a cluster raises.
    """
    from sqlml.cli.engine_run import placed

    place = placed(session, run)
    if place is not None:
        return place.resume(lambda waiting: _chosen(run, step, waiting))
    store = session.store
    waits = store.waits.of(run) if run in store.drivers.living() else {}
    chosen = _chosen(run, step, [*waits])
    for name in chosen:
        waits[name].end()
    return chosen


def _chosen(run: str, step: str | None, waiting: Sequence[str]) -> Sequence[str]:
    if not waiting:
        message = f"no step of run `{run}` waits for anybody"
        raise ProgramError(Diagnostic("E1030", message, hint=f"see what it does: sqlml show {run}"))
    if step is None:
        return waiting
    if step not in waiting:
        hint = did_you_mean(step, waiting) or f"these wait: {', '.join(waiting)}"
        raise ProgramError(Diagnostic("E1031", f"step `{step}` does not wait", hint=hint))
    return [step]
