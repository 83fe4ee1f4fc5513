"""`sqlml run`: run a program here."""

from collections.abc import Iterable, Sequence
from shlex import quote
from typing import TYPE_CHECKING

import click

from sqlml.cli import options

if TYPE_CHECKING:
    from sqlml.codegen.engine import Options
    from sqlml.results import Result
    from sqlml.runtime.report import RunReport
    from sqlml.session import Compiled, Session
    from sqlml.workflow.ir import Workflow

IN_MEMORY = ":memory:"
EXIT_CODES = {"succeeded": 0, "failed": 1, "interrupted": 130}


@click.command()
@options.program
@options.passes
@options.output
@click.option("--json", "as_json", is_flag=True, help="Print events and results as JSON lines.")
@click.option("--on-error", type=click.Choice(["stop", "continue"]), help="After a failed step.")
@click.option("--resume", metavar="RUN", help="Go on with a run that failed or was interrupted.")
@click.option("--reuse/--no-reuse", default=None, help="Skip steps that have not changed.")
@click.option("--cache-size", metavar="SIZE", help="What steps made, kept for later: 2GB …")
@click.option("--cache-policy", metavar="NAME", help="What of it stays: expected, lru …")
@click.option("--threads", type=click.IntRange(min=1), help="Cores to use (default: all).")
@click.option(
    "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the workflow."
)
@click.option("--engine", metavar="NAME", help="Run it on an engine: argo, tekton, airflow, kfp.")
@click.option("--run-id", default="", metavar="ID", help="Of a run on an engine: done only once.")
@click.option("--quiet", "-q", is_flag=True, help="Show results and errors only.")
@options.target
def run(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    passes: str | None,
    output: str,
    as_json: bool,
    on_error: str | None,
    resume: str | None,
    reuse: bool | None,
    cache_size: str | None,
    cache_policy: str | None,
    threads: int | None,
    given: Sequence[str],
    engine: str | None,
    run_id: str,
    quiet: bool,
    target: "Options",
) -> int:
    """Run SQL programs: the statements of all files, as one program; or the workflow of a
    `.workflow` file or a Python file.

    Statements run in parallel unless one needs what another makes. Results go to stdout, progress
    to stderr.
    """
    settings = options.settled(
        db=db,
        dialect=dialect,
        on_error=on_error,
        reuse=reuse,
        threads=threads,
        passes=passes,
        cache_size=cache_size,
        cache_policy=cache_policy,
    )
    variables = options.read_variables(pairs)
    parameters = options.read_variables(given, "--param")
    program = options.read_program(files, texts)
    from sqlml.runtime.workers.ahead import started_ahead

    sources = program if isinstance(program, Sequence) else program.sources
    texts_here = () if engine else (source.text for source in sources)
    with started_ahead(texts_here, settings.threads or None) as pool:
        from sqlml.cli.progress import progress_for
        from sqlml.session import Session

        with Session.open(settings) as session:
            compiled = session.compile(program, variables, resume=resume)
            if not quiet:
                options.print_notes(compiled.plan.notes, as_json=as_json)
            if not compiled.workflow.nodes:
                return _nothing_to_do(quiet=quiet)
            first, jobs = _apart(session, compiled, engine, target)
            if engine and first is None:
                _schedule_on(session, jobs, engine, target)
                return 0
            compiled = first or compiled
            with progress_for(compiled.workflow, as_json=as_json, quiet=quiet) as progress:
                if engine:
                    from sqlml.cli.engine_run import Asked, run_on

                    asked = Asked(engine, target, run_id, parameters)
                    report, results = run_on(session, compiled, asked, progress)
                    _schedule_on(
                        session, jobs if report.outcome == "succeeded" else (), engine, target
                    )
                else:
                    done = session.execute(
                        compiled, [progress], parameters=parameters, resume=resume, pool=pool
                    )
                    report, results = done.report, done.results
            _print(results, output, as_json=as_json)
            models = [name for name in _models(compiled.workflow) if session.models.find(name)]
    is_gone = settings.db == IN_MEMORY
    if not (as_json or is_gone or (quiet and report.outcome == "succeeded")):
        again = (
            ""
            if engine
            else options.spelled(files, texts, pairs, db, parameters=given, dialect=dialect)
        )
        for line in _next(report, models, again, options.on(db)):
            click.echo(f"  {line}", err=True)
    return EXIT_CODES[report.outcome]


def _print(results: "Iterable[Result]", output: str, *, as_json: bool) -> None:
    from sqlml.cli.results import print_event, print_result

    for i, result in enumerate(results):
        if as_json:
            print_event(result.step, result.table)
            continue
        if i and output in ("table", "markdown"):
            click.echo()
        print_result(result.table, output)


def _nothing_to_do(*, quiet: bool) -> int:
    if not quiet:
        click.echo("there is no statement to run", err=True)
    return 0


def _apart(
    session: "Session", compiled: "Compiled", engine: str | None, target: "Options"
) -> "tuple[Compiled | None, Sequence[Compiled]]":
    """What is to run now, if anything; and the jobs that an engine is to run at their times.

    Raises:
        ProgramError: the engine cannot have one of them.
    """
    from sqlml.cli.engine_jobs import files_of, for_engine
    from sqlml.cli.engine_run import scheduler_of

    if engine is None:
        return compiled, ()
    programs = for_engine(session, compiled, engine)
    rest = [one for one in programs if one is compiled or not one.workflow.schedule]
    if len(rest) < len(programs):
        scheduler_of(engine)
        files_of(programs, engine, target)
    return next(iter(rest), None), programs[len(rest) :]


def _schedule_on(
    session: "Session", jobs: "Sequence[Compiled]", engine: str, target: "Options"
) -> None:
    """Let an engine run jobs at their times, and tell so."""
    from sqlml.cli.schedule import schedule_on

    for job in jobs:
        click.echo(schedule_on(session, job, engine, target))


def _next(report: "RunReport", models: Sequence[str], again: str, db: str) -> Sequence[str]:
    """The next useful commands. models: that were made. again: what goes on with a run here."""
    if report.outcome == "succeeded":
        shown = [report.run, *models[:1]]
        return ["next: " + "   ".join(f"sqlml show {quote(name)}{db}" for name in shown)]
    failed = report.failed_step
    log = [f"log: sqlml log {report.run} {failed}{db}"] if failed else []
    return [*log, f"resume with: sqlml run {again} --resume {report.run}"] if again else log


def _models(workflow: "Workflow") -> Sequence[str]:
    """The models that it makes and neither renames nor drops again; else by their new names."""
    from sqlml.workflow.operations import Alter, Manage
    from sqlml.workflow.values import Output

    made: dict[str, str] = {}  # by the step that makes it
    for node in workflow.nodes:
        for output in node.outputs:
            if output.kind == "model":
                made[node.name] = output.target
        match node.operation, node.inputs.get("model"):
            case Manage(action="drop", model=dropped), _:
                made = {step: m for step, m in made.items() if m.casefold() != dropped.casefold()}
            case Alter(action="rename", name=new), Output(node=step) if step in made:
                old = made[step]
                made = {step: new if m == old else m for step, m in made.items()}
    return tuple(made.values())
