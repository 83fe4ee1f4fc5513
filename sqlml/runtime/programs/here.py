"""A program as a process of this machine."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.programs.artifacts import collected, copy, offered
from sqlml.runtime.programs.job import Done, Job
from sqlml.runtime.programs.processes import Launch
from sqlml.runtime.programs.volumes import source_of
from sqlml.runtime.workers.attendant import StepFailure
from sqlml.zoo.steps.process import program_failed

_PYTHONS = frozenset({"python", "python3"})
_TAIL_BYTES = 8192


def run_here(job: Job, command: Sequence[str], working_dir: str, *, daemon: bool = False) -> Done:
    """Run a command; relative paths are those of a folder that is the step's own.

    Raises:
        StepFailure: it ends badly. StepError: it cannot be started, or has not left its outputs.
    """
    work = job.folder / "work" / working_dir
    absolute = [o.path for o in job.node.outputs if Path(o.path).is_absolute()]
    absolute += [f.path for f in job.node.files.values() if Path(f.path).is_absolute()]
    words = [sys.executable if command[0] in _PYTHONS else command[0], *command[1:]]
    with job.processes.claimed(absolute), job.processes.step(job.node.name) as stop:
        _prepare(job, work)
        before = {path: _state(path) for path in absolute}
        limit = job.node.resources.memory if job.means.limits_memory else None
        launch = Launch(job.node.name, words, _environment(job), work, job.log, stop, limit)
        if daemon:
            job.processes.leave_running(launch)
            return Done("serving", {o.name: "127.0.0.1" for o in job.node.outputs})
        printed = job.folder / "printed"
        ended = job.processes.run(launch, printed)
        if ended.code:
            raise StepFailure(_failure(job, ended.code), ended.peak_memory, is_refusal=True)

        def find(path: str) -> Path | None:
            is_stale = path in before and before[path] == _state(path)
            return None if is_stale else work / path

        outputs = collected(job, printed, find)
    return Done(last_line(printed), outputs, ended.peak_memory)


def _prepare(job: Job, work: Path) -> None:
    try:
        work.mkdir(parents=True, exist_ok=True)
        for path, source in offered(job).items():
            copy(source, work / path)
        for output in job.node.outputs:
            if output.path:
                (work / output.path).parent.mkdir(parents=True, exist_ok=True)
        for mount in job.node.mounts:
            if not Path(mount.path).is_absolute():
                source = source_of(mount, job.volumes[mount.volume], job.means, job.places)
                (work / mount.path).parent.mkdir(parents=True, exist_ok=True)
                (work / mount.path).symlink_to(source.absolute())
    except PermissionError as error:
        message = f"`{error.filename}` cannot be made on this machine: permission denied"
        hint = "use a path that may be written here, or run the step in a container"
        raise StepError(Diagnostic("E0690", message, hint=hint)) from error


def _environment(job: Job) -> dict[str, str]:
    """Our own variables and the step's; Python finds what lies in the current folder."""
    inherited = dict(job.means.inherited)
    paths = [inherited.get("PYTHONPATH", ""), os.getcwd()]
    inherited["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    threads = str(job.threads)
    memory = job.node.resources.memory
    inherited |= {} if memory is None else {"SQLML_MEMORY": str(memory)}
    return {**inherited, "OMP_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1", **job.variables()}


def _state(path: str) -> tuple[int, int] | None:
    """What changes when a file is written."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _failure(job: Job, code: int) -> StepError:
    return program_failed(job.node.name, code, last_lines(job.log))


def last_lines(file: Path) -> list[str]:
    """The lines at the end of a file, empty ones left out."""
    with file.open("rb") as opened:
        opened.seek(max(0, opened.seek(0, os.SEEK_END) - _TAIL_BYTES))
        text = opened.read().decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def last_line(printed: Path) -> str:
    """A few words about a step: the last that it has printed."""
    line = next(reversed(last_lines(printed)), "").strip()
    return line if len(line) <= 60 else f"{line[:59]}…"
