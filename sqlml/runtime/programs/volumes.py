"""Volumes as folders of this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.programs.means import Means
from sqlml.workflow.ir import Mount, Volume


@dataclass(frozen=True, slots=True)
class Places:
    """Where volumes lie: those that last beside the database, and those that are made for a run."""

    lasting: Path
    of_run: Path

    def folder(self, volume: Volume) -> Path:
        if volume.kind == "claim":
            return self.lasting / (volume.source or volume.name)
        return self.of_run / volume.name


def folder_of(volume: Volume, means: Means, places: Places) -> Path:
    """The folder that a volume is here.

    Raises:
        StepError: E0690, it is of a kind that only clusters have, or its secret is not here.
    """
    if volume.kind == "host":
        return Path(volume.source)
    if volume.kind in ("config", "secret"):
        folder = means.secret_folder(volume.source)
        if folder is None:
            message = f"the {volume.kind} `{volume.source}` of volume `{volume.name}` is not here"
            hint = "the setting `secrets` names a folder, which has a folder of that name"
            raise StepError(Diagnostic("E0690", message, hint=hint))
        return folder
    folder = places.folder(volume)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def source_of(mount: Mount, volume: Volume, means: Means, places: Places) -> Path:
    """The folder that is found at a mount."""
    folder = folder_of(volume, means, places)
    if not mount.sub_path:
        return folder
    inner = folder / mount.sub_path
    if volume.kind not in ("config", "secret", "host"):
        inner.mkdir(parents=True, exist_ok=True)
    return inner


def unmountable(mounts: tuple[Mount, ...], volumes: dict[str, Volume]) -> Iterator[Mount]:
    """The mounts that a process on this machine cannot have: those at other absolute paths."""
    for mount in mounts:
        volume = volumes.get(mount.volume)
        is_itself = (
            volume is not None
            and volume.kind == "host"
            and Path(volume.source) / mount.sub_path == Path(mount.path)
        )
        if Path(mount.path).is_absolute() and not is_itself:
            yield mount
