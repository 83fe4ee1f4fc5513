"""How the compiler sees a program, stage by stage, as text."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.grammar.printer import print_program
from sqlml.optimizer.forecast import Forecast, StepForecast
from sqlml.runtime.titles import titles
from sqlml.session import Compiled, connect
from sqlml.source import Source, Span
from sqlml.workflow.graph import needs
from sqlml.workflow.text import print_workflow

_WIDEST = 52  # of a title
_MOST_NAMES = 6  # of steps that a step waits for


def explain(
    text: str,
    *,
    db: str | Path | None = None,
    variables: Mapping[str, str] | None = None,
    **settings: Any,
) -> str:
    """How the compiler sees a program; nothing runs.

    Raises:
        ProgramError: the program is wrong.
    """
    with connect(db, **settings) as session:
        compiled = session.compile([Source("<program>", text)], variables)
        return overview(compiled, session.forecast(compiled))


def after(compiled: Compiled, stage: str) -> str:
    """The whole program after one stage: `tree`, `plan`, `workflow`, or the name of a pass.

    Raises:
        ProgramError: there is no such stage.
    """
    if stage == "tree":
        return print_program(compiled.program)
    if stage == "plan":
        return compiled.plan.text()
    workflows = dict(compiled.stages)
    if stage not in workflows:
        known = ["tree", "plan", *workflows]
        hint = did_you_mean(stage, known) or f"stages: {', '.join(known)}"
        raise ProgramError(Diagnostic("E0711", f"there is no stage `{stage}`", hint=hint))
    return print_workflow(workflows[stage])


def differences(compiled: Compiled) -> str:
    """What each pass changes in the workflow's text form."""
    lines: list[str] = []
    for (before, old), (name, new) in pairwise(compiled.stages):
        old_lines, new_lines = (print_workflow(w).splitlines() for w in (old, new))
        changes = list(unified_diff(old_lines, new_lines, before, name, lineterm="", n=1))
        lines += changes or [f"{name}: no change"]
    return "\n".join(lines)


def overview(compiled: Compiled, told: Forecast) -> str:
    """Every statement: its plan, its step, and what running it now would come to; and the steps of
    a workflow that are no statements.
    """
    return "\n".join(_lines(compiled, told)).rstrip()


def _lines(compiled: Compiled, told: Forecast) -> Iterator[str]:
    nodes = compiled.plan.nodes_by_statement()
    steps = {step.node.name: step for step in told.steps}
    for index, operator in enumerate(compiled.plan.operators):
        yield f"statement {index + 1:<3} {operator.title:<52} {_place(operator.span)}"
        for i, line in enumerate(operator.text().splitlines()):
            yield f"  {'' if i else 'plan':<12}{line}"
        for name in nodes[index]:
            if name in steps:
                yield from _step(steps.pop(name))
        yield ""
    shown = titles(compiled.workflow)
    for name, step in steps.items():
        title, place = " ".join(shown.get(name, "").split()), step.node.place
        where = f"{place.file}:{place.line}" if place else ""
        yield f"step          {title[:_WIDEST]:<{_WIDEST}} {where}".rstrip()
        yield from _step(step)
        yield ""


def _step(step: StepForecast) -> Iterator[str]:
    """How a step stands in the workflow, and what is to be said of it."""
    waits = _listed(needs(step.node))
    yield f"  {'workflow':<12}{f'{waits} ─▶ ' if waits else ''}{step.node.name}"
    yield f"  {'passes':<12}{_size(step)}"
    yield f"  {'run':<12}{step.why}"


def _listed(names: Sequence[str]) -> str:
    shown = names if len(names) <= _MOST_NAMES else (names[0], "…", names[-1])
    return ", ".join(shown)


def _size(step: StepForecast) -> str:
    """What the size pass asks for, and how it knows."""
    asked = step.node.resources.memory
    if not asked:
        return "size  –"
    runs = f"{step.samples} earlier run{'' if step.samples == 1 else 's'}"
    return f"size  {asked / 2**20:.0f} MiB" + (f" ({runs})" if step.samples else "")


def _place(span: Span) -> str:
    """`file:first line-last line` of a statement."""
    first, _ = span.source.position(span.start)
    last, _ = span.source.position(max(span.start, span.end - 1))
    return f"{span.source.name}:{first}" + (f"-{last}" if last > first else "")
