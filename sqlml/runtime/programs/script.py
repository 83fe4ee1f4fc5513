"""A text that an interpreter runs: here, or in the container of an image."""

from sqlml.runtime.programs.engine import run_in_container
from sqlml.runtime.programs.here import run_here
from sqlml.runtime.programs.job import Done, Job
from sqlml.workflow.ir import Script

_THERE = "/tmp/sqlml-script"


def run(job: Job) -> Done:
    operation: Script = job.operation
    source = job.folder / "script"
    source.write_text(operation.source, "utf-8")
    args = job.texts(operation.args)
    if operation.image and not job.means.runs_images_as_processes:
        command = (*operation.command, _THERE, *args)
        return run_in_container(job, command, {_THERE: source})
    return run_here(job, (*operation.command, str(source), *args), operation.working_dir)
