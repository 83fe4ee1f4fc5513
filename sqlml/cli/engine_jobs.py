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
from sqlml.workflow.ir import (
    Comparison,
    Constant,
    Output,
    OutputDeclaration,
    Schedule,
    Workflow,
)

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
    if faults := list(_faults(job, engine, session.settings.dialect)):
        raise ProgramError(*faults)
    asked = [] if job.condition is None else [_asked(job, job.condition)]
    inner = session.compile([*asked, _alone(job)])
    times = tuple(str(time.value) for time in job.schedule)
    timezone = str(job.timezone.value) if job.timezone else DEFAULT_TIMEZONE
    workflow = inner.workflow if job.condition is None else _guarded(inner.workflow, asked[0])
    schedule = Schedule(times, timezone, "forbid")
    workflow = replace(workflow, name=job.name.text, schedule=schedule)
    return replace(inner, stages=(*inner.stages, ("schedule", workflow)))


def _faults(job: ast.CreateJob, engine: str, dialect: str) -> Iterator[Diagnostic]:
    target = ENGINES.load(engine)
    capability = target.support["schedule"]
    if capability.support == "refused":
        message = f"{target.title} has no schedule, which job `{job.name.text}` has"
        yield Diagnostic("E0752", message, job.schedule[0].span, hint=capability.note)
    for time in job.schedule:
        if why := cron_fault(str(time.value)):
            yield Diagnostic("E0784", f"an engine does not take this time: {why}", time.span)
    if job.condition is not None and dialect != "duckdb":
        hint = "write the job in DuckDB's dialect, or let `sqlml scheduler` run it"
        message = f"IF cannot be asked on an engine in the dialect `{dialect}`"
        yield Diagnostic("E0817", message, job.condition.span, hint=hint)


def _asked(job: ast.CreateJob, condition: ast.Query) -> Source:
    """The statement that answers the job's IF: as `sqlml scheduler` does, there is a row; if all
    there is is one value, that is neither NULL, FALSE nor 0.
    """
    return Source(f"{job.name.text}, IF", _ANSWER.format(query=condition.sql.rstrip(" ;")))


def _guarded(workflow: Workflow, asked: Source) -> Workflow:
    """The workflow, all of whose steps run only where its first says yes."""
    first = next(n for n in workflow.nodes if n.place and n.place.file == asked.name)
    says_yes = Comparison(Output(first.name, "answer"), "==", Constant("yes"))
    told = replace(first, outputs=(*first.outputs, OutputDeclaration("answer", "parameter")))
    rest = (replace(n, guard=says_yes) for n in workflow.nodes if n is not first)
    return replace(workflow, nodes=(told, *rest))


_ANSWER = """SELECT CASE WHEN holds THEN 'yes' ELSE 'no' END AS answer FROM (
  SELECT CASE
    WHEN count(*) <> 1 OR any_value(len(told)) > 1 THEN count(*) > 0
    WHEN any_value(json_type(told[1])) IN ('BOOLEAN', 'NULL')
      THEN any_value(told[1] ->> '$') = 'true'
    WHEN any_value(json_type(told[1])) IN ('BIGINT', 'UBIGINT', 'DOUBLE')
      THEN TRY_CAST(any_value(told[1] ->> '$') AS DOUBLE) <> 0
    ELSE TRUE
  END AS holds
  FROM (SELECT json_extract(to_json(asked), '$.*') AS told FROM ({query}) AS asked)
)"""


def _alone(job: ast.CreateJob) -> Source:
    """The job's program at its place in its file, which is blank otherwise."""
    span = job.program.span
    before = re.sub(r"[^\n]", " ", span.source.text[: span.start])
    return Source(span.source.name, before + span.text)
