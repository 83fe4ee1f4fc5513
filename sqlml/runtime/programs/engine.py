"""A program in a container, by Podman or Docker, which take the same commands."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, run
from threading import Event
from types import MappingProxyType
from typing import IO
from uuid import uuid4

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.programs.artifacts import collected, offered
from sqlml.runtime.programs.here import last_line, last_lines
from sqlml.runtime.programs.job import Done, Job
from sqlml.runtime.programs.processes import Launch
from sqlml.runtime.programs.volumes import source_of
from sqlml.runtime.workers.attendant import StepFailure
from sqlml.zoo.steps.process import program_failed

_PULL = {"": "missing", "IfNotPresent": "missing", "Always": "always", "Never": "never"}


def run_in_container(
    job: Job,
    command: Sequence[str],
    own: Mapping[str, Path],
    args: Sequence[str] = (),
    *,
    daemon: bool = False,
    back: Mapping[str, Path] = MappingProxyType({}),
) -> Done:
    """Run a command of the step's image, or what the image starts by itself.

    own: files to be put into the container, by their paths there. back: where files and folders go
    that lie there at the end.

    Raises:
        StepFailure: it ends badly. StepError: there is no image or container, or no output.
    """
    assert job.means.engine is not None, "it is looked for before a run begins"
    box = _Container(job, job.means.engine)
    with job.processes.step(job.node.name) as stop:
        job.processes.warden.watch(box.removal)
        try:
            box.create([*command, *args] if command else [*args], bool(command), stop)
            box.put({**offered(job), **own})
            if daemon:
                return box.serve(stop)
            printed = job.folder / "printed"
            code = box.start(printed, stop)
            if code:
                raise StepFailure(program_failed(job.node.name, code, last_lines(job.log)), 0)
            for path, target in back.items():
                box.get(path, target)
            return Done(last_line(printed), collected(job, printed, box.get))
        finally:
            if not daemon:
                box.remove()


class _Container:
    """The container of one step, from its making to its end."""

    def __init__(self, job: Job, engine: str) -> None:
        self._job = job
        self._engine = engine
        self._name = f"sqlml-{uuid4().hex[:16]}"
        self._variables = job.variables()
        self._environment = {**job.means.inherited, **self._variables}

    def create(self, words: Sequence[str], has_command: bool, stop: Event) -> None:
        operation = self._job.operation
        entry = ["--entrypoint", words[0]] if has_command else []
        rest = words[1:] if has_command else words
        told = [*self._flags(), *entry, operation.image, *rest]
        pull = ["--pull", _PULL[operation.pull]]
        code = self._run(["create", "--name", self._name, *pull, *told], "created", stop)
        if code:
            message = f"no container can be made of the image `{operation.image}`"
            hint = "\n".join(last_lines(self._job.log)[-3:])
            if "short-name" in hint:
                hint += f"\n  name its registry in front: `registry.example.com/{operation.image}`"
            raise StepError(Diagnostic("E0688", message, hint=hint))

    def put(self, files: Mapping[str, Path]) -> None:
        """Copy files and folders into the container, which makes the folders they lie in."""
        if not files:
            return
        import tarfile

        packed = self._job.folder / "files.tar"
        with tarfile.open(packed, "w") as archive:
            for path, source in files.items():
                archive.add(source, path.lstrip("/"))
        with packed.open("rb") as stream:
            copied = self._ask("cp", "-", f"{self._name}:/", stdin=stream)
        if copied.returncode:
            message = f"files cannot be put into a container of `{self._job.operation.image}`"
            raise StepError(Diagnostic("E0688", message, hint=copied.stderr.strip()))
        packed.unlink()

    def start(self, printed: Path, stop: Event) -> int:
        """Run it to its end; returns its exit code."""
        return self._run(["start", "--attach", self._name], printed.name, stop)

    def serve(self, stop: Event) -> Done:
        """Let it run until the run has ended. Its outputs are its address."""
        self._job.processes.at_the_end(self.remove)
        code = self._run(["start", self._name], "started", stop)
        if code:
            raise program_failed(self._job.node.name, code, last_lines(self._job.log))
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        found = self._ask("inspect", "--format", form, self._name).stdout.strip()
        address = found or "127.0.0.1"
        return Done("serving", {output.name: address for output in self._job.node.outputs})

    def get(self, path: str, target: Path | None = None) -> Path | None:
        """A copy of a file or folder that lies in the container, which is made at `target`."""
        target = target or self._job.folder / "taken" / uuid4().hex
        target.parent.mkdir(exist_ok=True)
        copied = self._ask("cp", f"{self._name}:{path}", str(target))
        return target if copied.returncode == 0 else None

    @property
    def removal(self) -> list[str]:
        """The command that ends the container."""
        return [self._engine, "rm", "--force", self._name]

    def remove(self) -> None:
        self._ask(*self.removal[1:])
        self._job.processes.warden.forget(self.removal)

    def _ask(self, *words: str, stdin: IO[bytes] | int = DEVNULL) -> CompletedProcess[str]:
        return run(
            [self._engine, *words],
            env=self._environment,
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def _run(self, words: Sequence[str], output: str, stop: Event) -> int:
        job, command = self._job, [self._engine, *words]
        launch = Launch(job.node.name, command, self._environment, job.folder, job.log, stop)
        return job.processes.run(launch, job.folder / output).code

    def _flags(self) -> Iterator[str]:
        """What the container is to have. Values of variables are not named: they are passed on."""
        job, resources = self._job, self._job.node.resources
        for name in self._variables:
            yield from ("--env", name)
        for mount in job.node.mounts:
            source = source_of(mount, job.volumes[mount.volume], job.means, job.places)
            mode = ":ro" if mount.read_only else ""
            yield from ("--volume", f"{source.absolute()}:{mount.path}{mode}")
        if job.operation.working_dir:
            yield from ("--workdir", job.operation.working_dir)
        if resources.cpu is not None:
            yield from ("--cpus", f"{resources.cpu:g}")
        if resources.memory_limit is not None:
            yield from ("--memory", str(resources.memory_limit))
        if resources.gpu:
            yield from ("--gpus", str(resources.gpu))
