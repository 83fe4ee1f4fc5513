"""Which jobs run when: each once for all its times that have passed, one after the other."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from sqlml.store.jobs import Job, Jobs

LONGEST_WAIT = 5.0  # seconds, after which jobs that others have made are seen


@dataclass(frozen=True, slots=True)
class JobRun:
    """How a job ended. outcome: succeeded, failed, interrupted, skipped, or blocked.

    skipped: its IF said no. blocked: another process has the database; the job is still due.
    seconds: that it took. run: its record, if it came to one. message: for people.
    """

    outcome: str
    seconds: float = 0.0
    run: str = ""
    message: str = ""


class DueJobs:
    """Runs the jobs of a store when they are due, until it is told to stop.

    run: runs a job and records how it ended. tell: hears of each that was run. clock: seconds since
    the epoch. wait: returns after so many seconds, or as soon as `stopping` is set.
    """

    def __init__(
        self,
        jobs: Jobs,
        run: Callable[[Job], JobRun],
        tell: Callable[[Job, JobRun], None],
        *,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.stopping = Event()
        self._jobs = jobs
        self._run = run
        self._tell = tell
        self._clock = clock
        self._wait = wait or self.stopping.wait
        self._blocked: set[Job] = set()  # that is told once

    def run_due(self) -> tuple[JobRun, ...]:
        """Run each job that is due now, the one that has been due for longest first."""
        now = self._clock()
        due = [job for job in self._jobs.all() if job.next is not None and job.next <= now]
        ended: list[JobRun] = []
        for job in due:
            if self.stopping.is_set():
                break
            done = self._run(job)
            ended.append(done)
            if done.outcome != "blocked" or job not in self._blocked:
                self._tell(job, done)
            if done.outcome == "interrupted":
                self.stopping.set()
        self._blocked = {
            job for job, done in zip(due, ended, strict=False) if done.outcome == "blocked"
        }
        return tuple(ended)

    def run_forever(self) -> None:
        """Run jobs whenever they are due, until `stopping` is set."""
        while not self.stopping.is_set():
            is_blocked = any(done.outcome == "blocked" for done in self.run_due())
            self._wait(LONGEST_WAIT if is_blocked else self._seconds_to_next())

    def _seconds_to_next(self) -> float:
        times = [job.next for job in self._jobs.all() if job.next is not None]
        return max(0.0, min([LONGEST_WAIT, *(due - self._clock() for due in times)]))
