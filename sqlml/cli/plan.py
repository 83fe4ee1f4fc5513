"""`sqlml plan`: what running a program now would do."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.cli.terminal import duration, memory

if TYPE_CHECKING:
    from sqlml.optimizer.forecast import Change, Forecast, StepForecast

_SIGNS = {"created": "+", "replaced": "~"}


@click.command()
@options.program
def plan(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
) -> None:
    """Show what running a program now would do, and why; nothing runs."""
    sources = options.read_sources(files, texts)
    from sqlml.config import load_settings
    from sqlml.session import Session

    with Session.open(load_settings(db=db, dialect=dialect)) as session:
        compiled = session.compile(sources, options.read_variables(pairs))
        told = session.forecast(compiled)
    click.echo("\n".join(_lines(compiled.workflow.name, told, " ".join(files))))


def _lines(name: str, told: "Forecast", program: str) -> Iterator[str]:
    yield _headline(name, told)
    if told.changes:
        yield ""
        width = max(len(change.name) for change in told.changes)
        yield from (_change(change, width) for change in told.changes)
    if told.steps:
        yield ""
        yield f"  {'step':<11} {'why':<34} {'memory':>9} {'time':>8}"
        yield from (_step(step) for step in told.steps)
    if any(step.runs for step in told.steps):
        yield ""
        yield f"  {_estimate(told)}"
        yield f"  apply: sqlml run {program}   see the workflow: sqlml render {program}"


def _headline(name: str, told: "Forecast") -> str:
    counts = {
        kind: sum(change.kind == kind for change in told.changes) for kind in ("model", "table")
    }
    parts = [f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items() if n]
    if parts:
        return f"{name} would change {' and '.join(parts)}"
    if any(step.runs for step in told.steps):
        return f"{name} would change no model and no table that is known"
    return f"{name} has nothing to do"


def _change(change: "Change", width: int) -> str:
    line = f"  {_SIGNS[change.effect]} {change.kind:<6} {change.name:<{width}}  {change.effect}"
    return f"{line}   {change.remark}".rstrip()


def _step(step: "StepForecast") -> str:
    size = memory(step.memory) if step.memory else "–"
    took = f"~{duration(step.seconds)}" if step.seconds is not None else "–"
    return f"  {step.node.name:<11} {step.why:<34} {size:>9} {took:>8}"


def _estimate(told: "Forecast") -> str:
    if told.seconds is None:
        return "no earlier run to estimate from"
    peak = f" · peak {memory(told.memory)}" if told.memory else ""
    runs = f"{told.samples} earlier run{'' if told.samples == 1 else 's'}"
    return f"about {duration(told.seconds)}{peak}   (from {runs})"
