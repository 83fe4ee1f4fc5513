"""`sqlml scheduler`: run the jobs of a database when they are due."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sqlml.cli import options
from sqlml.cli.terminal import duration
from sqlml.errors import Diagnostic, ProgramError

if TYPE_CHECKING:
    from sqlml.cli.due_jobs import JobRun
    from sqlml.store.jobs import Job, Jobs

_CODES = {"succeeded": 0, "skipped": 0, "interrupted": 130}


@click.command()
@options.db
@options.zoo
@click.option("--once", is_flag=True, help="Run what is due now, and end.")
def scheduler(*, db: str | None, once: bool) -> int:
    """Run the jobs of a database when they are due: those of CREATE JOB and `sqlml schedule`.

    Jobs run one after the other. One whose times have passed while no scheduler ran, or while
    another job did, runs once for all of them. The database is open only while a job runs.
    """
    from sqlml.cli.due_jobs import DueJobs
    from sqlml.cli.job_run import run_job
    from sqlml.cli.main import show_error
    from sqlml.config import load_settings
    from sqlml.runtime.signals import interruptions
    from sqlml.store.exclusive import Held, exclusive
    from sqlml.store.store import Store

    settings = load_settings(db=db)
    if settings.db == ":memory:":
        hint = "name the file: --db PATH"
        raise ProgramError(
            Diagnostic("E0818", "jobs are kept beside a database in a file", hint=hint)
        )
    if not Path(settings.db).exists():
        hint = "`CREATE JOB` makes a job of one: `sqlml run FILE --db PATH`"
        raise ProgramError(Diagnostic("E0818", f"there is no database `{settings.db}`", hint=hint))
    store = Store.open(Path(f"{settings.db}.sqlml"))
    try:
        with exclusive(store.folder / "scheduler.lock"):
            store.jobs.clear()
            due = DueJobs(store.jobs, lambda job: run_job(job, settings, show_error), _tell)
            with interruptions(due.stopping.set):
                click.echo(f"{settings.db}: {_overview(store.jobs)}", err=True)
                if not once:
                    due.run_forever()
                    return 0
                ended = due.run_due()
                return max((_CODES.get(done.outcome, 1) for done in ended), default=0)
    except Held as held:
        message = f"another scheduler looks after the jobs of `{settings.db}`"
        hint = f"it is process {held.process}" if held.process else "wait until it is done"
        raise ProgramError(Diagnostic("E0816", message, hint=hint)) from held
    finally:
        store.close()


def _overview(jobs: "Jobs") -> str:
    known = jobs.all()
    coming = next((job for job in known if job.next is not None), None)
    count = f"{len(known)} job{'' if len(known) == 1 else 's'}"
    if coming is None:
        return f"{count}; `CREATE JOB` makes one"
    return f"{count}, next is {coming.name} at {_in_words(coming.next or 0.0)}"


def _tell(job: "Job", done: "JobRun") -> None:
    words = [_in_words(datetime.now(UTC).timestamp()), job.name, done.outcome]
    words += [f"in {duration(done.seconds)}"] if done.run else []
    words += [f"· run {done.run}"] if done.run else []
    words += [f"({done.message})"] if done.message else []
    click.echo(" ".join(words), err=True)


def _in_words(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
