"""The users' models by name, those in container images too: their zoo folders are copied out."""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sqlml.errors import Diagnostic, ProgramError
from sqlml.zoo.containers import current_engine
from sqlml.zoo.models import custom_source
from sqlml.zoo.models.custom_source import Definition

ZOO = "/zoo"  # in the image


def find(name: str) -> Definition | None:
    """The model `module.Class` of the zoo folders; `image/Class` and `image/module.Class` are in
    the zoo folder of a container image.

    Raises:
        ProgramError: E0630 a file is no Python, E0212 the image cannot be had.
    """
    image, _, own = name.rpartition("/")
    if not image:
        return custom_source.find(name)
    copied = _zoo_of(image)
    places = custom_source.folders() if copied is None else (copied,)
    if "." not in own:
        named = [one for one in custom_source.names(places) if one.rpartition(".")[2] == own]
        own = named[0] if len(named) == 1 else own
    found = custom_source.find(own, places)
    return found and replace(found, image=image)


def _zoo_of(image: str) -> Path | None:
    """A copy of the zoo folder of an image; None where no containers are run: we may be in it.

    Raises:
        ProgramError: E0212 the image is not on this machine, or has no such folder.
    """
    engine = current_engine()
    return None if engine is None else _copied(engine, image)


@lru_cache(maxsize=64)
def _copied(engine: str, image: str) -> Path:
    found = _ask(engine, "image", "inspect", "--format", "{{.Id}}", image)
    if found is None:
        message = f"the container image `{image}` is not on this machine"
        hint = f"`{Path(engine).name} pull {image}` fetches it"
        raise ProgramError(Diagnostic("E0212", message, hint=hint))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sqlml" / "images"
    place = cache / found.removeprefix("sha256:")
    if not place.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        _copy(engine, image, place)
    return place


def _copy(engine: str, image: str, place: Path) -> None:
    """Copy the folder to its place, all of it at once: others may do the same."""
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        copy = Path(scratch) / "zoo"
        box = _ask(engine, "create", image, "true")
        copied = box and _ask(engine, "cp", f"{box}:{ZOO}", str(copy))
        if box:
            _ask(engine, "rm", "--force", box)
        if copied is None or not copy.is_dir():
            message = f"the container image `{image}` has no folder `{ZOO}`"
            hint = f"put the files with models there: `COPY zoo {ZOO}` in its Dockerfile"
            raise ProgramError(Diagnostic("E0212", message, hint=hint))
        with suppress(OSError):  # it is there by now
            shutil.move(copy, place)


def _ask(engine: str, *words: str) -> str | None:
    """What the engine answers; None where it fails."""
    asked = subprocess.run(
        [engine, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else None
