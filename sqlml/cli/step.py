"""`sqlml step`: one step of a workflow, as an engine's task runs it."""

import json
import os
import sys
from pathlib import Path

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError, StepError


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
def step(
    *,
    step: str,
    run: str,
    db: str | None,
    store: str,
    outputs: Path | None,
    folder: Path | None,
) -> None:
    """Run one step that `sqlml render --engine` wrote; events go to standard output as JSON lines.

    JSON is the step, `-` to read it from standard input, or `@FILE`.
    """
    from sqlml.config import load_settings, publish_zoo
    from sqlml.runtime.alone import Data, run_step
    from sqlml.runtime.events import Event

    def tell(event: Event) -> None:
        click.echo(json.dumps(event.to_json(), ensure_ascii=False))

    if bool(db) == bool(store):
        raise ProgramError(Diagnostic("E0757", "a step needs --db or --store, and not both"))
    settings = load_settings(db=db)
    publish_zoo(settings)
    data = Data(db=os.path.abspath(settings.db)) if db else Data(store=store)
    text, outputs = _text(step), outputs.absolute() if outputs else None
    if folder is not None:
        os.chdir(folder)
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


def _text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    return Path(given[1:]).read_text("utf-8") if given.startswith("@") else given
