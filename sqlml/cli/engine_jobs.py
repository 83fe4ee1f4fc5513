"""A program that makes jobs, as an engine takes it: each job's program, with its times."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlml.cli.options import print_notes
from sqlml.codegen import ENGINES
from sqlml.codegen.argo.rules.cron import cron_fault
from sqlml.codegen.engine import Options, render
from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.planner.statements.jobs import DEFAULT_TIMEZONE
from sqlml.session import Compiled, Session
from sqlml.source import Source
from sqlml.workflow.ir import (
    Comparison,
    Constant,
    Input,
    ModelReference,
    Node,
    Output,
    OutputDeclaration,
    Schedule,
    Train,
    Workflow,
)

_ABOUT_JOBS = (ast.CreateJob, ast.ShowJobs, ast.DropJob)


def for_engine(session: Session, compiled: Compiled, engine: str) -> Sequence[Compiled]:
    """What an engine is to have of a program: itself, where it says nothing of jobs; else what it
    says besides, and the program of each job that it makes, whose workflow has a schedule.

    Raises:
        ProgramError: the engine cannot have a job.
    """
    statements = compiled.program.statements
    about = [one for one in statements if isinstance(one, _ABOUT_JOBS)]
    if not about:
        return [compiled]
    jobs = {one.name.text.casefold(): one for one in about if isinstance(one, ast.CreateJob)}
    dropped = [one for one in about if isinstance(one, ast.DropJob)]
    if dropped or not jobs:
        message = "an engine is given the jobs that a program makes"
        hint = "SHOW and DROP JOB are for `sqlml scheduler`; on an engine its own tools do that"
        raise ProgramError(Diagnostic("E0817", message, (*dropped, *about)[0].span, hint=hint))
    for one in about:
        if isinstance(one, ast.ShowJobs):
            print_notes([("SHOW JOBS is left out: an engine shows its jobs itself", one.span)])
    faults = [f for job in jobs.values() for f in _faults(job, engine, session.settings.dialect)]
    if faults:
        raise ProgramError(*faults)
    return [*_written(session, compiled, [*jobs.values()])]


def files_of(programs: Sequence[Compiled], engine: str, target: Options) -> Mapping[str, str]:
    """The files of an engine for several programs: names and texts.

    Raises:
        ProgramError: E0817 two of them would have the same name; what rendering raises.
    """
    files: dict[str, str] = {}
    target = replace(target, shared=_shared([one.workflow for one in programs]))
    for one in programs:
        for name, text in render(one.workflow, engine, target).items():
            if name in files:
                message = f"two files for the engine would be called `{name}`"
                hint = "give jobs different names, and leave out --name"
                raise ProgramError(Diagnostic("E0817", message, one.program.span, hint=hint))
            files[name] = text
    return files


def _shared(workflows: Sequence[Workflow]) -> Mapping[str, Node]:
    """The models that one of the workflows trains and another uses."""
    nodes = [node for workflow in workflows for node in workflow.nodes]
    used = (value for node in nodes for value in node.inputs.values())
    names = {value.name for value in used if isinstance(value, ModelReference)}
    trained = {one.operation.into: one for one in nodes if isinstance(one.operation, Train)}
    return {name: trained[name] for name in sorted(names & {*trained})}


def _written(
    session: Session, compiled: Compiled, jobs: Sequence[ast.CreateJob]
) -> Iterator[Compiled]:
    """All is planned as one program, in which each job knows what is made by those before it."""
    others = [*_others(compiled.program.statements)]
    programs = [(job, [*_asked(job), _alone(job)]) for job in jobs]
    inner = session.compile([*others, *(source for _, own in programs for source in own)])
    name = Path(compiled.workflow.name).stem
    if any(job.name.text.casefold() == name.casefold() for job in jobs):
        name = f"{name}-first"
    if (first := _part(inner, others)).nodes:
        yield replace(inner, stages=session.stages(replace(first, name=name)))
    for job, own in programs:
        stages = session.stages(_part(inner, own))
        workflow = stages[-1][1]
        if job.condition is not None:
            workflow = _guarded(workflow, own[0])
        times = tuple(str(time.value) for time in job.schedule)
        timezone = str(job.timezone.value) if job.timezone else DEFAULT_TIMEZONE
        schedule = Schedule(times, timezone, "forbid")
        workflow = replace(workflow, name=job.name.text, schedule=schedule)
        yield replace(inner, stages=(*stages, ("schedule", workflow)))


def _part(compiled: Compiled, sources: Sequence[Source]) -> Workflow:
    """The steps of some sources. Models that others train are those there are when they run."""
    whole = compiled.stages[0][1]
    statements = compiled.plan.statements_by_node()
    models = {
        node.name: output.target
        for node in whole.nodes
        for output in node.outputs
        if output.kind == "model"
    }
    own = {
        node for node, statement in statements.items() if statement.span.source.written in sources
    }

    def taken(value: Input) -> Input:
        if isinstance(value, Output) and value.node not in own:
            return ModelReference(models[value.node])
        return value

    def apart(node: Node) -> Node:
        inputs = {name: taken(value) for name, value in node.inputs.items()}
        return replace(node, inputs=inputs, after=tuple(a for a in node.after if a.node in own))

    nodes = tuple(apart(node) for node in whole.nodes if node.name in own)
    return replace(whole, nodes=nodes)


def _others(statements: Sequence[ast.Statement]) -> Iterator[Source]:
    """What a program says besides of jobs, at its place in its files."""
    for source in dict.fromkeys(one.span.source for one in statements):
        text = source.text
        for one in statements:
            if one.span.source is source and isinstance(one, _ABOUT_JOBS):
                start, end = one.span.start, one.span.end
                text = text[:start] + _blank(text[start:end]) + text[end:]
        yield Source(source.name, text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


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


def _asked(job: ast.CreateJob) -> Iterator[Source]:
    """The statement that answers the job's IF, if it has one: as `sqlml scheduler` does, there is a
    row; if all there is is one value, that is neither NULL, FALSE nor 0.
    """
    if job.condition is not None:
        query = job.condition.sql.rstrip(" ;")
        yield Source(f"{job.name.text}, IF", _ANSWER.format(query=query))


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
    return Source(span.source.name, _blank(span.source.text[: span.start]) + span.text)
