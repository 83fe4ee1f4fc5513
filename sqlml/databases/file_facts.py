"""What tells that files, or tables in them, have not changed: nobody reads what is long."""

import hashlib
import json
import os
from contextlib import suppress
from glob import glob

import duckdb

from sqlml.databases import names

_ATTACHED = """
SELECT path FROM duckdb_databases() JOIN duckdb_tables() USING (database_name)
WHERE database_name = ? AND table_name = ? AND readonly AND path IS NOT NULL
"""
_BESIDE = ("", ".wal", "-wal", "-journal")  # DuckDB's log of changes, and those of SQLite
_SHORT_FILE = 2**26  # bytes that are read rather than believed not to have changed


def files_digest(path: str) -> str | None:
    """A digest of the names and contents of a path's or glob's files; None: one cannot be read."""
    files = sorted(glob(path, recursive=True)) or [path]
    try:
        facts = [(name, _content(name)) for name in files]
    except OSError:
        return None
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def file_facts(connection: duckdb.DuckDBPyConnection, table: str) -> list[list[int]]:
    """Size, times and number of the files that hold a table of a read-only attached database.

    Empty for any other table, and for views, which may read others. Of a database that this process
    may change, a file is no witness: other tables are in it, too.
    """
    named = names.parts(table)
    if len(named) < 2:
        return []
    found = connection.execute(_ATTACHED, [named[0], named[-1]]).fetchone()
    return _facts(str(found[0])) if found else []


def _facts(path: str) -> list[list[int]]:
    facts = []
    for beside in _BESIDE:
        with suppress(OSError):
            stat = os.stat(path + beside)
            facts.append([stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino])
    return facts


def _content(path: str) -> list[int] | str:
    """What changes when a file does: its contents or, of a long file, all that the system says."""
    stat = os.stat(path)
    if stat.st_size > _SHORT_FILE:
        return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
