"""The programs that run by themselves, and how they last did."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.store.cron import next_time
from sqlml.store.ledger import Ledger

_COLUMNS = "name, schedule, timezone, condition, program, dialect, next"


@dataclass(frozen=True, slots=True)
class Job:
    """When to run which program. schedule: times in cron's five fields, in the time zone.

    condition: a query that says whether to run, or nothing. dialect: of the query and the program.
    next: when it is due, in seconds since the epoch; None: never again.
    """

    name: str
    schedule: tuple[str, ...]
    program: str
    timezone: str = "UTC"
    condition: str = ""
    dialect: str = "duckdb"
    next: float | None = None


class Jobs:
    """Jobs by their names, in which case does not count. A job is due once for all its times that
    have passed since it was made or last begun."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._clock = clock

    def put(
        self,
        name: str,
        program: str,
        *,
        schedule: Sequence[str],
        timezone: str = "UTC",
        condition: str = "",
        dialect: str = "duckdb",
        replaces: bool = False,
    ) -> bool:
        """Keep a job; False: there is one of that name, and it is not to be replaced."""
        now = self._clock()
        due = next_time(schedule, timezone, now)
        values = (name, json.dumps(list(schedule)), timezone, condition, program, dialect, due)
        with self._ledger.transaction() as ledger:
            done = ledger.execute(
                f"INSERT OR {'REPLACE' if replaces else 'IGNORE'} INTO jobs"
                f" (folded, created, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (name.casefold(), now, *values),
            )
            return bool(done.rowcount)

    def drop(self, name: str) -> bool:
        """Forget a job; returns whether there was one."""
        with self._ledger.transaction() as ledger:
            done = ledger.execute("DELETE FROM jobs WHERE folded = ?", (name.casefold(),))
            return bool(done.rowcount)

    def names(self) -> tuple[str, ...]:
        return tuple(job.name for job in self.all())

    def all(self) -> tuple[Job, ...]:
        rows = self._ledger.rows(f"SELECT {_COLUMNS} FROM jobs ORDER BY next, folded")
        return tuple(map(_job, rows))

    def begin(self, job: Job) -> bool:
        """Note that a job begins, so that it is not due any more; returns whether it was.

        It was not if it was dropped or replaced meanwhile.
        """
        now = self._clock()
        with self._ledger.transaction() as ledger:
            done = ledger.execute(
                "UPDATE jobs SET next = ?, started = ?, finished = NULL, run = '', message = '',"
                " outcome = 'running' WHERE folded = ? AND next = ?",
                (
                    next_time(job.schedule, job.timezone, now),
                    now,
                    job.name.casefold(),
                    job.next,
                ),
            )
            return bool(done.rowcount)

    def clear(self) -> None:
        """Note of jobs that never ended that they were interrupted; to be called when none runs."""
        self._ledger.write(
            "UPDATE jobs SET finished = ?, outcome = 'interrupted' WHERE outcome = 'running'",
            (self._clock(),),
        )

    def end(self, job: Job, outcome: str, run: str = "", message: str = "") -> None:
        """Note how a job ended: succeeded, failed, interrupted or skipped."""
        self._ledger.write(
            "UPDATE jobs SET finished = ?, outcome = ?, run = ?, message = ?"
            " WHERE folded = ? AND outcome = 'running'",
            (self._clock(), outcome, run, message, job.name.casefold()),
        )


def _job(row: tuple[Any, ...]) -> Job:
    name, schedule, timezone, condition, program, dialect, due = row
    return Job(name, tuple(json.loads(schedule)), program, timezone, condition, dialect, due)
