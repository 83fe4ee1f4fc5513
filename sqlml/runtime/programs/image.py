"""TO RUN of an image: its container gets a copy of the exchange place and fills its tables."""

from dataclasses import replace
from pathlib import Path

from sqlml.runtime.programs.engine import run_in_container
from sqlml.runtime.programs.job import Job
from sqlml.workflow.ir import Container, Node, Run
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.steps.exchange import FILE, TABLES, Exchange
from sqlml.zoo.steps.outcome import Outcome

PLACE = Path("/sqlml")  # in the container


def run(job: Job, context: Context, rows: Rows) -> Outcome:
    """Run what the image starts, with the words behind CMD, and take the tables that it has left.

    Raises:
        StepFailure, StepError: it ends badly, there is no container, or a table is missing.
    """
    operation: Run = job.operation
    offered = Exchange(job.folder / "offered", operation.into)
    offered.offer(context, rows)
    offered.open_to_all()
    taken = Exchange(job.folder / "taken", operation.into)
    taken.folder.mkdir()
    container = Node(
        job.node.name,
        Container(operation.program),
        resources=job.node.resources,
        env=offered.told(operation.program, PLACE),
    )
    done = run_in_container(
        replace(job, node=container),
        (),
        {str(PLACE): offered.folder},
        operation.arguments,
        back={str(PLACE / name): taken.folder / name for name in (FILE, f"{FILE}.wal", TABLES)},
    )
    return taken.take(context, done.summary)
