"""Settings: sqlml.toml, then SQLML_* variables, then what the caller gives."""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from sqlml.errors import Diagnostic, ProgramError, did_you_mean

FILE_NAME = "sqlml.toml"
DEFAULT_DIALECT = "duckdb"

_SWITCH = {"1": True, "true": True, "yes": True, "on": True,
           "0": False, "false": False, "no": False, "off": False}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """db: path of the DuckDB file, or `:memory:`. threads: 0 means all cores that are there.

    zoo: folders with models in Python files, separated as those of PATH are. containers: what runs
    images; with `process`, their commands run here without them. secrets: a folder with a folder
    for each secret, with a file for each key. passes: the optimizer's, as optimizer/pipeline.py
    reads them; empty for those that always run. memory_limits: whether steps that hold more memory
    than they ask for are ended, and tried again with more. advisor: who predicts trainings, as
    zoo/advisor.py reads it: `package.module:attribute`, or a command. author: who runs programs, as
    the record of runs tells.
    """

    db: str = "sqlml.duckdb"
    dialect: str = DEFAULT_DIALECT
    threads: int = 0
    on_error: Literal["stop", "continue"] = "continue"
    reuse: bool = True
    zoo: str = ""
    containers: Literal["auto", "podman", "docker", "process"] = "auto"
    secrets: str = ""
    passes: str = ""
    memory_limits: bool = False
    cache_size: int = 10_000_000_000
    cache_policy: str = "expected"
    advisor: str = ""
    author: str = ""


def load_settings(
    folder: Path | None = None, environment: Mapping[str, str] = os.environ, **given: Any
) -> Settings:
    """The settings in force; a `given` value of None counts as not given.

    Raises:
        ProgramError: a file that cannot be read, an unknown setting, a value of the wrong type.
    """
    path = (folder or Path.cwd()) / FILE_NAME
    settings = Settings()
    if path.is_file():
        settings = _apply(settings, _read(path), str(path))
    settings = _of_environment(settings, environment)
    return _apply(settings, {k: v for k, v in given.items() if v is not None}, "the call")


_IN_FORCE: ContextVar[Settings] = ContextVar("sqlml_settings")


@contextmanager
def in_force(settings: Settings) -> Iterator[None]:
    """Let `current` tell these settings to all that is called inside."""
    token = _IN_FORCE.set(settings)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def current() -> Settings:
    """The settings of the session that is at work; where there is none, the environment's.

    A worker process serves one session: its environment tells what that has told it.
    """
    return _IN_FORCE.get(None) or _of_environment(Settings(), os.environ)


def _of_environment(settings: Settings, environment: Mapping[str, str]) -> Settings:
    names = {f"SQLML_{item.name.upper()}": item.name for item in fields(Settings)}
    told = {names[key]: value for key, value in environment.items() if key in names}
    return _apply(settings, told, "the environment")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProgramError(Diagnostic("E0702", f"`{path}` cannot be read: {error}")) from error


def _apply(settings: Settings, values: Mapping[str, Any], origin: str) -> Settings:
    known = {item.name for item in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            hint = did_you_mean(name, known) or f"settings: {', '.join(sorted(known))}"
            fault = Diagnostic("E0703", f"{origin} sets `{name}`, which is no setting", hint=hint)
            raise ProgramError(fault)
        settings = replace(settings, **{name: _convert(name, value, origin)})
    return settings


_CHOICES = {
    "on_error": ("stop", "continue"),
    "containers": ("auto", "podman", "docker", "process"),
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?", re.IGNORECASE)
_WANTED = {
    "advisor": "package.module:attribute, or a command",
    "author": "a name",
    "cache_size": "a number of bytes, as 500MB or 2GB",
    "cache_policy": "the name of a cache policy",
    "threads": "a whole number, 0 or more",
    "reuse": "true or false",
    "memory_limits": "true or false",
    "db": "a path, or :memory:",
    "dialect": "the name of an SQL dialect",
    "zoo": "the path of a folder",
    "secrets": "the path of a folder",
    "passes": "names of passes",
    "on_error": "stop or continue",
    "containers": "auto, podman, docker or process",
}


def _convert(name: str, value: Any, origin: str) -> Any:
    match name, value:
        case "threads", bool():
            pass
        case "threads", int() if value >= 0:
            return value
        case "threads", str() if value.isdecimal():
            return int(value)
        case "reuse" | "memory_limits", bool():
            return value
        case "reuse" | "memory_limits", str() if value.lower() in _SWITCH:
            return _SWITCH[value.lower()]
        case "on_error" | "containers", str() if value in _CHOICES[name]:
            return value
        case "db", str() | Path() if str(value):
            return str(value)
        case "advisor" | "author", str():
            return value
        case ("dialect" | "zoo" | "secrets" | "passes" | "cache_policy", str()) | (
            "cache_size",
            str() | int(),
        ):
            return _READERS[name](value, origin)
    raise _unfit(name, value, origin)


def _unfit(name: str, value: Any, origin: str) -> ProgramError:
    message = f"{origin} sets `{name}` to {value!r}"
    return ProgramError(Diagnostic("E0704", message, hint=f"it is {_WANTED[name]}"))


def bytes_of(size: str) -> int | None:
    """What `2GB` or `2GiB` is in bytes; None where it is no size."""
    found = _SIZE.fullmatch(size.strip())
    if found is None:
        return None
    number, unit, binary = found.groups()
    power = " kmgt".index((unit or " ").lower())
    return int(float(number) * (1024 if binary else 1000) ** power)


def _bytes(size: str | int, origin: str) -> int:
    found = None if isinstance(size, bool) else bytes_of(str(size))
    if found is None:
        raise _unfit("cache_size", size, origin)
    return found


def _folders(listed: str, origin: str) -> str:
    for folder in filter(None, listed.split(os.pathsep)):
        if not Path(folder).is_dir():
            fault = Diagnostic("E0636", f"{origin} sets `zoo` to `{folder}`, which is no folder")
            raise ProgramError(fault)
    return listed


def _dialect(name: str, origin: str) -> str:
    """The dialect's name as sqlglot knows it."""
    if name == DEFAULT_DIALECT:  # without loading sqlglot
        return name
    from sqlglot.dialects.dialect import Dialects

    known = sorted(dialect.value for dialect in Dialects if dialect.value)
    if name.lower() in known:
        return name.lower()
    hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
    fault = Diagnostic("E0704", f"{origin} sets `dialect` to {name!r}, which is none", hint=hint)
    raise ProgramError(fault)


def _as_it_is(value: str, _origin: str) -> str:
    return value


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "dialect": _dialect,
    "zoo": _folders,
    "secrets": _as_it_is,
    "passes": _as_it_is,
    "cache_policy": _as_it_is,
    "cache_size": _bytes,
}
