"""The record of every run: its steps, what they measured, read and wrote."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from math import inf
from typing import Any

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.store.drivers import begin, check_free, release
from sqlml.store.ledger import Ledger
from sqlml.store.processes import Process

_LONGEST_LOG = 256 * 1024
_MOST_PAST = 20
_MOST_USES = 128
_MOST_EXPERIENCE = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """Times are seconds since the epoch. resumed: the run that this one went on from."""

    id: str
    name: str
    program: str
    resumed: str
    started: float
    finished: float | None
    outcome: str  # running, succeeded, failed, interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run.

    target: the table or model it is there for. place: `file:line`. known: what was known before it
    ran (rows, bytes, columns, attributes …); threads and memory (bytes): what it was given.
    outcome: waiting, running, succeeded, failed, skipped, reused or interrupted. source: the run
    whose work was reused; its own, where another step of it did the same.
    """

    name: str
    number: int
    operation: str
    title: str = ""
    target: str = ""
    place: str = ""
    static_hash: str = ""
    key: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 0
    memory: int = 0
    started: float | None = None
    finished: float | None = None
    peak_memory: int = 0
    rows: int = 0
    outcome: str = "waiting"
    code: str = ""
    message: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    log: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A failed attempt to do a step. finished: since the epoch. kind: of the error.

    memory: bytes that it was given; peak_memory: that it was seen with.
    """

    number: int
    finished: float
    seconds: float
    kind: str
    code: str
    message: str
    memory: int = 0
    peak_memory: int = 0


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """What a step has held, in bytes. size: bytes of its input, where they were known before."""

    peak: int
    seconds: float
    size: float | None
    attributes: str  # as JSON


@dataclass(frozen=True, slots=True)
class Link:
    """Something that a step read or wrote. kind: table, file or model (`name@3`)."""

    kind: str
    name: str
    fingerprint: str = ""


_JSON = ("known", "outputs")
_STEP = tuple(one.name for one in fields(Step))
_RUN = "SELECT id, name, program, resumed, started, finished, outcome FROM runs"


class Runs:
    """Runs are known by a short id such as `7f3a`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def start(
        self,
        name: str,
        program: str = "",
        resumed: str = "",
        driver: Process | None = None,
        author: str = "",
    ) -> str:
        """Record that a run begins; returns its id, which is longer when short ones are taken.

        driver: the process that does the run, and with which it ends. author: who has begun it.

        Raises:
            ProgramError: E0870, E0871, the run `resumed` is being done, or has been gone on from.
        """
        values = (name, program, author, resumed, time.time())
        with self._ledger.transaction() as ledger:
            if resumed:
                check_free(ledger, resumed)
            return begin(ledger, values, driver)

    def begin(self, run: str, name: str, program: str = "") -> None:
        """Record that the run of that id begins; nothing happens where it has begun before."""
        sql = "INSERT OR IGNORE INTO runs (id, name, program, resumed, started, outcome)"
        values = (run, name, program, time.time())
        self._ledger.write(f"{sql} VALUES (?, ?, ?, '', ?, 'running')", values)

    def finish(self, run: str, outcome: str) -> None:
        """Record how a run ended: succeeded, failed or interrupted."""
        with self._ledger.transaction() as ledger:
            sql = "UPDATE runs SET finished = ?, outcome = ? WHERE id = ?"
            ledger.execute(sql, (time.time(), outcome, run))
            release(ledger, run)

    def record(self, run: str, *steps: Step) -> None:
        """Record what is known about steps now, instead of what was recorded about them before."""
        marks = ", ".join("?" * len(_STEP))
        sql = f"INSERT OR REPLACE INTO steps (run, {', '.join(_STEP)}) VALUES (?, {marks})"
        with self._ledger.transaction() as ledger:
            kept = ((run, *(_value(name, getattr(step, name)) for name in _STEP)) for step in steps)
            ledger.executemany(sql, kept)

    def change(self, run: str, step: str, changes: Mapping[str, Any]) -> None:
        """Record what has become of a recorded step. changes: fields of `Step`, by name."""
        marks = ", ".join(f"{name} = ?" for name in changes)
        values = [_value(name, value) for name, value in changes.items()]
        sql = f"UPDATE steps SET {marks} WHERE run = ? AND name = ?"
        self._ledger.write(sql, (*values, run, step))

    def record_metrics(
        self,
        run: str,
        step: str,
        values: Mapping[str, float],
        history: Sequence[Mapping[str, float]] = (),
        model: str = "",
    ) -> None:
        """Record a step's metrics, and those of each round if there are some. model: `name@3`."""
        name, _, version = model.rpartition("@")
        about = (run, step, name or version, int(version) if name else None)
        rows: list[tuple[Any, ...]] = [(*about, None, *pair) for pair in values.items()]
        for place, one in enumerate(history, start=1):
            number = int(one.get("round", place))
            rows += [(*about, number, metric, v) for metric, v in one.items() if metric != "round"]
        with self._ledger.transaction() as ledger:
            ledger.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def record_lineage(
        self, run: str, step: str, reads: Iterable[Link] = (), writes: Iterable[Link] = ()
    ) -> None:
        """Record what a step read and wrote."""
        rows = [
            (run, step, direction, link.kind, link.name, link.fingerprint)
            for direction, links in (("read", reads), ("write", writes))
            for link in links
        ]
        with self._ledger.transaction() as ledger:
            ledger.executemany("INSERT INTO lineage VALUES (?, ?, ?, ?, ?, ?)", rows)

    def record_attempt(self, run: str, step: str, attempt: Attempt) -> None:
        """Record an attempt that failed and was followed by another."""
        marks = ", ".join("?" * (2 + len(fields(Attempt))))
        self._ledger.write(f"INSERT INTO attempts VALUES ({marks})", (run, step, *astuple(attempt)))

    def attempts(self, run: str, step: str) -> tuple[Attempt, ...]:
        """The attempts of a step that failed and were followed by others, oldest first."""
        columns = ", ".join(one.name for one in fields(Attempt))
        sql = f"SELECT {columns} FROM attempts WHERE run = ? AND step = ? ORDER BY number"
        return tuple(Attempt(*row) for row in self._ledger.rows(sql, (run, step)))

    def names(self) -> tuple[str, ...]:
        """The ids of all runs, oldest first."""
        return tuple(run for (run,) in self._ledger.rows("SELECT id FROM runs ORDER BY number"))

    def find(self, run: str) -> Run | None:
        found = self._ledger.row(f"{_RUN} WHERE id = ?", (run,))
        return Run(*found) if found else None

    def latest(self) -> Run | None:
        found = self._ledger.row(f"{_RUN} ORDER BY number DESC LIMIT 1")
        return Run(*found) if found else None

    def steps(self, run: str) -> tuple[Step, ...]:
        """The steps of a run, in the order of its workflow.

        Raises:
            ProgramError: E0508 there is no such run.
        """
        self.check(run)
        sql = f"SELECT {', '.join(_STEP)} FROM steps WHERE run = ? ORDER BY number, name"
        return tuple(_step(row) for row in self._ledger.rows(sql, (run,)))

    def succeeded(self, run: str) -> Mapping[str, str]:
        """The static hashes of the steps of a run that succeeded or were reused, by name.

        Raises:
            ProgramError: E0508 there is no such run.
        """
        self.check(run)
        sql = "SELECT name, static_hash FROM steps WHERE run = ?"
        is_done = "outcome IN ('succeeded', 'reused')"
        return dict(self._ledger.rows(f"{sql} AND {is_done} ORDER BY number", (run,)))

    def logs(self, run: str, step: str | None = None) -> Mapping[str, str]:
        """What the steps of a run wrote, or one of them, by name.

        Raises:
            ProgramError: E0508 there is no such run or step.
        """
        logs = {one.name: one.log for one in self.steps(run)}
        if step is None:
            return logs
        if step not in logs:
            hint = did_you_mean(step, logs) or f"its steps: {', '.join(logs)}"
            message = f"run `{run}` has no step `{step}`"
            raise ProgramError(Diagnostic("E0508", message, hint=hint))
        return {step: logs[step]}

    def past(
        self, operation: str, target: str, before: float = inf
    ) -> list[tuple[str, float, int, int]]:
        """Static hash, seconds, peak memory and threads of the steps that did this last, oldest
        first. before: only those that had ended then.
        """
        found = self._ledger.rows(
            "SELECT static_hash, finished - started, peak_memory, threads FROM steps"
            " WHERE operation = ? AND target = ? AND outcome = 'succeeded' AND source = ''"
            " AND finished < ? AND started IS NOT NULL ORDER BY finished DESC LIMIT ?",
            (operation, target, before, _MOST_PAST),
        )
        return found[::-1]

    def memory_uses(self, operation: str, target: str, name: str) -> list[MemoryUse]:
        """What the last steps of a type have held, oldest first.

        A type is what is done for one table or model; where there is none, it is a step's name.
        One that ran out of memory for good counts as if it had needed twice of what it had.
        """
        found = self._ledger.rows(
            "SELECT CASE outcome WHEN 'failed' THEN 2 * max(peak_memory, memory) ELSE peak_memory"
            " END, finished - started, json_extract(known, '$.bytes'),"
            " coalesce(json_extract(known, '$.attributes'), '')"
            " FROM steps WHERE operation = ? AND target = ? AND (target > '' OR name = ?)"
            " AND (outcome = 'succeeded' OR outcome = 'failed' AND (code = 'E0620' OR EXISTS"
            " (SELECT 1 FROM attempts AS a WHERE a.run = steps.run AND a.step = steps.name"
            " AND kind = 'out-of-memory')))"
            " AND peak_memory > 0 AND finished IS NOT NULL AND started IS NOT NULL"
            " ORDER BY finished DESC LIMIT ?",
            (operation, target, name, _MOST_USES),
        )
        return [MemoryUse(*row) for row in found[::-1]]

    def experience(self) -> tuple[int, int, float]:
        """Of the last steps that have ended: how many, how many of them ran out of memory, and
        the byte-seconds that all of them have used.
        """
        found = self._ledger.row(
            "SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM attempts AS a WHERE a.run = s.run"
            " AND a.step = s.name AND kind = 'out-of-memory')), 0), coalesce(sum(cost), 0.0)"
            " FROM (SELECT run, name, peak_memory * (finished - started) AS cost FROM steps"
            " WHERE outcome = 'succeeded' AND peak_memory > 0 AND finished IS NOT NULL"
            " AND started IS NOT NULL ORDER BY finished DESC LIMIT ?) AS s",
            (_MOST_EXPERIENCE,),
        )
        assert found is not None, "an aggregate has one row"
        steps, failures, cost = found
        return steps, failures, cost

    def check(self, run: str) -> None:
        """Raises: ProgramError: E0508 there is no such run."""
        if self.find(run) is None:
            latest = self.latest()
            hint = did_you_mean(run, self.names())
            hint = hint or (f"the newest is `{latest.id}`" if latest else "nothing has run yet")
            raise ProgramError(Diagnostic("E0508", f"there is no run `{run}`", hint=hint))


def _value(name: str, value: Any) -> Any:
    """What the ledger keeps of a field of a step."""
    if name == "log":
        return value[-_LONGEST_LOG:]
    return json.dumps(value) if name in _JSON else value


def _step(row: Sequence[Any]) -> Step:
    values = dict(zip(_STEP, row, strict=True))
    return Step(**values | {name: json.loads(values[name]) for name in _JSON})
