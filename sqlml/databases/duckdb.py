"""DuckDB, embedded: the database of a program that names no other."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from pathlib import Path
from tempfile import gettempdir
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

from sqlml.databases import names
from sqlml.databases.attached import Attached
from sqlml.databases.connections import Connections
from sqlml.databases.database import Definition, Functions, QueryProblem, Receipt
from sqlml.databases.definitions import Definitions, noticed
from sqlml.databases.file_facts import file_facts, files_digest
from sqlml.databases.functions import RegisteredFunctions
from sqlml.databases.meanings import Meanings
from sqlml.databases.page_cache import PageCache
from sqlml.databases.problems import translate, translate_on
from sqlml.databases.receipts import DuckDBReceipts
from sqlml.databases.rehearsal import DuckDBRehearsal
from sqlml.databases.remote.copies import Copies
from sqlml.databases.remote.tables import RemoteTables
from sqlml.databases.statements import has_result, parse
from sqlml.databases.streams import Incoming, Outgoing, spooled
from sqlml.databases.surroundings import check_format, refusal
from sqlml.databases.transactions import attached, is_open, transaction
from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier

_SETTINGS: dict[str, str] = {
    "autoinstall_known_extensions": "false",  # nothing is downloaded behind the user's back
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # SQL does not see Python variables
    "errors_as_json": "true",
}
_INCOMING = "__sqlml_rows"
_BYTES_PER_VALUE = 8
# Until a statement ends, DuckDB holds a part of every row group and column that it writes: of 8
# million rows × 29 columns 500 MB, and 30 MB where each statement writes one row group: no more,
# or what is left over becomes a short one, and its record takes as much memory as that of a full.
_STATEMENT_ROWS = 122_880
_FLOATS = ("FLOAT", "DOUBLE")


class DuckDB:
    """A DuckDB file, or `:memory:`, that this process owns; a Database."""

    dialect = "duckdb"

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, path: Path | None, *, borrowed: bool = False
    ):
        """path: the file, or None in memory. borrowed: this process had it open, its own way."""
        self.path = path
        self._connections = Connections(connection, borrowed=borrowed)
        self._attached = Attached()
        self._remote = RemoteTables(self._connections)
        self._functions = RegisteredFunctions(connection)
        self.meanings = Meanings()
        self._definitions = Definitions(shared=borrowed)
        self.receipts = DuckDBReceipts(connection)
        self._page_cache = None if path is None else PageCache(connection)

    @classmethod
    def open(cls, path: str | Path = ":memory:", *, memory: int | None = None) -> "DuckDB":
        """Open a database file, created if need be.

        memory: the bytes that queries and pages may hold; by default, most of the machine's.

        Raises:
            SqlmlError: E0601 to E0606, E0609: locked, no database, no folder, no permission …
        """
        settings = _SETTINGS if memory is None else {**_SETTINGS, "memory_limit": f"{memory}B"}
        if str(path) == ":memory:":
            scratch = str(Path(gettempdir(), f"sqlml-{os.getpid()}.tmp"))
            settings = {**settings, "temp_directory": scratch}
            return cls(duckdb.connect(":memory:", config=settings), None)
        path = Path(path)
        check_format(path)
        is_new = not os.path.exists(path)
        try:
            return cls(duckdb.connect(str(path), config=settings), path)
        except duckdb.ConnectionException as error:
            if "different configuration" not in str(error):
                raise refusal(path, str(error)) from error
            return cls(duckdb.connect(str(path)), path, borrowed=True)
        except duckdb.Error as error:
            if is_new:  # what has been written of it is no database
                with suppress(OSError):  # it was not begun
                    path.unlink()
            raise refusal(path, str(error)) from error

    @property
    def single_connection(self) -> bool:
        return self._connections.single

    @single_connection.setter
    def single_connection(self, value: bool) -> None:
        self._connections.single = value

    @contextmanager
    def rehearse(self) -> Iterator[DuckDBRehearsal]:
        self._functions.register("")  # those that views call may have changed
        connection = self._connections.open()
        try:
            with self._remote.rehearsing():
                yield DuckDBRehearsal(connection, self._attached, self._remote)
        finally:
            connection.close()  # which rolls back

    def rows(self, sql: str, batch_rows: int = 65536) -> pa.RecordBatchReader:
        with ExitStack() as resources:
            connection = resources.enter_context(self._running(sql))
            reader = connection.sql(sql).to_arrow_reader(batch_rows)
            if self.single_connection:  # the connection must be free for the next statement
                return spooled(reader)
            batches = Outgoing(
                reader,
                resources.pop_all(),
                lambda error: self._functions.failure(error) or translate(error, sql),
                self._streamed,
            )
            return pa.RecordBatchReader.from_batches(reader.schema, batches)

    def table(self, sql: str) -> pa.Table:
        with self._running(sql) as connection:
            return connection.sql(sql).to_arrow_table()

    def execute(self, sql: str, receipt: Receipt | None = None) -> pa.Table | None:
        with self._running(sql, receipt.ahead if receipt else "") as connection:
            statements = parse(connection, sql)
            if receipt and [each.type.name for each in statements] == ["TRANSACTION"]:
                self.receipts.accompany(connection, receipt)
                return _execute(connection, statements)
            left = receipt and self.receipts.prepare(connection, receipt)
            if left or (len(statements) > 1 and is_open(connection)):  # not in one of their own
                statements = [each for each in statements if each.type.name != "TRANSACTION"]
            with transaction(connection) if left else nullcontext():
                result = _execute(connection, statements)
                if left:
                    connection.execute(left)
            return result

    def replace(
        self,
        table: str,
        data: pa.RecordBatchReader,
        types: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        incoming = Incoming(data, self._streamed)
        columns = ", ".join(_column(name, types.get(name)) for name in data.schema.names)
        name, select = names.quoted(table), f"SELECT {columns} FROM {_INCOMING}"
        statement, written = f"CREATE OR REPLACE TABLE {name} AS {select}", 0
        try:
            with ExitStack() as ending:
                connection = ending.enter_context(self._running(""))
                ending.callback(connection.unregister, _INCOMING)
                ending.enter_context(transaction(connection))
                for part in incoming.parts(_STATEMENT_ROWS):
                    connection.register(_INCOMING, part)
                    ((count,),) = connection.execute(statement).fetchall()
                    statement, written = f"INSERT INTO {name} {select}", written + count
        except QueryProblem as problem:
            raise incoming.error or _unwritable(table, problem) from problem
        return written

    def create(
        self, tables: Mapping[str, str], files: Mapping[str, Path] = MappingProxyType({})
    ) -> Mapping[str, int]:
        counts = {}
        with ExitStack() as ending:
            connection = ending.enter_context(self._running("\n".join(tables.values())))
            beside = ending.enter_context(closing(self._connections.open()))
            for name, path in files.items():
                ending.enter_context(attached(beside, name, path))
            ending.enter_context(transaction(connection))
            for table, sql in tables.items():
                created = f"CREATE OR REPLACE TABLE {names.quoted(table)} AS {sql}"
                ((counts[table],),) = connection.execute(created).fetchall()
        return counts

    def fingerprint(self, table: str, *, ordered: bool = True, fetch: bool = True) -> str | None:
        if remote := self._remote.fingerprint(table, fetch=fetch):
            return remote
        name = names.quoted(table)
        import numpy as np

        try:
            with self._running(name) as connection:
                relation = connection.sql(f"SELECT * FROM {name}")
                schema = [relation.columns, [str(kind) for kind in relation.types]]
                if facts := file_facts(connection, table):
                    return hashlib.sha256(json.dumps([schema, facts]).encode()).hexdigest()
                hashes = connection.sql(f"SELECT {_row_hash(relation)} FROM {name}")
                rows, total, sequence = 0, 0, hashlib.sha256()
                for batch in hashes.to_arrow_reader():  # one aggregate would fill the page cache
                    column: Any = batch.column(0)  # its `to_numpy` loads pandas
                    found: Any = np.from_dlpack(column)
                    total += int(found.sum())  # modulo 2 ** 64
                    rows += batch.num_rows
                    if ordered:
                        sequence.update(found)
                    self._streamed(batch.num_rows * len(relation.columns) * _BYTES_PER_VALUE)
        except QueryProblem:  # no such table, or a view that has lost its own
            return None
        content = [schema, rows, sequence.hexdigest() if ordered else total % 2**64]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def definitions(self, text: str) -> Sequence[Definition]:
        return self._definitions.usable_in(text, self._running)

    def file_fingerprint(self, path: str) -> str | None:
        return files_digest(path)

    def attach_tables(self, tables: Mapping[str, Callable[[], pa.Table]]) -> None:
        self._attached.add(tables)

    def detach_tables(self, tables: Iterable[str]) -> None:
        self._attached.remove(tables)

    def attach_functions(self, functions: Functions) -> None:
        self._functions.attach(functions)

    def attach_copies(self, copies: Copies, password: Callable[[str], str | None]) -> None:
        self._remote.keep_in(copies, password)

    def holding(self) -> AbstractContextManager[None]:
        return self._remote.holding()

    def remote_remarks(self, table: str) -> Mapping[str, str]:
        return self._remote.remarks(table)

    def interrupt(self, thread: int | None = None) -> None:
        self._connections.interrupt(thread)

    def close(self) -> None:
        if self._page_cache is not None:
            self._page_cache.close()
        self._functions.close()
        self._remote.close()
        self._connections.close()

    @contextmanager
    def _running(self, sql: str, ahead: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection where `sql` finds the attached tables, and whose errors speak about it."""
        self._remote.prepare(sql)
        with self._connections.use() as connection, noticed(sql):
            try:
                self._attached.register(connection, sql)
                self._functions.register(sql + ahead)
                yield connection
            except duckdb.Error as error:
                raise self._functions.failure(error) or translate_on(
                    connection, error, sql
                ) from error

    def _streamed(self, size: int) -> None:
        if self._page_cache is not None:
            self._page_cache.streamed(size, is_alone=self._connections.users <= 1)


