"""A program that makes a job, as an engine takes it: the job's program, with its times."""

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlml.codegen import ENGINES
from sqlml.codegen.argo.rules.cron import cron_fault
from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.planner.statements.jobs import DEFAULT_TIMEZONE
from sqlml.session import Compiled, Session
from sqlml.source import Source
from sqlml.workflow.ir import Schedule

_ABOUT_JOBS = (ast.CreateJob, ast.ShowJobs, ast.DropJob)


def for_engine(session: Session, compiled: Compiled, engine: str) -> Compiled:
    """The program of the job that a program makes, its workflow with a schedule; any other program
    as it is.

    Raises:
        ProgramError: the engine cannot have the job.
    """
    statements = compiled.program.statements
    first = next((one for one in statements if isinstance(one, _ABOUT_JOBS)), None)
    if first is None:
        return compiled
    job = first
    if not isinstance(job, ast.CreateJob) or len(statements) + len(compiled.workflow.nodes) != 2:
        message = "for an engine, CREATE JOB is all that a program says"
        hint = "put the rest into a program of its own; SHOW and DROP JOB are for `sqlml scheduler`"
        raise ProgramError(Diagnostic("E0817", message, job.span, hint=hint))
    if faults := list(_faults(job, engine)):
        raise ProgramError(*faults)
    inner = session.compile([_alone(job)])
    times = tuple(str(time.value) for time in job.schedule)
    timezone = str(job.timezone.value) if job.timezone else DEFAULT_TIMEZONE
    workflow = replace(
        inner.workflow, name=job.name.text, schedule=Schedule(times, timezone, "forbid")
    )
    return replace(inner, stages=(*inner.stages, ("schedule", workflow)))


def _faults(job: ast.CreateJob, engine: str) -> Iterator[Diagnostic]:
    target = ENGINES.load(engine)
    capability = target.support["schedule"]
    if capability.support == "refused":
        message = f"{target.title} has no schedule, which job `{job.name.text}` has"
        yield Diagnostic("E0752", message, job.schedule[0].span, hint=capability.note)
    for time in job.schedule:
        if why := cron_fault(str(time.value)):
            yield Diagnostic("E0784", f"an engine does not take this time: {why}", time.span)
    if job.condition is not None:
        hint = "let `sqlml scheduler` run the job, or let its program do nothing on other days"
        message = "IF cannot be asked on an engine"
        yield Diagnostic("E0817", message, job.condition.span, hint=hint)


def _alone(job: ast.CreateJob) -> Source:
    """The job's program at its place in its file, which is blank otherwise."""
    span = job.program.span
    before = re.sub(r"[^\n]", " ", span.source.text[: span.start])
    return Source(span.source.name, before + span.text)
