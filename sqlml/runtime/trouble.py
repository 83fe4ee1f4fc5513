"""What went wrong in a step: told to the user, and carried from one process to another."""

import errno
import traceback
from collections.abc import Mapping
from typing import Any

from sqlml.databases.database import QueryProblem
from sqlml.errors import Diagnostic, SqlmlError, StepError
from sqlml.runtime.machine import in_words, memory_limit, peak_memory

_OUT_OF_MEMORY = ("bad_alloc", "out of memory", "cannot allocate memory", "unable to allocate")
_DISK_FULL = ("no space left on device", "disk quota exceeded", "could not write all bytes")
_DATABASE_MODULES = ("duckdb", "_duckdb")


class ForeignBug(Exception):  # noqa: N818 - it names what happened there
    """An exception that nobody foresaw, raised in another process; its text is the traceback."""


def diagnose(error: BaseException) -> tuple[Diagnostic, ...] | None:
    """What to tell the user about an error; None when it is a bug in sqlml."""
    match error:
        case SqlmlError():
            return error.diagnostics
        case MemoryError():
            return (out_of_memory(peak_memory()),)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return (disk_full(str(error)),)
        case QueryProblem():
            return _told_by_database(str(error), error.hint)
    if type(error).__module__ in _DATABASE_MODULES:
        return _told_by_database(str(error))
    if any(sign in str(error).lower() for sign in _OUT_OF_MEMORY):
        return (out_of_memory(peak_memory()),)
    return None


def out_of_memory(peak: int) -> Diagnostic:
    held = f"; it held {in_words(peak)} of {in_words(memory_limit())}" if peak else ""
    return Diagnostic(
        "E0620",
        f"the step ran out of memory{held}",
        hint="select fewer rows or columns, set `train.disk_cache`, or give sqlml more memory",
    )


def disk_full(detail: str) -> Diagnostic:
    return Diagnostic(
        "E0622",
        f"no space is left on the disk: {detail}",
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
            {"code": d.code, "message": d.message, "label": d.label, "hint": d.hint, "about": d.about}
            for d in diagnostics
        ]
    }  # fmt: skip


def decode(told: Mapping[str, Any]) -> Exception:
    """The error that `encode` wrote: a StepError, or a ForeignBug."""
    if "traceback" in told:
        return ForeignBug(told["traceback"])
    return StepError(*(Diagnostic(**diagnostic) for diagnostic in told["diagnostics"]))


def _told_by_database(message: str, hint: str = "") -> tuple[Diagnostic, ...]:
    folded = message.lower()
    if any(sign in folded for sign in _DISK_FULL):
        return (disk_full(message.splitlines()[0]),)
    if any(sign in folded for sign in _OUT_OF_MEMORY):
        return (
            Diagnostic(
                "E0623",
                f"the database ran out of memory: {message.splitlines()[0]}",
                about="query",
                hint=hint or "let the query read or sort less, or raise DuckDB's `memory_limit`",
            ),
        )
    return (Diagnostic("E0624", message, about="query", hint=hint),)