def _execute(
    connection: duckdb.DuckDBPyConnection, statements: Sequence[duckdb.Statement]
) -> pa.Table | None:
    """The result set of the last statement, if it has one."""
    result = None
    for statement in statements:
        relation = connection.sql(statement)
        shown = relation is not None and has_result(statement, relation.columns)
        result = relation.to_arrow_table() if shown else None
    return result


def _row_hash(relation: duckdb.DuckDBPyRelation) -> str:
    """The hash of a row. To `hash`, 0.0 and -0.0 are the same; to what divides by them, not."""
    typed = zip(relation.columns, relation.types, strict=True)
    signs = [f", signbit({identifier(name)})" for name, kind in typed if str(kind) in _FLOATS]
    return f"hash(*COLUMNS(*){''.join(signs)})"


def _column(name: str, kind: str | None) -> str:
    column = identifier(name)
    match kind:
        case None:
            return column
        case "BIT":  # comes as bytes, the first of which counts the padding bits behind it
            bits = f"CAST(CAST({column} AS BIT) AS VARCHAR)"
            padding = f"CAST(CAST(left({bits}, 8) AS BIT) AS INTEGER)"
            return f"CAST(substring({bits}, 9 + {padding}) AS BIT) AS {column}"
        case _:
            return f"CAST({column} AS {kind}) AS {column}"


def _unwritable(table: str, problem: QueryProblem) -> Exception:
    if problem.kind == "schema":
        schema = ".".join(names.parts(table)[:-1])
        return StepError(
            Diagnostic(
                "E0611",
                f"there is no schema `{schema}` to write `{table}` to",
                hint=f"`CREATE SCHEMA {schema};` makes it",
                about="into",
            )
        )
    message = f"`{table}` cannot be written: {problem}"
    return StepError(Diagnostic("E0610", message, hint=problem.hint, about="into"))
