"""CREATE JOB, SHOW JOBS, DROP JOB."""

from collections.abc import Sequence
from typing import Literal

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.context import Context
from sqlml.zoo.steps.outcome import Outcome

_SHOWN = """
SELECT job, schedule, timezone, date_trunc('second', next_run) AS next_run,
    date_trunc('second', started) AS last_run, outcome, run, message
FROM sqlml_jobs
"""


def run(
    context: Context,
    *,
    action: Literal["create", "show", "drop"],
    name: str,
    schedule: Sequence[str],
    timezone: str,
    condition: str,
    program: str,
    dialect: str,
    replaces: bool,
    if_exists: bool,
) -> Outcome:
    """Keep a program that runs by itself, look at those that are kept, or drop one.

    Raises:
        StepError: E0811 there is no such job, E0812 there is one already.
    """
    match action:
        case "show":
            table = context.table(_SHOWN)
            context.result(table)
            return Outcome(summary=_jobs(table.num_rows), rows=table.num_rows)
        case "create":
            kept = context.jobs.put(
                name,
                program,
                schedule=schedule,
                timezone=timezone,
                condition=condition,
                dialect=dialect,
                replaces=replaces,
            )
            if not kept:
                raise _refusal("E0812", f"there is a job `{name}` already")
            return Outcome(summary=f"at {', '.join(schedule)} {timezone}")
        case "drop":
            dropped = context.jobs.drop(name)
            if not dropped and not if_exists:
                raise _refusal("E0811", f"there is no job `{name}`")
            return Outcome(summary="dropped" if dropped else "nothing to drop")


def _jobs(number: int) -> str:
    return f"{number:,} job{'' if number == 1 else 's'}"


def _refusal(code: str, message: str) -> StepError:
    return StepError(Diagnostic(code, message))
