"""Waiting: for some time, or until someone lets the run go on."""

from sqlml.runtime.programs.job import Done, Job
from sqlml.runtime.workers.attendant import Interrupted

_LOOK_SECONDS = 0.2


def run(job: Job) -> Done:
    """Wait. With no time given, the step goes on when someone ends its wait."""
    seconds, wait = job.operation.seconds, job.wait
    with job.processes.step(job.node.name) as stop:
        if seconds is not None:
            if stop.wait(seconds):
                raise Interrupted
            return Done(f"{seconds:g} s")
        wait.begin()
        job.note(f"it waits for you; to let it go on: {wait.told}")
        try:
            while wait.lasts:
                if stop.wait(_LOOK_SECONDS):
                    raise Interrupted
        finally:
            wait.end()
    return Done("resumed")
