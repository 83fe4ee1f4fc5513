"""`sqlml show MODEL|RUN`: a model's description, or what happened in a run."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sqlml.cli import options
from sqlml.cli.terminal import duration, width
from sqlml.cli.timeline import timeline
from sqlml.errors import Diagnostic, ProgramError, did_you_mean

if TYPE_CHECKING:
    from sqlml.session import Session
    from sqlml.store.runs import Run

_STEPS = """
SELECT step, title, outcome, round(seconds, 2) AS seconds, nullif(threads, 0) AS threads,
       nullif(round(peak_memory / 1048576), 0)::INTEGER AS peak_mib,
       CASE WHEN source > '' THEN 'from ' || source ELSE nullif(message, '') END AS remark
FROM sqlml_steps WHERE run = '{run}' ORDER BY number
"""
_UTILISATION = """
SELECT operation, step_type, steps, printf('%.3g', requested_gb_hours)::DOUBLE AS requested_gb_h,
       printf('%.3g', used_gb_hours)::DOUBLE AS used_gb_h,
       printf('%.3g', wasted_gb_hours)::DOUBLE AS wasted_gb_h, out_of_memory
FROM sqlml_utilisation WHERE run = '{run}'
"""

_METRICS = """
SELECT step, name, value FROM sqlml_metrics WHERE run = '{run}' AND isfinite(value)
ORDER BY step, round NULLS LAST
"""
_LINKS = """
SELECT DISTINCT giver.step AS giver, taker.step AS taker
FROM sqlml_lineage giver JOIN sqlml_lineage taker USING (run, kind, name)
WHERE run = '{run}' AND giver.direction = 'write' AND taker.direction = 'read'
AND giver.step <> taker.step ORDER BY ALL
"""


@click.command()
@click.argument("name")
@options.db
@options.output
@click.option("--utilisation", is_flag=True, help="The memory that a run's steps got and used.")
@click.option("--html", metavar="FILE", help="Write a run as one page that needs nothing else.")
def show(name: str, db: str | None, output: str, *, utilisation: bool, html: str | None) -> None:
    """Show a stored model (`m`, `m@3`, `m@champion`) or a run (`7f3a`)."""
    from sqlml.cli.records import recorded
    from sqlml.cli.results import print_result

    with recorded(db=db) as session:
        run = session.store.runs.find(name)
        if run is not None and html is not None:
            _write_page(session, run, html)
            return
        if run is not None:
            if output == "table":
                click.echo(_headline(run))
            asked = _UTILISATION if utilisation else _STEPS
            print_result(session.database.table(asked.format(run=run.id)), output)
            if output == "table" and not utilisation:
                from sqlml.runtime.titles import LET_GO

                steps = session.store.runs.steps(run.id)
                click.echo("\n".join(["", *timeline(steps, width())]))
                on_engine = (s.outcome == "running" and s.title == LET_GO for s in steps)
                waits = run.outcome == "running" and session.store.waits.of(run.id)
                if waits or any(on_engine):
                    hint = f"sqlml continue {run.id}{options.on(db)}"
                    click.echo(f"\n  it waits for you; to let it go on: {hint}", err=True)
            return
        if utilisation:
            hint = "`SELECT * FROM sqlml_utilisation` shows all runs"
            raise ProgramError(Diagnostic("E0860", f"there is no run `{name}`", hint=hint))
        if session.models.find(name) is None:
            models, runs = session.store.models.names(), session.store.runs.names()
            hint = did_you_mean(name, [*models, *runs])
            message = f"there is no model and no run `{name}`"
            hint = hint or "`sqlml models` lists the models"
            raise ProgramError(Diagnostic("E0712", message, hint=hint))
        described = session.models.describe(name)
        if output == "table":
            click.echo("\n".join(description(described.to_pylist())))
        else:
            print_result(described, output)


def _write_page(session: "Session", run: "Run", path: str) -> None:
    from sqlml.cli.files import write_file
    from sqlml.cli.page import Facts, page

    measured: dict[str, dict[str, list[float]]] = {}
    for row in session.database.table(_METRICS.format(run=run.id)).to_pylist():
        measured.setdefault(row["step"], {}).setdefault(row["name"], []).append(row["value"])
    links = session.database.table(_LINKS.format(run=run.id)).to_pylist()
    pairs = [(link["giver"], link["taker"]) for link in links]
    text = page(Facts(run, session.store.runs.steps(run.id), pairs, measured))
    write_file(Path(path), text, makes_folder=False)
    click.echo(f"wrote {path}")


def _headline(run: "Run") -> str:
    began = datetime.fromtimestamp(run.started).strftime("%Y-%m-%d %H:%M:%S")
    took = f" in {duration(run.finished - run.started)}" if run.finished else ""
    resumed = f" · goes on from {run.resumed}" if run.resumed else ""
    return f"run {run.id} · {run.name} · {run.outcome}{took} · {began}{resumed}"


def description(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The properties of a model, section by section, nothing cut off."""
    width = max(len(row["property"]) for row in rows)
    for section, members in groupby(rows, key=lambda row: row["section"]):
        for i, row in enumerate(members):
            first, *more = str(row["value"]).splitlines() or [""]
            yield f"{'' if i else section:<11}{row['property']:<{width}}  {first}".rstrip()
            yield from (f"{'':<11}{'':<{width}}  {line}".rstrip() for line in more)
