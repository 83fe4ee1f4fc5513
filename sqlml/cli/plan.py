"""`sqlml plan`: what running a program now would do."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.cli.terminal import duration, memory

if TYPE_CHECKING:
    from sqlml.optimizer.forecast import Change, Forecast, StepForecast
    from sqlml.optimizer.hindsight import Compared

_SIGNS = {"created": "+", "replaced": "~", "changed": "~", "dropped": "-"}


@click.command()
@options.program
@options.passes
@click.option("--verify", "run", metavar="RUN", help="What was to be expected of a run that ended.")
def plan(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    passes: str | None,
    run: str | None,
) -> None:
    """Show what running a program now would do, and why; nothing runs.

    With --verify, show what earlier runs let expect of RUN beside what then happened.
    """
    if run is not None:
        _verify(db, run)
        return
    variables = options.read_variables(pairs)
    program = options.read_program(files, texts)
    with options.opened(db=db, dialect=dialect, passes=passes) as session:
        compiled = session.compile(program, variables)
        told = session.forecast(compiled)
    options.print_notes(compiled.plan.notes)
    again = options.spelled(files, texts, pairs, db, dialect=dialect)
    click.echo("\n".join(_lines(compiled.workflow.name, told, again)))


def _verify(db: str | None, name: str) -> None:
    from sqlml.optimizer.hindsight import hindsight

    with options.opened(db=db) as session:
        runs = session.store.runs
        runs.check(name)
        run = runs.find(name)
        assert run is not None
        lines = list(_verified(list(hindsight(runs, run))))
    click.echo("\n".join([f"run {run.id} · {run.name}", "", *lines]))


def _lines(name: str, told: "Forecast", program: str) -> Iterator[str]:
    yield _headline(name, told)
    if told.changes:
        yield ""
        width = max(len(change.name) for change in told.changes)
        yield from (_change(change, width) for change in told.changes)
    if told.steps:
        yield ""
        names = max(4, *(len(step.node.name) for step in told.steps))
        whys = max(3, *(len(step.why) for step in told.steps))
        yield f"  {'step':<{names}}  {'why':<{whys}}  {'memory':>8}  {'time':>8}"
        yield from (_step(step, names, whys) for step in told.steps)
    if told.inputs:
        yield ""
        yield from (f"  `{name}` {remark}" for name, remark in told.inputs.items())
    if any(step.runs for step in told.steps):
        yield ""
        yield f"  {_estimate(told)}"
        if len(told.critical_path) > 1:
            yield f"  {_longest(told)}"
        yield f"  apply: sqlml run {program}     see the workflow: sqlml render {program}"


def _headline(name: str, told: "Forecast") -> str:
    counts = {
        kind: sum(change.kind == kind for change in told.changes) for kind in ("model", "table")
    }
    parts = [f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items() if n]
    if parts:
        return f"{name} would change {' and '.join(parts)}"
    if any(step.runs for step in told.steps):
        return f"{name} would change no model and no table"
    return f"{name} has nothing to do"


def _change(change: "Change", width: int) -> str:
    sign = _SIGNS[change.effect]
    line = f"  {sign} {change.kind:<6} {change.name:<{width}}   {change.effect:<8}"
    return f"{line}   {change.remark}".rstrip()


def _step(step: "StepForecast", names: int, whys: int) -> str:
    size = memory(step.memory) if step.memory else "–"
    took = f"~{duration(step.seconds)}" if step.seconds is not None else "–"
    return f"  {step.node.name:<{names}}  {step.why:<{whys}}  {size:>8}  {took:>8}"


def _estimate(told: "Forecast") -> str:
    if told.seconds is None:
        return "no earlier run to estimate from"
    peak = f" · peak {memory(told.memory)}" if told.memory else ""
    cpu = f" · {told.cpu_seconds / 3600:.2g} cpu-hours" if told.cpu_seconds else ""
    runs = f"{told.samples} earlier run{'' if told.samples == 1 else 's'}"
    return f"about {duration(told.seconds)}{cpu}{peak}     (from {runs})"


def _longest(told: "Forecast") -> str:
    return f"the longest way: {' ─▶ '.join(told.critical_path)}"


def _verified(compared: "Sequence[Compared]") -> Iterator[str]:
    """What was expected beside what happened."""
    width = max(4, *(len(each.step) for each in compared))
    yield f"  {'step':<{width}}  {'expected':>9}  {'took':>9}  {'expected':>9}  {'held':>9}  runs"
    for each in compared:
        times = [each.expected_seconds, each.seconds]
        sizes = [each.expected_memory, each.memory]
        cells = [*map(_or_dash(duration), times), *map(_or_dash(memory), sizes)]
        yield f"  {each.step:<{width}}  {'  '.join(f'{c:>9}' for c in cells)}  {each.samples:>4}"
    known = [each for each in compared if each.expected_seconds is not None]
    yield ""
    if not known:
        yield "  no earlier run to expect anything from"
        return
    expected = sum(each.expected_seconds or 0.0 for each in known)
    took = sum(each.seconds for each in known)
    steps = f"{len(known)} step{'' if len(known) == 1 else 's'}"
    yield f"  {steps}: expected {duration(expected)}, took {duration(took)}"


def _or_dash(shown: Callable[[float], str]) -> Callable[[float | None], str]:
    return lambda value: "–" if value is None else shown(value)
