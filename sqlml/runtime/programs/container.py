"""An image's program: in a container or, where that is asked for, as a mere process."""

from sqlml.runtime.programs.engine import run_in_container
from sqlml.runtime.programs.here import run_here
from sqlml.runtime.programs.job import Done, Job
from sqlml.workflow.ir import Container


def run(job: Job) -> Done:
    operation: Container = job.operation
    command = job.texts(operation.command)
    args = job.texts(operation.args)
    if job.means.runs_images_as_processes:
        return run_here(job, [*command, *args], operation.working_dir, daemon=operation.daemon)
    return run_in_container(job, command, {}, args, daemon=operation.daemon)
