"""Troubles that no statement can help: a full disk, too little memory, an interrupt, a bad file."""

import os
import re
from pathlib import Path

from sqlml.errors import Diagnostic, ProgramError, SqlmlError, StepError
from sqlml.quoting import literal

LOCKED = "E0601"  # by another process
_LOCK = re.compile(r"Conflicting lock is held in (.+?) \(PID (\d+)\)")
_FULL = re.compile(
    r"No space left on device|File too large|max_temp_directory_size|Disk quota exceeded", re.I
)
_DAMAGED = re.compile(r"Corrupt database|checksum|has been invalidated|not read enough bytes", re.I)
_FORBIDDEN = re.compile(r"Permission denied|Read-only file system|Operation not permitted", re.I)
_NEWER = re.compile(r"version number|newer version of DuckDB|storage version", re.I)


def trouble(kind: str, message: str) -> SqlmlError | None:
    """The error of a running statement when its surroundings are at fault, else None.

    kind: DuckDB's exception type.
    """
    if kind.upper() == "INTERRUPT":
        return StepError(Diagnostic("E0608", "interrupted"))
    if _FULL.search(message):
        where = re.search(r'"(.+?)\\*"', message)
        return StepError(
            Diagnostic(
                "E0606",
                f"the disk is full: could not write `{where[1]}`" if where else "the disk is full",
                hint="free some space and run again; tables and models are as they were",
            )
        )
    if kind == "Out of Memory":
        return StepError(
            Diagnostic(
                "E0607",
                "the database ran out of memory",
                label=message.partition("\n")[0],
                hint="`SET memory_limit = '…GB'` gives it more; fewer columns or rows need less",
            )
        )
    if kind.upper() == "FATAL" or (kind != "Conversion" and _DAMAGED.search(message)):
        return StepError(_damaged("the database", message))
    return None


def refusal(path: Path, message: str) -> SqlmlError:
    """Why a database file could not be opened."""
    if held := _LOCK.search(message):
        return SqlmlError(_locked(path, held[1], int(held[2])))
    if os.path.isdir(path):
        return ProgramError(Diagnostic("E0603", f"`{path}` is a folder, not a database file"))
    if "File name too long" in message:
        return ProgramError(Diagnostic("E0603", "the name of the database's file is too long"))
    if not path.parent.is_dir():
        hint = f"`mkdir -p {path.parent}` makes it"
        return ProgramError(Diagnostic("E0603", f"there is no folder `{path.parent}`", hint=hint))
    if _FORBIDDEN.search(message):
        return ProgramError(
            Diagnostic(
                "E0604",
                f"the database `{path}` cannot be opened for writing",
                label=message,
                hint="look at the permissions of the file and of its folder"
                + _to_read_it(path) * path.exists(),
            )
        )
    if _FULL.search(message):
        return SqlmlError(Diagnostic("E0606", f"the disk is full: could not write `{path}`"))
    if _DAMAGED.search(message):
        return SqlmlError(_damaged(f"`{path}`", message))
    if _NEWER.search(message):
        return ProgramError(
            Diagnostic(
                "E0605",
                f"`{path}` was written by another version of DuckDB",
                label=message.partition("\n")[0],
                hint="`pip install --upgrade duckdb` can read newer files",
            )
        )
    return _foreign(path, "no database", message.partition("\n")[0])


def _to_read_it(path: Path) -> str:
    attached = f"ATTACH {literal(str(path))} AS other (READ_ONLY)"
    return f"; to read it only, name another one with --db, and `{attached}` there"


def check_format(path: Path) -> None:
    """Refuse a file that is no DuckDB database: some DuckDB would open in memory, for reading.

    Raises:
        ProgramError: E0602.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:  # a new file, or one that DuckDB will complain about
        return
    if start.startswith(b"SQLite format 3"):
        raise _foreign(path, "a SQLite database")
    if start[8:12] != b"DUCK":
        raise _foreign(path, "no database")


def _locked(path: Path, program: str, pid: int) -> Diagnostic:
    return Diagnostic(
        LOCKED,
        f"the database `{path}` is in use: {Path(program).name} (process {pid}) holds it",
        hint=f"wait until it is done, or end it (`kill {pid}`); one process at a time can write",
    )


def _damaged(what: str, message: str) -> Diagnostic:
    return Diagnostic(
        "E0609",
        f"{what} is damaged",
        label=message.partition("\n")[0],
        hint="open it with the `duckdb` program to save what can be read, or restore a copy",
    )


def _foreign(path: Path, what: str, label: str = "") -> ProgramError:
    hint = "name another file with --db; one that does not exist yet is created"
    message = f"`{path}` is {what}, and sqlml needs a DuckDB file"
    return ProgramError(Diagnostic("E0602", message, label=label, hint=hint))
