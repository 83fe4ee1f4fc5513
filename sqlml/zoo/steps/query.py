"""Plain SQL: the database runs it."""

from collections.abc import Sequence

from sqlml.zoo.context import Context
from sqlml.zoo.steps.outcome import Outcome


def run(
    context: Context,
    *,
    sql: str,
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
    repeatable: bool = False,
    deterministic: bool = True,
    session: bool = False,
    files: Sequence[str] = (),
) -> Outcome:
    """Run a statement; its rows, if it has any, are the step's result set."""
    found = context.execute(sql)
    if found is None:
        return Outcome()
    context.result(found)
    counted = f"{found.num_rows:,} row" + ("" if found.num_rows == 1 else "s")
    return Outcome(summary=counted, rows=found.num_rows)
