"""A database's tables without their rows, so that checking a program holds up nobody's run."""

import os
from dataclasses import replace
from pathlib import Path

import duckdb

from sqlml.config import Settings
from sqlml.databases import DATABASES
from sqlml.databases.database import Database
from sqlml.optimizer.cache.inputs import Inputs
from sqlml.quoting import identifier
from sqlml.runtime.functions import ModelFunctions
from sqlml.runtime.programs.means import Means
from sqlml.session import Session
from sqlml.store.store import Store

_COLUMNS = """
SELECT schema_name, table_name, list(column_name ORDER BY column_index),
       list(data_type ORDER BY column_index)
FROM duckdb_columns() WHERE NOT internal AND database_name = current_database()
GROUP BY ALL ORDER BY ALL
"""


class Shadow:
    """The session that programs are checked in; read again when the file has changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = Path(settings.db)
        self._seen: object = None
        self._session: Session | None = None

    def session(self) -> Session | None:
        """Over the tables and models as they were last seen; None where there is no database.

        While a program writes to the database, what was seen before it stands.
        """
        seen = _stamp(self._path)
        if seen is not None and seen != self._seen:
            tables = _tables(self._path)
            if tables is not None:
                self.close()
                self._session = _session(self._settings, tables)
                self._seen = seen
        return self._session

    def close(self) -> None:
        """Forget the database."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _stamp(path: Path) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _tables(path: Path) -> list[str] | None:
    """Statements that create the database's tables and views, all as tables; None: not now."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.execute(_COLUMNS).fetchall()
    except duckdb.Error:  # somebody writes to it, or it is no database
        return None
    statements = []
    for schema, table, names, types in rows:
        columns = ", ".join(f"{identifier(n)} {t}" for n, t in zip(names, types, strict=True))
        statements.append(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
        statements.append(f"CREATE TABLE {identifier(schema)}.{identifier(table)} ({columns})")
    return statements


def _session(settings: Settings, tables: list[str]) -> Session:
    folder = Path(f"{settings.db}.sqlml")
    store = Store.open(folder if folder.is_dir() else None)
    database: Database = DATABASES.load("duckdb").open(":memory:")
    for statement in dict.fromkeys(tables):
        database.execute(statement)
    database.attach_tables(store.tables())
    database.attach_functions(ModelFunctions(store, settings))
    inputs = Inputs(store, settings.cache_policy, settings.cache_size)
    database.attach_copies(inputs, Means.of(settings).password)
    return Session(database, store, replace(settings, db=":memory:", passes="none"))
