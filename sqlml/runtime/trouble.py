"""What went wrong in a step: told to the user, and carried from one process to another."""

import errno
import re
import traceback
from collections.abc import Mapping
from typing import Any

from sqlml.databases.database import QueryProblem
from sqlml.errors import Diagnostic, SqlmlError, StepError
from sqlml.runtime.machine import in_words, memory_limit, peak_memory

_OUT_OF_MEMORY = (
    "bad_alloc",
    "out of memory",
    "cannot allocate memory",
    "unable to allocate",
    "can't start new thread",
)
_NO_SPACE = re.compile(  # as libraries say it, NumPy last
    r"no space left on device|disk quota exceeded|^\d+ requested and \d+ written", re.IGNORECASE
)
_NAMED = re.compile(r"`([^`]+)`")
_CARRIED = ("code", "message", "label", "hint", "about")


class ForeignBug(Exception):  # noqa: N818 - it names what happened there
    """An exception that nobody foresaw, raised in another process; its text is the traceback."""


def diagnose(error: BaseException) -> tuple[Diagnostic, ...] | None:
    """What to tell the user about an error; None when it is a bug in sqlml."""
    match error:
        case SqlmlError():
            return error.diagnostics
        case MemoryError():
            return (out_of_memory(peak_memory()),)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return (disk_full(error.filename),)
        case QueryProblem():
            return (
                Diagnostic(error.code or "E0623", str(error), about=_about(error), hint=error.hint),
            )
    if any(sign in str(error).lower() for sign in _OUT_OF_MEMORY):
        return (out_of_memory(peak_memory()),)
    if _NO_SPACE.search(str(error)):
        return (disk_full(),)
    return None


def _about(problem: QueryProblem) -> str:
    """What a refused statement is about: the last name in its message, or all of the query."""
    named = _NAMED.findall(str(problem))
    return f"name {named[-1]}" if named else "query"


def out_of_memory(peak: int, *, killed: bool = False) -> Diagnostic:
    """peak: the bytes that the step has held. killed: the system ended its process (signal 9)."""
    what = (
        "the step was killed, most likely for lack of memory"
        if killed
        else ("the step ran out of memory")
    )
    return Diagnostic(
        "E0620",
        f"{what}: it held {in_words(peak)} of {in_words(memory_limit())}",
        hint="select fewer rows or columns, set `train.disk_cache`, or give sqlml more memory",
    )


def disk_full(file: str | bytes | int | None = None) -> Diagnostic:
    """file: what could not be written, if that is known."""
    what = f": could not write `{file}`" if isinstance(file, str) else ""
    return Diagnostic(
        "E0622",
        f"no space is left on the disk{what}",
        hint="make room, then go on with `--resume`",
    )


def bug(log: str) -> Diagnostic:
    """How a bug of ours is shown; the traceback is in the step's log."""
    return Diagnostic(
        "E0699",
        f"this is a bug in sqlml: {log.strip().splitlines()[-1]}",
        label=log.strip(),
        hint="please report it with the traceback above",
    )


def encode(error: BaseException) -> dict[str, Any]:
    """An error as JSON; `decode` is its inverse, as far as errors go between processes."""
    diagnostics = diagnose(error)
    if diagnostics is None:
        return {"traceback": "".join(traceback.format_exception(error))}
    return {
        "diagnostics": [
            {name: getattr(diagnostic, name) for name in _CARRIED} for diagnostic in diagnostics
        ]
    }


def decode(told: Mapping[str, Any]) -> Exception:
    """The error that `encode` wrote: a StepError, or a ForeignBug."""
    if "traceback" in told:
        return ForeignBug(told["traceback"])
    return StepError(*(Diagnostic(**diagnostic) for diagnostic in told["diagnostics"]))
