"""A program in one call: `sqlml.run(…)`, `sqlml.plan(…)`, `sqlml.render(…)`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlml.codegen.engine import Options
from sqlml.codegen.engine import render as render_for
from sqlml.optimizer.forecast import Forecast
from sqlml.planner.author import Author, authored
from sqlml.results import Results
from sqlml.session import connect
from sqlml.workflow.ir import Json
from sqlml.workflow.text import print_workflow


def run(
    text: str | Author,
    *,
    db: str | Path | None = None,
    variables: Mapping[str, str] | None = None,
    parameters: Mapping[str, Json] | None = None,
    **settings: Any,
) -> Results:
    """Run a program, or a workflow that is written in Python, and give its results.

    db: a DuckDB file. parameters: values of the workflow's.

    Raises:
        ProgramError: the program is wrong; nothing has run.
        StepError: a step failed; the steps that do not need it have run.
    """
    with connect(db, **settings) as session:
        return session.run(text, variables=variables, parameters=parameters)


def plan(text: str | Author, *, db: str | Path | None = None, **settings: Any) -> Forecast:
    """What running a program now would do, and why; nothing runs.

    Raises:
        ProgramError: the program is wrong.
    """
    with connect(db, **settings) as session:
        return session.forecast(session.compile(authored(text)))


def render(
    text: str | Author,
    *,
    engine: str = "",
    db: str | Path | None = None,
    options: Options | None = None,
    **settings: Any,
) -> str:
    """The workflow that a program becomes: its text form, or what an engine runs; nothing runs.

    options: how to write it for the engine.

    Raises:
        ProgramError: the program is wrong, or the engine cannot do what it asks for.
    """
    with connect(db, **settings) as session:
        workflow = session.compile(authored(text)).workflow
    if not engine:
        return print_workflow(workflow)
    return "".join(render_for(workflow, engine, options or Options()).values())
