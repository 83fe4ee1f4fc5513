"""Tables of databases elsewhere among those of DuckDB.

What ATTACH names is a database in memory with a view for each table: a view of its copy, once it
has been read. Until then whoever reads it is refused, which binding a query does not.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import RLock

import duckdb

from sqlml.databases import names
from sqlml.databases.connections import Connections
from sqlml.databases.remote import DRIVERS
from sqlml.databases.remote.address import Address, address
from sqlml.databases.remote.copies import Copies, Copy
from sqlml.databases.remote.found import Attached, Found
from sqlml.databases.remote.mentions import Names, columns, with_views
from sqlml.databases.remote.server import RemoteProblem, Server
from sqlml.databases.remote.transfer import view
from sqlml.databases.remote.upkeep import Upkeep
from sqlml.quoting import identifier, literal

_VIEWS = (
    "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal AND database_name NOT IN ({})"
)
_ROWLESS = re.compile(r"^\s*DESCRIBE\b|\bLIMIT\s+0\s*$", re.IGNORECASE)
_LISTED_SECONDS = 5.0  # in which a list of tables holds: a program is planned, and then it runs
_BEGINS = re.compile(r"\s*(?:BEGIN|START)\b", re.IGNORECASE)
_DATABASES = "SELECT database_name FROM duckdb_databases()"


class RemoteTables:
    """Those that all connections of one DuckDB see. Threads take turns."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._copies: Copies | None = None
        self._password: Callable[[str], str | None] = lambda _secret: None
        self._attached: dict[str, Attached] = {}
        self._names = Names(())
        self._holders = 0
        self._rehearsals = 0
        self._begins = False  # a rehearsal has, and nothing has been foreseen in it
        self._turn = RLock()

    def keep_in(self, copies: Copies, password: Callable[[str], str | None]) -> None:
        """password: that of a secret, by its name."""
        self._copies, self._password = copies, password

    def __contains__(self, database: str) -> bool:
        return database.casefold() in self._attached

    def names(self) -> tuple[str, ...]:
        """The full names of all tables."""
        return tuple(
            Found(database, table).name
            for database in self._attached.values()
            for table in database.tables.values()
        )

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Meanwhile, what has been read stays as it is: nobody looks whether it has changed."""
        with self._turn:
            self._holders += 1
            for database in self._attached.values() if self._holders == 1 else ():
                database.seen.clear()
        try:
            yield
        finally:
            with self._turn:
                self._holders -= 1

    def prepare(self, sql: str) -> None:
        """Attach what a text attaches; have copies of what it reads.

        Raises:
            RemoteProblem: E106x.
        """
        if self._is_concerned(sql):
            with self._turn:
                self._attach(sql, lasts=True)
                if _BEGINS.match(sql):  # a transaction sees no copy that is made later
                    wanted = [one for each in self._attached.values() for one in each.all_wanted()]
                else:
                    wanted = [] if _ROWLESS.search(sql) else self._wanted(sql)
                for found in wanted:
                    self._ready(found)

    def foresee(self, sql: str) -> None:
        """As `prepare`, but nothing is read: only what columns will be wanted is noted.

        Raises:
            RemoteProblem: E106x.
        """
        if self._is_concerned(sql):
            with self._turn:
                if self._begins:
                    self._forget_foreseen()
                self._attach(sql, lasts=False)
                self._wanted(sql)

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """While a program is tried; what is attached for that stays until the next one is."""
        with self._turn:
            self._rehearsals += 1
            self._begins = self._rehearsals == 1
        try:
            yield
        finally:
            with self._turn:
                self._rehearsals -= 1

    def _forget_foreseen(self) -> None:
        """Forget what only the last rehearsal has asked for."""
        for one in self._attached.values():
            one.wanted.clear()
        gone = [one for one in self._attached.values() if not one.lasts]
        if gone:
            with self._connections.beside() as connection:
                for one in gone:
                    self._detach(connection, one.address.name)
        self._begins = False

    def refuse(self, table: str) -> None:
        """Raises:
        RemoteProblem: E1065 the table would be one of a database elsewhere.
        """
        self._refuse_change(f"CREATE TABLE {table}", offset=False)

    def fingerprint(self, table: str, *, fetch: bool) -> str | None:
        """A digest of the rows of a table; None where it is none of these.

        fetch: read it if it has changed; otherwise the digest says no more than that, also of a
        view that reads it.
        """
        if not self._attached:
            return None
        with self._turn:
            found = self._resolve(names.quoted(table))
            if found is not None and fetch:
                return self._ready(found).fingerprint
            read = [] if fetch else self._mentioned(names.quoted(table))
            told = [self._upkeep.fingerprint(one) for one in read]
            if None in told:
                return "unread"
            return told[0] if found is not None else None

    def remarks(self, table: str) -> dict[str, str]:
        """Whether tables would be read again, in words, by their full names: that of the name, or
        those that a view of that name reads.
        """
        if not self._attached:
            return {}
        with self._turn:
            return {
                found.name: self._upkeep.remark(found)
                for found in self._mentioned(names.quoted(table))
            }

    def close(self) -> None:
        if self._copies is not None:
            self._copies.close()

    # --- attaching ---

    def _is_concerned(self, sql: str) -> bool:
        return bool(self._attached) or "attach" in sql.casefold()

    def _attach(self, sql: str, *, lasts: bool) -> None:
        self._refuse_change(sql)
        for told in self._addresses(sql) if "attach" in sql.casefold() else ():
            self._attach_one(told, lasts=lasts)

    def _addresses(self, sql: str) -> Iterator[Address]:
        """What the statements of a text attach."""
        with self._connections.beside() as connection, suppress(duckdb.Error):
            for statement in connection.extract_statements(sql):
                if statement.type.name == "ATTACH" and (told := address(statement.query)):
                    yield told

    def _attach_one(self, told: Address, *, lasts: bool) -> None:
        known = self._attached.get(told.name.casefold())
        with self._connections.beside() as connection:
            there = {name.casefold() for (name,) in connection.execute(_DATABASES).fetchall()}
            if known is not None and told.name.casefold() not in there:
                known = None
            if told.name.casefold() in there and (known is None or known.address != told):
                message = f"there is a database `{told.name}` already"
                hint = f"`DETACH {told.name};` first, or take another name"
                raise RemoteProblem("E1061", message, hint)
            is_fresh = known is not None and time.monotonic() - known.listed < _LISTED_SECONDS
            if known is not None and is_fresh and not known.lasts:
                known.lasts = lasts
                return
            server = self._server(told)
            tables = {(t.schema.casefold(), t.name.casefold()): t for t in server.tables()}
            entry = Attached(told, server, tables, lasts or (known is not None and known.lasts))
            if known is not None:
                entry.wanted = known.wanted
            if known is not None and known.tables == tables:
                entry.seen = known.seen
            else:
                entry.make_views(connection)
            self._attached[told.name.casefold()] = entry
            self._names = Names(one.address.name for one in self._attached.values())

    def _server(self, told: Address) -> Server:
        password = self._password(told.secret) if told.secret else ""
        if password is None:
            variable = f"SQLML_SECRET_{told.secret}_PASSWORD".upper()
            message = f"there is no secret `{told.secret}` with a `password`"
            hint = f"set {variable}, or write it to `{told.secret}/password` in the secrets folder"
            raise RemoteProblem("E1068", message, hint)
        return DRIVERS.load(told.url.partition("://")[0].lower())(told.url, password)

    def _detach(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        connection.execute(f"DETACH DATABASE IF EXISTS {identifier(name)}")
        del self._attached[name.casefold()]
        self._names = Names(one.address.name for one in self._attached.values())

    def _refuse_change(self, sql: str, *, offset: bool = True) -> None:
        found = self._names.changed(sql)
        if found is not None:
            name = found["name"].strip()
            message = f"`{name}` cannot be written: `{names.parts(name)[0]}` is read only"
            place = (found.start("name"), len(name)) if offset else (None, 0)
            raise RemoteProblem("E1065", message, "write to a table of this database", *place)

    # --- what a text mentions ---

    def _mentioned(self, sql: str) -> list[Found]:
        """The tables that a text reads, itself or by views."""
        return self._in_text(with_views(sql, self._views()))

    def _in_text(self, text: str) -> list[Found]:
        named = (self._resolve(written) for written in self._names.in_text(text))
        return list({found.name: found for found in named if found}.values())

    def _wanted(self, sql: str) -> list[Found]:
        """As `_mentioned`; what the text wants of them is noted."""
        text = with_views(sql, self._views())
        found = self._in_text(text)
        for one in found:
            one.want(columns(text, [column.name for column in one.table.columns]))
        return found

    def _views(self) -> dict[str, str]:
        with self._connections.beside() as connection:
            listed = ", ".join(literal(one.address.name) for one in self._attached.values())
            rows = connection.execute(_VIEWS.format(listed or "''")).fetchall()
        return dict(rows)

    def _resolve(self, written: str) -> Found | None:
        database, *path = names.parts(written)
        known = self._attached.get(database.casefold())
        return known.find(tuple(path)) if known is not None and path else None

    # --- copies ---

    def _ready(self, found: Found) -> Copy:
        """The copy of a table that its view is of: as the table is, or as it is held."""
        database = found.database
        seen = database.seen.get(found.key)
        if seen is not None and self._holders and found.wanted <= set(seen.columns):
            return seen
        try:
            copy = self._upkeep.copy(found)
        except RemoteProblem:
            database.wanted.pop(found.key, None)
            raise
        if seen is None or seen.file != copy.file:
            with self._connections.beside() as connection:
                connection.execute(view(database.address.name, found.table, copy))
        database.seen[found.key] = copy
        return copy

    @property
    def _upkeep(self) -> Upkeep:
        assert self._copies is not None  # attached by whoever opens a database with its store
        return Upkeep(self._connections, self._copies)
