"""What steps change in the database, as far as it can be told without running them."""

import re
from collections.abc import Callable, Iterator
from typing import Literal

from sqlml.databases.names import parts
from sqlml.workflow.hashing import normalized_sql
from sqlml.workflow.ir import Node, Query, Relation, Run

Effect = Literal["created", "replaced", "changed", "dropped"]

_CHANGE = frozenset({"ALTER", "COPY", "DELETE", "INSERT", "MERGE", "TRUNCATE", "UPDATE"})
_CALL = frozenset({"CALL", "EXECUTE", "EXPLAIN", "PRAGMA"})
_BRINGS_NAMES = frozenset({"ATTACH", "INSTALL", "LOAD"})
_SAYS = frozenset({"DEALLOCATE", "PREPARE", "RESET", "SET"})  # something about the connection
_IF_NOT_EXISTS = re.compile(r"CREATE\b[^'\"(]*\bIF NOT EXISTS\b", re.IGNORECASE)
_CREATE_NEW = re.compile(r"CREATE (?!OR REPLACE\b)", re.IGNORECASE)


def bare(name: str) -> str:
    """A table's name without catalog and schema, which a program may leave out."""
    return parts(name)[-1].casefold()


def first_word(query: Query) -> str:
    """What kind of statement it is, upper case."""
    return normalized_sql(query.sql).partition(" ")[0].upper()


def changes_meaning(node: Node) -> bool:
    """Whether the text of a statement behind it may mean something else than without it.

    A database that is attached brings names with it that mean the same whenever it is.
    """
    query = node.operation
    return isinstance(query, Query) and query.session and first_word(query) not in _BRINGS_NAMES


def queries(node: Node) -> Iterator[Query | Relation]:
    """The SQL that a step runs or reads."""
    if isinstance(node.operation, Query):
        yield node.operation
    for value in node.inputs.values():
        if isinstance(value, Relation):
            yield value


def tables_read(node: Node) -> tuple[str, ...]:
    """The tables and views that a step names as its sources."""
    return tuple(dict.fromkeys(name for query in queries(node) for name in query.reads))


def files_read(node: Node) -> tuple[str, ...]:
    """The files, or patterns of files, that a step names as its sources."""
    return tuple(dict.fromkeys(path for query in queries(node) for path in query.files))


def may_change_files(node: Node) -> bool:
    """Whether a step may write files that others read."""
    match node.operation:
        case Run() as run:
            return not run.ready_made
        case _:
            return tables_changed(node) is None


def tables_left(node: Node) -> tuple[str, ...]:
    """The tables that a step leaves behind."""
    return tuple(output.target for output in node.outputs if output.kind == "table")


def tables_changed(node: Node) -> tuple[str, ...] | None:
    """The tables that a step changes; None when only the database knows."""
    if not isinstance(node.operation, Query):
        return tables_left(node)
    query, word = node.operation, first_word(node.operation)
    if query.session and word in _BRINGS_NAMES | _SAYS:
        return ()
    if query.writes and word != "ALTER":  # which may rename
        return tuple(dict.fromkeys([*tables_left(node), *query.writes]))
    if _CREATE_NEW.match(normalized_sql(query.sql)):  # a schema, a macro …
        return ()
    gives_rows = any(output.kind == "dataset" for output in node.outputs)
    return () if gives_rows and word not in _CALL else None


def moves(node: Node, table: str) -> bool:
    """Whether a step drops a table, or may give it another name."""
    query = node.operation
    return (
        isinstance(query, Query)
        and first_word(query) in ("ALTER", "DROP")
        and bare(table) in map(bare, query.writes)
    )


def effect(node: Node, exists: bool) -> Effect | None:
    """What becomes of a table that a step writes, given whether there is one now."""
    if isinstance(node.operation, Query):
        word = first_word(node.operation)
        if word == "DROP":
            return "dropped" if exists else None
        if word in _CHANGE:
            return "changed"
        if exists and _IF_NOT_EXISTS.match(normalized_sql(node.operation.sql)):
            return None
    return "replaced" if exists else "created"


class Effects:
    """What steps that are told to it would change, for those behind them."""

    def __init__(self, is_view: Callable[[str], bool]) -> None:
        """is_view: whether a name may be a view's, whose rows change with those of any table."""
        self._is_view = is_view
        self._changed: dict[str, str] = {}  # bare names to names as they are written
        self._files = ""  # the step that may change files
        self._anything = ""  # the step of which only the database knows what it changes

    def add(self, node: Node) -> None:
        """Take note of what `node` would change."""
        changed = tables_changed(node)
        if may_change_files(node):
            self._files = self._files or node.name
        if changed is None:
            self._anything = self._anything or node.name
        else:
            self._changed |= {bare(name): name for name in changed}

    def on(self, node: Node) -> str | None:
        """What would change of the tables that `node` reads and writes; None: nothing."""
        for name in (*tables_read(node), *tables_left(node)):
            if bare(name) in self._changed:
                return self._changed[bare(name)]
            if self._changed and self._is_view(name):
                return name
        return self._anything or (self._files if files_read(node) else "") or None
