"""A program's effect on the catalog, tried in a transaction that is never committed."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import duckdb

from sqlml.databases import names
from sqlml.databases.attached import Attached
from sqlml.databases.changed_rows import ChangedRows
from sqlml.databases.database import Column, NoQuery, QueryProblem
from sqlml.databases.problems import translate, translate_on
from sqlml.databases.remote.server import RemoteProblem
from sqlml.databases.remote.tables import RemoteTables
from sqlml.databases.statements import IN_MEMORY, parse
from sqlml.quoting import identifier

# Without the setting DuckDB gives a transaction up at the first unknown name.
LENIENT = "SET current_transaction_invalidation_policy = 'SYNTACTIC_ERRORS_DO_NOT_INVALIDATE'"
BEGIN = f"BEGIN; {LENIENT}"
_MOST_RESTARTS = 20
_CREATED = re.compile(
    r"\s*CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?:(?:TEMP|TEMPORARY|UNLOGGED|PERSISTENT)\s+)?"
    r"(?P<what>\w+)\s+(?P<unless>IF\s+NOT\s+EXISTS\s+)?(?P<name>(?:\"(?:[^\"]|\"\")*\"|[\w.])+)",
    re.I,
)
_QUERY = re.compile(r"\s*(?:\(|(?:FROM|PIVOT|SELECT|WITH)\b)", re.I)
_DESCRIBE = "DESCRIBE "
_DATA = re.compile(r"\s+WITH\s+(?:NO\s+)?DATA\s*$", re.I)
_RETYPED = re.compile(r"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(\S+)\s.*\bTYPE\b", re.I | re.S)
_TRUNCATE = re.compile(r"\s*TRUNCATE\s+(?:TABLE\s+)?", re.I)
_NAMESPACE = re.compile(
    r"\s*(?:USE\b|SET\s+(?:(?:LOCAL|SESSION)\s+)?(?:schema|search_path)\b)", re.I
)
_PLACE = (
    "schema_name, database_name, database_name = current_database(),"
    " schema_name = current_schema() AND database_name = current_database() OR temporary"
)
_TABLES = f"SELECT table_name, {_PLACE} FROM duckdb_tables() WHERE NOT internal"
_VIEWS = f"SELECT view_name, {_PLACE} FROM duckdb_views() WHERE NOT internal"
_STATEMENTS = _VIEWS.replace(" FROM", ", sql FROM")


class DuckDBRehearsal:
    """A Rehearsal. After a statement whose effect only a run can tell, unknown names pass."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, attached: Attached, remote: RemoteTables
    ) -> None:
        self._connection = connection
        self._attached = attached
        self._remote = remote
        self._done: list[str] = []
        self._restarts = 0
        self._anything = False  # names may have appeared that nobody can foresee
        self._files = False  # files may have appeared
        self._changed = ChangedRows()
        self._views: dict[str, str] | None = None  # asked for again when it is not known
        self._failed: set[str] = set()  # what should exist, had its statement been right
        self._begin()

    def _begin(self) -> None:
        self._connection.execute(BEGIN)

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        self._remote.foresee(sql)
        statements = parse(self._connection, sql)
        match [statement.type.name for statement in statements]:
            case ["SELECT"]:
                pass
            case ["MULTI"] if self._has_its_rows(sql):
                return self._describe_rows(sql)
            case ["MULTI"]:
                return None
            case [kind]:
                raise NoQuery(kind)
            case _:
                raise NoQuery("")
        try:
            self._attached.register(self._connection, sql)
            relation = self._connection.sql(statements[0])
            return tuple(
                Column(name, str(kind))
                for name, kind in zip(relation.columns, relation.types, strict=True)
            )
        except duckdb.Error as error:
            self._refuse(translate_on(self._connection, error, sql))
            return None

    def _has_its_rows(self, sql: str) -> bool:
        """Whether a query finds the rows now that it will find when it runs."""
        unknown = self._anything or self._files
        return not (unknown or self._changed.may_be_in(sql, self.views()))

    def _describe_rows(self, sql: str) -> tuple[Column, ...] | None:
        """The columns of a PIVOT: which there are, DuckDB finds out by reading the rows."""
        asked = f"{_DESCRIBE}{sql}"
        try:
            self._attached.register(self._connection, sql)
            found = self._connection.execute(asked).fetchall()
        except duckdb.ParserException:  # it is no query
            return None
        except duckdb.Error as error:
            problem = translate_on(self._connection, error, asked)
            if isinstance(problem, QueryProblem) and problem.offset is not None:
                problem.offset -= len(_DESCRIBE)
            self._refuse(problem)
            return None
        return tuple(Column(name, kind) for name, kind, *_ in found)

    def apply(self, sql: str, *, exists_ok: bool = False) -> None:
        try:
            self._remote.foresee(sql)
        except RemoteProblem:
            self._anything = True  # nobody knows what would have been attached
            raise
        for statement in parse(self._connection, sql):
            if statement.query.startswith(IN_MEMORY):  # that is all that it does
                continue
            try:
                self._apply(statement, sql, exists_ok)
            except duckdb.Error as error:
                created = _CREATED.match(statement.query)
                self._fail(translate(error, sql), created["name"] if created else None)

    def create(self, table: str, columns: tuple[Column, ...]) -> None:
        self._remote.refuse(table)
        self._changed.add(table)
        listed = ", ".join(f"{identifier(c.name)} {c.type}" for c in columns)
        try:
            self._execute(f"CREATE OR REPLACE TABLE {names.quoted(table)} ({listed})")
        except duckdb.Error as error:
            self._fail(translate(error, table), table)

    def tables(self) -> tuple[str, ...]:
        found = self._connection.execute(_TABLES).fetchall()
        tables = [_plain(*row) for row in found]
        remote = self._remote.names()
        return tuple(dict.fromkeys([*tables, *self.views(), *self._attached, *remote]))

    def views(self) -> Mapping[str, str]:
        if self._views is None:
            found = self._connection.execute(_VIEWS).fetchall()
            if found:  # only then: it writes the statements of its internal ones, too
                found = self._connection.execute(_STATEMENTS).fetchall()
            views = {_plain(*r): sql for *r, sql in found if r[2] not in self._remote}
            self._views = {name: sql for name, sql in views.items() if name not in self._attached}
        return MappingProxyType(self._views)

    def _apply(self, statement: duckdb.Statement, sql: str, exists_ok: bool) -> None:
        """Raises duckdb.Error. `sql` is the text that places in errors refer to."""
        text, kind = statement.query, self._kind(statement)
        self._remember_change(text, kind)
        match kind:
            case "SELECT":
                self.describe(text)
            case "CREATE":
                self._create(text, exists_ok)
            case "DROP":
                self._execute(text)
            case "ALTER":
                if retyped := _RETYPED.match(text):  # would convert all of its rows
                    self._execute(
                        f"CREATE OR REPLACE TABLE {retyped[1]} AS FROM {retyped[1]} WITH NO DATA"
                    )
                self._execute(text)
            case "INSERT" | "UPDATE" | "DELETE" | "MERGE_INTO" | "COPY":
                self._bind(_TRUNCATE.sub("DELETE FROM ", text))
                self._files |= kind == "COPY"
            case "SET" if _NAMESPACE.match(text):
                self._execute(text)
            case "EXPORT":
                self._files = True
            case "EXPLAIN" | "TRANSACTION" | "VACUUM" | "DETACH":
                pass
            case _:
                self._anything = self._files = True

    def _kind(self, statement: duckdb.Statement) -> str:
        """What a statement is, as DuckDB calls it; with a PIVOT in it, what it is beside that."""
        kind: str = statement.type.name
        text = statement.query
        if kind != "MULTI" or not self._has_its_rows(text):
            return kind
        if _QUERY.match(text):
            return "SELECT"
        created = _CREATED.match(text)
        return "CREATE" if created and created["what"].upper() == "TABLE" else kind

    def _remember_change(self, text: str, kind: str) -> None:
        """Note whose rows will be others than now."""
        if kind not in ("SELECT", "EXPLAIN"):
            created = _CREATED.match(text)
            self._changed.add(created["name"] if created else text)

    def _create(self, text: str, exists_ok: bool) -> None:
        created = _CREATED.match(text)
        what = created["what"].upper() if created else ""
        if what in ("INDEX", "UNIQUE"):
            return
        if what == "SECRET":  # is stored outside of transactions
            self._anything = True
            return
        if created and exists_ok and not (created["replace"] or created["unless"]):
            text = f"CREATE OR REPLACE {text.lstrip()[len('CREATE') :]}"
        self._execute((self._without_rows(text) if what == "TABLE" else None) or text)

    def _without_rows(self, text: str) -> duckdb.Statement | None:
        """CREATE TABLE … AS … without reading anything; None for a list of columns."""
        text = _DATA.sub("", text.rstrip("; \t\r\n")) + "\nWITH NO DATA"
        try:
            return self._connection.extract_statements(text)[0]
        except duckdb.ParserException:
            return None

    def _execute(self, statement: duckdb.Statement | str) -> None:
        text = statement if isinstance(statement, str) else statement.query
        self._attached.register(self._connection, text)
        self._connection.execute(statement)
        self._done.append(text)
        self._remember_views(text)

    def _remember_views(self, text: str) -> None:
        """Keep the views known without asking for all of them after each statement."""
        created = _CREATED.match(text)
        what = created["what"].upper() if created else ""
        if created and what == "VIEW" and self._views is not None and "." not in created["name"]:
            self._views[names.parts(created["name"])[0]] = text
        elif what != "TABLE":
            self._views = None

    def _bind(self, text: str) -> None:
        self._attached.register(self._connection, text)
        self._connection.execute(f"EXPLAIN {text}")

    def _fail(self, problem: Exception, creating: str | None) -> None:
        self._restart()
        try:
            self._refuse(problem)
        finally:
            if creating and not (isinstance(problem, QueryProblem) and problem.kind == "exists"):
                self._failed.add(_folded(creating))

    def _refuse(self, problem: Exception) -> None:
        """Raise the problem, unless it may be none by the time the statement runs."""
        if isinstance(problem, QueryProblem) and problem.kind != "syntax":
            if self._anything or (self._files and problem.kind == "file"):
                return
            if problem.kind == "table" and self._failed and _mentions(str(problem), self._failed):
                return
        raise problem

    def _restart(self) -> None:
        """Make the transaction usable again if the last error has ended it."""
        try:
            self._connection.execute("SELECT 1")
        except duckdb.TransactionException:
            self._views = None
            self._connection.execute("ROLLBACK")
            self._begin()
            self._restarts += 1
            if self._restarts > _MOST_RESTARTS:  # each costs as much as all before it
                self._anything = True
                return
            for text in self._done:
                self._attached.register(self._connection, text)
                self._connection.execute(text)


class Present(DuckDBRehearsal):
    """The database as a connection sees it now: queries are described, statements are not tried."""

    def _begin(self) -> None:
        pass

    def apply(self, sql: str, *, exists_ok: bool = False) -> None:
        pass

    def create(self, table: str, columns: tuple[Column, ...]) -> None:
        pass


def _folded(name: str) -> str:
    return names.parts(name)[-1].casefold()


def _mentions(message: str, failed: Iterable[str]) -> bool:
    named = {_folded(name) for name in re.findall(r"`([^`]+)`", message)}
    return not named.isdisjoint(failed)


def _plain(name: str, schema: str, database: str, is_here: bool, is_current: bool) -> str:
    if is_current:
        return name
    return f"{schema}.{name}" if is_here else f"{database}.{schema}.{name}"
