"""`sqlml schedule FILE --cron …`: let an engine run a program again and again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError

if TYPE_CHECKING:
    from sqlml.codegen.engine import Options
    from sqlml.workflow.ir import Schedule

OWNER = "scheduled"


@click.command()
@options.program
@click.option("--cron", multiple=True, required=True, help="When, such as `0 3 * * *`.")
@click.option("--timezone", default="", metavar="NAME", help="Of those times (default: UTC).")
@click.option("--engine", default="argo", show_default=True, metavar="NAME", help="What runs it.")
@click.option("--name", default="", help="What it is called there (default: after the file).")
@click.option("--suspended", is_flag=True, help="Do not start it until somebody says so.")
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
    engine: str,
    name: str,
    suspended: bool,
    target: "Options",
) -> None:
    """Let an engine run a program at given times; a schedule of that name is replaced.

    The tables and models that the program needs and does not make are put into the store as they
    are now.
    """
    from sqlml.workflow.policies import Schedule

    when = Schedule(tuple(cron), timezone or "UTC", "forbid", suspended)
    _check(when)
    variables = options.read_variables(pairs)
    sources = options.read_sources(files, texts)
    from sqlml.cli.engine_run import check_store, manifest_of, supply
    from sqlml.codegen.engine import render
    from sqlml.runtime import submit
    from sqlml.runtime.cluster import Cluster
    from sqlml.runtime.kubeconfig import access

    target = replace(target, name=name)
    with options.opened(db=db, dialect=dialect) as session:
        compiled = session.compile(sources, variables)
        files_there = render(replace(compiled.workflow, schedule=when), engine, target)
        manifest = manifest_of(files_there, engine, "CronWorkflow")
        check_store(compiled.workflow, target)
        cluster = Cluster(access(target.namespace))
        supply(session, compiled, target.worker.store)
        made = submit.replace(cluster, manifest, OWNER)
    done = "is scheduled" if made.is_new else "is scheduled anew"
    click.echo(f"{made.title} {done} in namespace {cluster.namespace}: {', '.join(cron)}")


def _check(when: "Schedule") -> None:
    from sqlml.codegen.argo_rules.cron import cron_fault, timezone_fault

    faults = [(f"--cron '{each}'", cron_fault(each)) for each in when.cron]
    faults.append((f"--timezone {when.timezone}", timezone_fault(when.timezone)))
    told = [
        Diagnostic("E0784", f"{what} cannot be: {why}", hint=_HINT) for what, why in faults if why
    ]
    if told:
        raise ProgramError(*told)


_HINT = "five fields: minute, hour, day of the month, month, day of the week; `0 3 * * *` is 3:00"
