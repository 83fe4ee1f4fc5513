"""`sqlml run`: run a program here."""

import json
from collections.abc import Sequence
from typing import Any

import click

from sqlml.cli import options

INTERRUPTED = 130


@click.command()
@options.program
@options.output
@click.option("--json", "as_json", is_flag=True, help="Print events and results as JSON lines.")
@click.option("--on-error", type=click.Choice(["stop", "continue"]), help="After a failed step.")
@click.option("--resume", metavar="RUN", help="Go on with a run that failed or was interrupted.")
@click.option("--reuse/--no-reuse", default=None, help="Skip steps that have not changed.")
@click.option("--threads", type=int, help="Cores to use (default: all).")
@click.option("--quiet", "-q", is_flag=True, help="Show results and errors only.")
def run(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    output: str,
    as_json: bool,
    on_error: str | None,
    resume: str | None,
    reuse: bool | None,
    threads: int | None,
    quiet: bool,
) -> int:
    """Run SQL programs: the statements of all files, as one program.

    Statements run in parallel unless one needs what another makes. Results go to stdout, progress
    to stderr.
    """
    sources = options.read_sources(files, texts)
    from sqlml.runtime.ahead import start_ahead

    pool = start_ahead((source.text for source in sources), threads)
    from sqlml.cli.progress import progress_for
    from sqlml.cli.results import print_result
    from sqlml.config import load_settings
    from sqlml.session import Session

    settings = load_settings(
        db=db, dialect=dialect, on_error=on_error, reuse=reuse, threads=threads
    )
    with Session.open(settings) as session:
        compiled = session.compile(sources, options.read_variables(pairs))
        for message, span in compiled.plan.notes:
            click.echo(f"note: {message} ({span.place})", err=True)
        if not compiled.workflow.nodes:
            return 0
        with progress_for(as_json=as_json, quiet=quiet) as progress:
            execution = session.execute(compiled, [progress], resume=resume, pool=pool)
        for result in execution.results:
            if as_json:
                _print_as_event(result.step, result.table)
            else:
                print_result(result.table, output)
    report = execution.report
    if not as_json:
        click.echo(_next(report.run, report.outcome, files, report.failed_step), err=True)
    return {"succeeded": 0, "failed": 1, "interrupted": INTERRUPTED}[report.outcome]


def _print_as_event(step: str, table: Any) -> None:
    from sqlml.cli.results import jsonable, records

    rows = list(records(table))
    event = {"event": "result", "step": step, "columns": table.column_names, "rows": rows}
    click.echo(json.dumps(event, default=jsonable, ensure_ascii=False))


def _next(run: str, outcome: str, files: Sequence[str], failed: str | None) -> str:
    """The next useful command."""
    program = " ".join(files) or "…"
    if outcome == "succeeded":
        return f"  next: sqlml show {run}   sqlml models"
    log = f"  log: sqlml log {run} {failed}\n" if failed else ""
    return f"{log}  resume with: sqlml run {program} --resume {run}"
