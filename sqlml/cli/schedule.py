"""`sqlml schedule FILE --cron …`: run a program again and again, here or on an engine."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError

if TYPE_CHECKING:
    from sqlml.codegen.engine import Options
    from sqlml.session import Compiled, Session
    from sqlml.workflow.ir import Schedule

OWNER = "scheduled"


@click.command()
@options.program
@click.option("--cron", multiple=True, required=True, help="When, such as `0 3 * * *`.")
@click.option("--timezone", default="", metavar="NAME", help="Of those times (default: UTC).")
@click.option("--engine", metavar="NAME", help="What runs it: argo … (default: sqlml scheduler).")
@click.option("--name", default="", help="What it is called there (default: after the file).")
@click.option("--suspended", is_flag=True, help="On an engine: do not start it yet.")
@options.target
def schedule(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    cron: Sequence[str],
    timezone: str,
    engine: str | None,
    name: str,
    suspended: bool,
    target: "Options",
) -> None:
    """Run a program at given times; what is scheduled under that name is replaced.

    Here, it becomes a job that `sqlml scheduler` runs. For an engine, the tables and models that it
    needs and does not make are put into the store as they are now.
    """
    from sqlml.codegen.engine import Options
    from sqlml.workflow.policies import Schedule

    when = Schedule(tuple(cron), timezone or "UTC", "forbid", suspended)
    _check_times(when, is_here=not engine)
    if not engine and (suspended or target != Options()):
        raise click.UsageError("where and how an engine runs it: name the engine, --engine argo")
    variables = options.read_variables(pairs)
    program = options.read_program(files, texts)
    if not engine and not isinstance(program, Sequence):
        message, hint = "a job here is a program of SQL, and this is one of Python", "--engine argo"
        raise ProgramError(Diagnostic("E0813", message, hint=f"let an engine run it: {hint}"))
    with options.opened(creates=not engine, db=db, dialect=dialect) as session:
        compiled = session.compile(program, variables)
        _check_jobs(compiled)
        if engine:
            planned = replace(compiled.workflow, schedule=when)
            stages = (*compiled.stages, ("schedule", planned))
            target = replace(target, name=name)
            click.echo(schedule_on(session, replace(compiled, stages=stages), engine, target))
        else:
            job = name or _name(files)
            _keep(session, compiled, job, when)
            click.echo(f"job {job} is kept: {', '.join(cron)}")
            click.echo("  next: sqlml scheduler" + options.on(db), err=True)


def schedule_on(session: "Session", compiled: "Compiled", engine: str, target: "Options") -> str:
    """Let an engine run a program whose workflow has a schedule; gives what to tell of it.

    Raises:
        ProgramError: what the engine, the store and the cluster raise.
    """
    from sqlml.cli.engine_run import check_store, scheduler_of, supply, with_whole_path
    from sqlml.codegen.engine import render
    from sqlml.runtime.cluster import submit
    from sqlml.runtime.cluster.api import Cluster
    from sqlml.runtime.cluster.kubeconfig import access
    from sqlml.runtime.cluster.run import objects_of, the
    from sqlml.runtime.handed.run import Scheduler

    workflow, target = compiled.workflow, with_whole_path(target)
    when = workflow.schedule
    assert when is not None
    times = ", ".join(when.cron)
    runner = scheduler_of(engine)
    check_store(workflow, target)
    if isinstance(runner, Scheduler):
        name = runner.schedule_runs(
            render(workflow, engine, target),
            target.settings,
            target.namespace,
            when,
            lambda text: click.echo(text, err=True),
            supply=lambda: supply(session, compiled, target.worker.store),
        )
        return f"{name} is scheduled: {times}"
    place = access(target.namespace)
    files = render(workflow, engine, replace(target, namespace=place.namespace))
    objects = objects_of(files)
    manifests = [the(kind, objects) for kind in runner.schedule]
    cluster = Cluster(place)
    supply(session, compiled, target.worker.store)
    runner.prepare(cluster, objects)
    made = [submit.replace(cluster, manifest, OWNER) for manifest in manifests][-1]
    done = "is scheduled" if made.is_new else "is scheduled anew"
    return f"{made.title} {done} in namespace {cluster.namespace}: {times}"


def _keep(session: "Session", compiled: "Compiled", name: str, when: "Schedule") -> None:
    """Make the program a job of the database, instead of one of that name."""
    from sqlml.grammar.secrets import without_secrets

    statements = compiled.program.statements
    if not statements:
        hint = "a job is a program of SQL"
        raise ProgramError(Diagnostic("E0813", "the job has no statement", hint=hint))
    texts = dict.fromkeys(statement.span.source for statement in statements)
    program = "\n;\n".join(source.text for source in texts)
    if without_secrets(program, session.settings.dialect) != program:
        message = "a job's program is kept as it is, with the password in it"
        hint = "say it once, outside of the job: `CREATE PERSISTENT SECRET …`"
        raise ProgramError(Diagnostic("E0819", message, hint=hint))
    session.store.jobs.put(
        name,
        program,
        schedule=when.cron,
        timezone=when.timezone,
        dialect=session.settings.dialect,
        replaces=True,
    )


def _check_jobs(compiled: "Compiled") -> None:
    from sqlml.grammar import ast

    for statement in compiled.program.statements:
        if isinstance(statement, ast.CreateJob):
            hint = "`sqlml run` makes the job"
            fault = Diagnostic("E0814", "a job cannot make a job", statement.name.span, hint=hint)
            raise ProgramError(fault)


def _name(files: Sequence[str]) -> str:
    if not files or files[0] == "-":
        raise click.UsageError("what is the job called? --name NAME")
    return Path(files[0]).stem


def _check_times(when: "Schedule", *, is_here: bool) -> None:
    """Raises: ProgramError: E0784, a time or the time zone cannot be."""
    if is_here:
        from sqlml.store.cron import cron_fault
    else:
        from sqlml.codegen.argo.rules.cron import cron_fault
    from sqlml.store.cron import timezone_fault

    faults = [(f"--cron '{each}'", cron_fault(each)) for each in when.cron]
    faults.append((f"--timezone {when.timezone}", timezone_fault(when.timezone)))
    told = [
        Diagnostic("E0784", f"{what} cannot be: {why}", hint=_HINT) for what, why in faults if why
    ]
    if told:
        raise ProgramError(*told)


_HINT = "five fields: minute, hour, day of the month, month, day of the week; `0 3 * * *` is 3:00"
