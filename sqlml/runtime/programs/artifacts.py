"""Files that a step finds, and files that it leaves: from and to other steps and stores."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.outputs import read
from sqlml.runtime.programs.job import Job
from sqlml.workflow.ir import Artifact, Json, OutputDeclaration, SecretKey

_SCHEMES = {"s3": "s3", "gcs": "gs", "oss": "oss", "hdfs": "hdfs"}
_PACKAGES = {"s3": "s3fs", "gcs": "gcsfs", "oss": "ossfs", "hdfs": "pyarrow", "http": "aiohttp"}
_LONGEST = 1 << 20  # bytes of a parameter

# What stores' settings are called here, and by fsspec's file systems.
_OPTIONS = {"access_key": "key", "secret_key": "secret", "accessKey": "key", "secretKey": "secret",
            "endpoint": "endpoint_url"}  # fmt: skip


def offered(job: Job) -> dict[str, Path]:
    """The files that a step is to find, by the path where it looks for them.

    Raises:
        StepError: E0691, a store does not give one.
    """
    found = {}
    for name, file in job.node.files.items():
        if isinstance(file.source, Artifact):
            source = job.folder / "fetched" / name
            source.parent.mkdir(parents=True, exist_ok=True)
            _fetch(job, file.source, source)
        else:
            source = job.files[name]
        found[file.path] = source
    return found


def collected(job: Job, printed: Path, find: Callable[[str], Path | None]) -> dict[str, Json]:
    """What a step has left. printed: its standard output. find: the file that it has left there.

    Raises:
        StepError: E0683 it is not there or not of its type, E0691 a store does not take it.
    """
    outputs: dict[str, Json] = {}
    for output in job.node.outputs:
        if output.kind == "parameter":
            source = find(output.path) if output.path else printed
            outputs[output.name] = read(output, _text(_there(source, output)))
        elif output.path:
            outputs[output.name] = str(_kept(job, output, _there(find(output.path), output)))
    return outputs


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder; what is there is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def _there(source: Path | None, output: OutputDeclaration) -> Path:
    if source is None or not source.exists():
        message = f"the step has left no output `{output.name}`"
        hint = f"it is to write the file `{output.path}`"
        raise StepError(Diagnostic("E0683", message, hint=hint))
    return source


def _text(file: Path) -> str:
    if file.stat().st_size > _LONGEST:
        message = f"the step has left more than {_LONGEST:,} bytes as a parameter"
        hint = "leave what is large in a file, as an artifact"
        raise StepError(Diagnostic("E0683", message, hint=hint))
    text = file.read_text("utf-8", errors="replace")
    return text.removesuffix("\n").removesuffix("\r")


def _kept(job: Job, output: OutputDeclaration, source: Path) -> Path:
    kept = job.lasting(f"{job.node.name}/{output.name}/{Path(output.path).name or output.name}")
    copy(source, kept)
    if output.artifact is not None:
        _store(job, output.artifact, kept)
    return kept


def _fetch(job: Job, artifact: Artifact, target: Path) -> None:
    if artifact.store == "git":
        _clone(artifact, target)
        return
    with _reaching(artifact):
        files, place = _place(job, artifact)
        if files.isdir(place):
            files.get(place, str(target), recursive=True)
        else:
            files.get_file(place, str(target))


def _store(job: Job, artifact: Artifact, source: Path) -> None:
    if artifact.store in ("git", "http"):
        message = f"nothing can be stored by {artifact.store}: `{artifact.location}`"
        hint = "store it in a folder, or by s3, gcs, oss or hdfs"
        raise StepError(Diagnostic("E0691", message, hint=hint))
    with _reaching(artifact):
        files, place = _place(job, artifact)
        files.makedirs(files._parent(place), exist_ok=True)
        files.put(str(source), place, recursive=source.is_dir())


def _place(job: Job, artifact: Artifact) -> tuple[Any, str]:
    """The file system, and the path in it."""
    from fsspec.core import url_to_fs

    if artifact.store == "local":
        return url_to_fs(str(Path(artifact.location).absolute()))  # type: ignore[no-any-return]
    if artifact.store == "http":
        return url_to_fs(artifact.location)  # type: ignore[no-any-return]
    options = {_OPTIONS.get(name, name): value for name, value in artifact.settings.items()}
    for name, reference in artifact.secrets.items():
        options[_OPTIONS.get(name, name)] = _secret(job, reference)
    scheme = _SCHEMES[artifact.store]
    location = artifact.location.removeprefix(f"{scheme}://")
    return url_to_fs(f"{scheme}://{location}", **options)  # type: ignore[no-any-return]


def _secret(job: Job, reference: SecretKey) -> str:
    return job.means.secret(reference) or ""


def _clone(artifact: Artifact, target: Path) -> None:
    revision = str(artifact.settings.get("revision") or "HEAD")
    commands = (
        ["git", "clone", "--quiet", "--", artifact.location, str(target)],
        ["git", "-C", str(target), "checkout", "--quiet", revision, "--"],
    )
    for command in commands:
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", "") or error).strip()
            raise _unreachable(artifact, said) from error


@contextmanager
def _reaching(artifact: Artifact) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        package = _PACKAGES.get(artifact.store, artifact.store)
        message = f"the store `{artifact.store}` needs the package `{package}`"
        hint = f"pip install {package}"
        raise StepError(Diagnostic("E0706", message, hint=hint)) from error
    except (OSError, ValueError) as error:
        raise _unreachable(artifact, str(error)) from error


def _unreachable(artifact: Artifact, reason: str) -> StepError:
    message = f"`{artifact.location}` ({artifact.store}) cannot be reached: {reason}"
    return StepError(Diagnostic("E0691", message, hint="is the place right, and may you use it?"))
