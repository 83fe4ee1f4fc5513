"""The programs of TO RUN that are not our own: found by name, where the step runs."""

import re
import shutil
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import find_spec
from os import X_OK, access
from pathlib import Path

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.zoo.runnables import RUNNABLES

# `name:tag`, `name@digest`, and names that begin with a registry's host: `example.org/tool`
_IMAGE = re.compile(r"[^\s:@]+(:[\w.-]+|@\w+:\w+)|[\w-]+(\.[\w-]+)+(:\d+)?/\S+")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Program:
    """The words that start it; is_python: with this interpreter, so that it finds our modules."""

    command: tuple[str, ...]
    is_python: bool


def is_image(name: str) -> bool:
    """Whether a name behind TO RUN is that of a container image, not of a file."""
    is_file = name.endswith(".py") or Path(name).expanduser().is_file()
    return not is_file and _IMAGE.fullmatch(name) is not None


def find_program(name: str) -> Program:
    """What a name behind TO RUN starts: a script, a Python module, or an executable.

    Raises:
        ProgramError: there is no such program, or it cannot be started.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return _from_file(name, path)
    if not name.endswith(".py"):
        if _MODULE.fullmatch(name) and _is_module(name):
            return Program((sys.executable, "-m", name), is_python=True)
        if found := shutil.which(name):
            return Program((found,), is_python=False)
    raise _unknown(name)


def _from_file(name: str, path: Path) -> Program:
    if path.suffix == ".py":
        return Program((sys.executable, str(path)), is_python=True)
    if not access(path, X_OK):
        message = f"`{name}` is no program: the file is not executable"
        raise ProgramError(Diagnostic("E0242", message, hint=f"`chmod +x {name}` makes it one"))
    return Program((str(path.absolute()),), is_python=False)


def _is_module(name: str) -> bool:
    """Whether `python -m name` would run something here; nothing of it is imported.

    Raises:
        ProgramError: it is a package without a `__main__` module.
    """
    first, *rest = name.split(".")
    spec = PathFinder.find_spec(first, [str(Path.cwd())]) or find_spec(first)
    if spec is None:
        return False
    places = [Path(place, *rest) for place in spec.submodule_search_locations or ()]
    if not rest and not places:
        return True
    if any(place.with_suffix(".py").is_file() for place in places if rest):
        return True
    if any((place / "__main__.py").is_file() for place in places):
        return True
    if not any(place.is_dir() for place in places):
        return False
    message = f"`{name}` is a package without a `__main__` module"
    raise ProgramError(Diagnostic("E0242", message, hint=f"name one of its modules: `{name}.…`"))


def _unknown(name: str) -> ProgramError:
    if "/" in name or name.endswith(".py"):
        hint = "paths begin in the folder where sqlml runs, not in that of the SQL file"
        if not name.endswith(".py"):
            hint += f"; an image is named with its tag: `{name}:latest`"
        return ProgramError(Diagnostic("E0240", f"there is no file `{name}`", hint=hint))
    return ProgramError(
        Diagnostic(
            "E0240",
            f"there is no program `{name}`",
            label="no ready-made one, no Python module, no executable on the search path",
            hint=did_you_mean(name, RUNNABLES) or "a script is named by its path: `tools/clean.py`",
        )
    )
