"""Which process drives a run, and what is known of the steps of runs whose driver was killed."""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from sqlml.errors import Diagnostic, ProgramError
from sqlml.store.ledger import Ledger
from sqlml.store.processes import Process

RECOVERED = "receipt"  # instead of the key of a step that ended when nobody could write it down
_LEFT: set[tuple[str, str]] = set()  # stores and runs that this process has left


class Drivers:
    """A step leaves a receipt together with what it changes, in one transaction.

    So it is known of a step that was not written down as done whether it is.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._place = str(ledger.path.absolute())

    def receipt(self, run: str, step: str, outputs: Mapping[str, Any]) -> None:
        """Note that a step has changed something; to be called in the transaction that does."""
        self._ledger.write(
            "INSERT OR REPLACE INTO receipts SELECT id, ?, ? FROM runs WHERE id = ?",
            (step, json.dumps(outputs), run),
        )

    def dead(self) -> tuple[str, ...]:
        """The runs that have not ended, and whose driver has, or has left them."""
        rows = self._ledger.rows("SELECT run, host, process, began FROM drivers")
        return tuple(
            run
            for run, *facts in rows
            if (self._place, run) in _LEFT or not Process(*facts).is_running
        )

    def leave(self, run: str) -> None:
        """Remember of a run that its driver, this process, goes on without it.

        Where the disk is full, nobody can write down how the run has ended.
        """
        _LEFT.add((self._place, run))

    def living(self) -> frozenset[str]:
        """The runs that have not ended, as far as is written down."""
        return frozenset(run for (run,) in self._ledger.rows("SELECT run FROM drivers"))

    def bury(self, run: str, done: Iterable[str] = ()) -> None:
        """Write down how a run has ended that is `dead`. done: steps known to be done."""
        with self._ledger.transaction() as ledger:
            told = ledger.execute("SELECT step, outputs FROM receipts WHERE run = ?", (run,))
            receipts = {**dict.fromkeys(done, "{}"), **dict(told.fetchall())}
            ledger.executemany(
                "UPDATE steps SET outcome = 'succeeded', outputs = ?, key = ?"
                " WHERE run = ? AND name = ? AND outcome IN ('waiting', 'running')",
                [(outputs, RECOVERED, run, step) for step, outputs in receipts.items()],
            )
            ledger.execute(
                "UPDATE steps SET outcome = 'interrupted' WHERE run = ? AND outcome = 'running'",
                (run,),
            )
            ledger.execute(
                "UPDATE runs SET outcome = 'interrupted', finished ="
                " (SELECT coalesce(max(steps.finished), runs.started) FROM steps WHERE run = id)"
                " WHERE id = ?",
                (run,),
            )
            release(ledger, run)
        _LEFT.discard((self._place, run))


def begin(ledger: sqlite3.Connection, values: Sequence[Any], driver: Process | None) -> str:
    """Note that a run begins, and who drives it; returns its id, longer when short ones are taken.

    values: its name, program, author, the run that it goes on from, and the time.
    """
    sql = "INSERT INTO runs (id, name, program, author, resumed, started, outcome)"
    for attempt in count():
        with suppress(sqlite3.IntegrityError):
            run = secrets.token_hex(2 + attempt // 2)
            ledger.execute(f"{sql} VALUES (?, ?, ?, ?, ?, ?, 'running')", (run, *values))
            break
    if driver is not None:
        facts = (run, driver.host, driver.number, driver.began)
        ledger.execute("INSERT INTO drivers VALUES (?, ?, ?, ?)", facts)
    return run


def release(ledger: sqlite3.Connection, run: str) -> None:
    """Note that a run has ended: nobody drives it, and all is written down that it has done."""
    ledger.execute("DELETE FROM drivers WHERE run = ?", (run,))
    ledger.execute("DELETE FROM receipts WHERE run = ?", (run,))


def check_free(ledger: sqlite3.Connection, run: str) -> None:
    """Check that a run can be gone on from.

    Raises:
        ProgramError: E0870, it is being done; E0871, another run has gone on from it.
    """
    found = ledger.execute(
        "SELECT run, host, process, began FROM drivers JOIN runs ON run = id"
        " WHERE id = ? OR resumed = ? ORDER BY number DESC",
        (run, run),
    ).fetchone()
    if found is not None:
        holder, *facts = found
        raise ProgramError(_held(run, holder, Process(*facts)))
    found = ledger.execute(
        "SELECT id FROM runs WHERE resumed = ? ORDER BY number DESC", (run,)
    ).fetchone()
    if found is not None:
        raise ProgramError(
            Diagnostic(
                "E0871",
                f"run `{run}` has been gone on from",
                label=f"by run `{found[0]}`",
                hint=f"go on from that one: `--resume {found[0]}`",
            )
        )


def _held(run: str, holder: str, driver: Process) -> Diagnostic:
    where = f" on {driver.host}" if driver.is_elsewhere else ""
    which = "" if holder == run else f" as run `{holder}`"
    return Diagnostic(
        "E0870",
        f"run `{run}` is being done{which}: process {driver.number}{where} drives it",
        hint="wait until it has ended, or end that process; then go on with `--resume`",
    )
