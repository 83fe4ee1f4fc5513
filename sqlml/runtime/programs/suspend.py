"""Waiting: for some time, or until someone lets the run go on."""

from sqlml.runtime.programs.job import Done, Job
from sqlml.runtime.workers.attendant import Interrupted

_LOOK_SECONDS = 0.2


def run(job: Job) -> Done:
    """Wait. With no time given, a file stands for the wait: the step goes on when it is gone."""
    seconds = job.operation.seconds
    with job.processes.step(job.node.name) as stop:
        if seconds is not None:
            if stop.wait(seconds):
                raise Interrupted
            return Done(f"{seconds:g} s")
        job.waiting.parent.mkdir(parents=True, exist_ok=True)
        job.waiting.touch()
        job.note(f"it waits until `rm {job.waiting}`")
        try:
            while job.waiting.exists():
                if stop.wait(_LOOK_SECONDS):
                    raise Interrupted
        finally:
            job.waiting.unlink(missing_ok=True)
    return Done("resumed")
