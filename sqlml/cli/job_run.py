"""One run of a job: its IF is asked, then its program runs as any other, and the end is noted."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from sqlml.cli.due_jobs import JobRun
from sqlml.config import Settings
from sqlml.databases.database import QueryProblem
from sqlml.databases.surroundings import LOCKED
from sqlml.errors import Diagnostic, SqlmlError, StepError
from sqlml.planner.plan import Execute
from sqlml.quoting import select_from
from sqlml.session import Session
from sqlml.source import Source
from sqlml.store.jobs import Job


def run_job(job: Job, settings: Settings, show: Callable[[SqlmlError], None]) -> JobRun:
    """Run a job that is due. The database is open only as long as that takes.

    show: hears of what keeps it from ending well.

    Raises:
        SqlmlError: the database cannot be opened, and not because another process has it.
    """
    began = monotonic()
    try:
        session = Session.open(replace(settings, dialect=job.dialect))
    except SqlmlError as error:
        if error.diagnostics[0].code == LOCKED:
            return JobRun("blocked", message=error.diagnostics[0].message)
        raise
    with session:
        jobs = session.store.jobs
        if not jobs.begin(job):
            return JobRun("skipped", message="it was changed or dropped")
        try:
            done = _run(session, job)
        except SqlmlError as error:
            show(error)
            done = JobRun("failed", message=error.diagnostics[0].message)
        jobs.end(job, done.outcome, done.run, done.message)
    return replace(done, seconds=monotonic() - began)


def _run(session: Session, job: Job) -> JobRun:
    if job.condition and not _holds(session, job):
        return JobRun("skipped", message="its IF says no")
    compiled = session.compile([Source(job.name, job.program)])
    report = session.execute(compiled).report
    message = report.diagnostics[0].message if report.diagnostics else ""
    return JobRun(report.outcome, run=report.run, message=message)


def _holds(session: Session, job: Job) -> bool:
    """Whether its query gives a row; if all it gives is one value, whether that says yes."""
    compiled = session.compile([Source(f"{job.name}, IF", job.condition)])
    (asked,) = compiled.plan.operators
    assert isinstance(asked, Execute)
    try:
        rows = session.database.table(f"{select_from('*', asked.sql)} LIMIT 2")
    except QueryProblem as problem:
        message = f"IF cannot be answered: {problem}"
        raise StepError(Diagnostic("E0623", message, hint=problem.hint)) from problem
    if rows.shape == (1, 1):
        value = rows[0][0].as_py()
        return value is not None and value != 0  # FALSE is 0, too
    return bool(rows.num_rows)
