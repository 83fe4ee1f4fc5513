"""Run a program on the rows of a query: a ready-made one in the database, others beside it."""

from collections.abc import Sequence

import pyarrow as pa

from sqlml.zoo.context import Context, Rows
from sqlml.zoo.programs import find_program
from sqlml.zoo.runnables import RUNNABLES
from sqlml.zoo.runnables.contract import Sources
from sqlml.zoo.steps.exchange import Exchange, filled
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.process import run_process


def run(
    context: Context,
    *,
    program: str,
    arguments: Sequence[str] = (),
    into: Sequence[str] = (),
    ready_made: bool = False,
    in_image: bool = False,
    rows: Rows,
    reference: Rows | None = None,
) -> Outcome:
    """Fill the tables `into`, all of them or none; a ready-made program without any gives rows.

    in_image: the program is an image, and what its arguments name is run here, without it.

    Raises:
        StepError: the program cannot be started or fails, or a table is missing afterwards.
    """
    if ready_made:
        sources = Sources(rows.sql, None if reference is None else reference.sql)
        return _run_ready_made(context, program, arguments, into, sources)
    if in_image:
        program, *arguments = arguments
    found = find_program(program)
    exchange = Exchange(context.folder, into)
    exchange.offer(context, rows)
    last_words = run_process(
        program, (*found.command, *arguments), exchange.environment(program, found)
    )
    return exchange.take(context, last_words)


def _run_ready_made(
    context: Context, program: str, arguments: Sequence[str], into: Sequence[str], sources: Sources
) -> Outcome:
    runnable = RUNNABLES.load(program)
    options, _ = runnable.options(arguments)
    queries = runnable.build(sources, options, max(1, len(into)))
    if into:
        return filled(context.create(dict(zip(into, queries, strict=True))))
    rows = context.extend(
        queries[0], uses=(), drops=(), adds=pa.schema([]), compute=lambda _batch: (), into=None
    )
    return Outcome(summary=f"{rows:,} rows", rows=rows)
