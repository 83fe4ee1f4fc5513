"""`sqlml step`: one step of a workflow, as an engine's task runs it."""

import json
import os
import sys
from pathlib import Path

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError, SqlmlError, StepError


@click.command()
@click.argument("step", metavar="JSON")
@click.option("--run", required=True, metavar="ID", help="What the engine calls the run.")
@options.db
@click.option("--store", default="", metavar="URL", help="The artifact store, instead of --db.")
@click.option(
    "--outputs",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that output parameters are written to.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where files with relative paths lie.",
)
@click.option("--manifest", help="Of the cluster's object that the step is about.")
def step(
    *,
    step: str,
    run: str,
    db: str | None,
    store: str,
    outputs: Path | None,
    folder: Path | None,
    manifest: str | None,
) -> int:
    """Run one step that `sqlml render --engine` wrote; events go to standard output as JSON lines.

    JSON is the step, `-` to read it from standard input, or `@FILE`. Its exit code is 75 after an
    error that another attempt may not meet, 137 where more memory may help, 143 when it was
    stopped, else 1.
    """
    from sqlml.runtime.alone import Data, run_step
    from sqlml.runtime.events import Event
    from sqlml.runtime.retry import exit_code
    from sqlml.workflow.error_kinds import TERMINATED

    def tell(event: Event) -> None:
        click.echo(json.dumps(event.to_json(), ensure_ascii=False))

    text, outputs = _text(step), outputs.absolute() if outputs else None
    if manifest is not None:
        return _change(text, manifest, run, outputs or Path("outputs"))
    if bool(db) == bool(store):
        raise ProgramError(Diagnostic("E0757", "a step needs --db or --store, and not both"))
    settings = options.settled(db=db)
    data = Data(db=os.path.abspath(settings.db)) if db else Data(store=store)
    if folder is not None:
        os.chdir(folder)
    try:
        report = run_step(
            text,
            run=run,
            data=data,
            outputs=outputs,
            listener=tell,
            threads=settings.threads or None,
        )
        if report.diagnostics:
            raise StepError(*report.diagnostics)
    except SqlmlError as error:
        error.exit_code = exit_code(error)
        raise
    return TERMINATED if report.outcome == "interrupted" else 0


def _text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    return Path(given[1:]).read_text("utf-8") if given.startswith("@") else given


def _change(step: str, manifest: str, run: str, outputs: Path) -> int:
    """Do a step about an object of the cluster, which needs neither a database nor a store."""
    from sqlml.runtime.cluster.api import Cluster
    from sqlml.runtime.cluster.kubeconfig import access
    from sqlml.runtime.cluster.objects import Asked, run_object_step
    from sqlml.runtime.retry import exit_code

    asked = Asked(**json.loads(step)["object"])
    try:
        run_object_step(asked, manifest, run, Cluster(access()), outputs)
    except SqlmlError as error:
        error.exit_code = exit_code(error)
        raise
    return 0
