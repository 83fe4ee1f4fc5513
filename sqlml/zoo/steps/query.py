"""Plain SQL: the database runs it."""

import re
from collections.abc import Sequence

from sqlml.zoo.context import Context
from sqlml.zoo.steps.outcome import Outcome

_TRANSACTION = re.compile(r"\s*(BEGIN|START|COMMIT|END)\b", re.IGNORECASE)
_REPLACES = re.compile(r"\s*CREATE\s+OR\s+REPLACE\b", re.IGNORECASE)


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
    builds_on_itself = not {*map(str.casefold, reads)}.isdisjoint(map(str.casefold, writes))
    is_done_once = writes and not session and (builds_on_itself or not _REPLACES.match(sql))
    is_kept = is_done_once or _TRANSACTION.match(sql) is not None
    found = context.execute(sql, once=writes if is_kept else None)
    if found is None:
        return Outcome()
    context.result(found)
    counted = f"{found.num_rows:,} row" + ("" if found.num_rows == 1 else "s")
    return Outcome(summary=counted, rows=found.num_rows)
