"""`sqlml explain`: how the compiler sees a program, stage by stage."""

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.cli.terminal import memory
from sqlml.errors import Diagnostic, ProgramError, did_you_mean

if TYPE_CHECKING:
    from sqlml.optimizer.forecast import Forecast
    from sqlml.session import Compiled


@click.command()
@options.program
@click.option("--after", metavar="STAGE", help="Show the program after one stage, in full.")
@click.option("--diff", is_flag=True, help="Show what each pass changes in the workflow.")
def explain(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    after: str | None,
    diff: bool,
) -> None:
    """Show how the compiler sees a program, stage by stage; nothing runs.

    The stages are `tree`, `plan`, `workflow`, and then the optimizer's passes by name.
    """
    sources = options.read_sources(files, texts)
    from sqlml.config import load_settings
    from sqlml.session import Session

    with Session.open(load_settings(db=db, dialect=dialect)) as session:
        compiled = session.compile(sources, options.read_variables(pairs))
        if after is not None:
            click.echo(_after(compiled, after).rstrip())
        elif diff:
            click.echo("\n".join(_diffs(compiled)))
        else:
            click.echo("\n".join(_overview(compiled, session.forecast(compiled))))


def _after(compiled: "Compiled", stage: str) -> str:
    from sqlml.grammar.printer import print_program
    from sqlml.workflow.text import print_workflow

    if stage == "tree":
        return print_program(compiled.program)
    if stage == "plan":
        return "\n".join(operator.text() for operator in compiled.plan.operators)
    workflows = dict(compiled.stages)
    if stage not in workflows:
        known = ["tree", "plan", *workflows]
        hint = did_you_mean(stage, known) or f"stages: {', '.join(known)}"
        raise ProgramError(Diagnostic("E0711", f"there is no stage `{stage}`", hint=hint))
    return print_workflow(workflows[stage])


def _diffs(compiled: "Compiled") -> Iterator[str]:
    from sqlml.workflow.text import print_workflow

    for (before, old), (name, new) in pairwise(compiled.stages):
        old_lines, new_lines = (print_workflow(w).splitlines() for w in (old, new))
        changes = list(unified_diff(old_lines, new_lines, before, name, lineterm="", n=1))
        yield from changes or [f"{name}: no change"]


def _overview(compiled: "Compiled", told: "Forecast") -> Iterator[str]:
    from sqlml.workflow.graph import needs

    nodes = compiled.plan.nodes_by_statement()
    steps = {step.node.name: step for step in told.steps}
    for number, operator in enumerate(compiled.plan.operators, 1):
        yield f"statement {number:<3} {operator.title:<52} {operator.span.place}"
        for i, line in enumerate(operator.text().splitlines()):
            yield f"  {'plan' if i == 0 else '':<12}{line}"
        for name in nodes.get(number - 1, ()):
            step = steps[name]
            after = ", ".join(needs(step.node))
            yield f"  {'workflow':<12}{name}{f' after {after}' if after else ''}"
            size = (
                f"size    {memory(step.node.resources.memory)}"
                if step.node.resources.memory
                else "size    –"
            )
            yield f"  {'passes':<12}{size}"
            yield f"  {'run':<12}{step.why}"
        yield ""
