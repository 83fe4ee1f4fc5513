"""What tells that the tables of an attached database file have not changed: nobody reads them."""

import os
from contextlib import suppress

import duckdb

from sqlml.databases import names

_ATTACHED = """
SELECT path FROM duckdb_databases() JOIN duckdb_tables() USING (database_name)
WHERE database_name = ? AND table_name = ? AND readonly AND path IS NOT NULL
"""
_BESIDE = ("", ".wal", "-wal", "-journal")  # DuckDB's log of changes, and those of SQLite


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
