"""Statements of a client: what they are, the rows they give, the words that end them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import pyarrow as pa

from sqlml.connectors.dbapi import Cursor
from sqlml.connectors.postgres.copying import Copy
from sqlml.connectors.postgres.defining import dropped_at_end
from sqlml.connectors.postgres.failures import CANCELED, UNSUPPORTED, Outdated, Refused
from sqlml.connectors.postgres.messages import Field, Format
from sqlml.connectors.postgres.rows import RowEncoder
from sqlml.connectors.postgres.scrolling import Scrolled
from sqlml.connectors.postgres.spelling import spelled
from sqlml.connectors.postgres.translation import translated
from sqlml.connectors.postgres.types import type_of
from sqlml.connectors.remembered import remembered
from sqlml.databases.streams import spooled
from sqlml.grammar.tokens import Token, scan

_BATCH_ROWS = 8192
_ENOUGH = 1 << 18  # bytes of rows that are worth sending
_COUNTED = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_TWO_WORDS = frozenset({"CREATE", "DROP", "ALTER", "COMMENT"})
_TAGS = {
    "START": "START TRANSACTION", "END": "COMMIT", "ABORT": "ROLLBACK",
    "DECLARE": "DECLARE CURSOR", "CLOSE": "CLOSE CURSOR",
}  # fmt: skip
_MODIFIERS = frozenset({"OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "PERSISTENT", "UNIQUE"})
QUERIES = frozenset({
    "SELECT", "VALUES", "WITH", "FROM", "TABLE", "SHOW", "DESCRIBE", "DESC", "SUMMARIZE", "PIVOT",
    "UNPIVOT", "EXPLAIN", "CALL", "PRAGMA", "(",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """One statement as a client wrote it. words: its first ones, in upper case.

    dropped: the table that it makes, and that ends with the transaction.
    """

    sql: str
    words: tuple[str, ...]
    dropped: str = ""

    @property
    def first(self) -> str:
        return self.words[0] if self.words else ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed statement. oids: of its parameters. fields: of its rows; None: it has none."""

    text: Text
    oids: Sequence[int]
    fields: Sequence[Field] | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as messages. may_go_on: whether there may be more of them."""

    content: Sequence[memoryview]
    count: int
    may_go_on: bool


@dataclass(slots=True)
class Portal:
    """A statement with its values. rows: what is left of them once it runs. copy: how they go.

    holds: they outlive the transaction. scrolled: all of them, of a cursor that may go back.
    """

    prepared: Prepared
    values: Sequence[object]
    formats: Sequence[Format]
    cursor: Cursor | None = None
    rows: Iterator[pa.RecordBatch] | None = None
    encoder: RowEncoder | None = None
    left: pa.RecordBatch | None = None
    sent: int = 0
    moved: int = 0
    is_cancelled: bool = False
    tag: str = ""  # that says that all is done
    copy: Copy | None = None
    holds: bool = False
    scrolled: Scrolled | None = None
    fields: Sequence[Field] = field(default_factory=tuple)

    def check_wanted(self) -> None:
        """Raises:
        Refused: the client has cancelled it, or the time that it may take is over.
        """
        if self.is_cancelled:
            raise Refused(CANCELED, "the statement was cancelled")

    def check_unchanged(self, found: Sequence[Field]) -> None:
        """Raises:
        Refused: the columns are of other types than the client was told.
        """
        told = self.prepared.fields
        if told is not None and [x.type.oid for x in told] != [x.type.oid for x in found]:
            message = "the columns have changed since the statement was prepared"
            raise Outdated(UNSUPPORTED, message, hint="prepare it again")

    def take(self, most: int) -> pa.RecordBatch | None:
        """The next rows, at most so many (0: any number); None: there are no more."""
        batch = self.left
        self.left = None
        while batch is None or batch.num_rows == 0:
            batch = next(self.rows, None) if self.rows is not None else None
            if batch is None:
                return None
        if most and batch.num_rows > most:
            self.left = batch.slice(most)
            batch = batch.slice(0, most)
        return batch

    def messages(self, most: int) -> Rows:
        """The next rows, at most so many (0: all), and no more than are worth sending at once."""
        content, count, size = list[memoryview](), 0, 0
        while size < _ENOUGH and (not most or count < most):
            batch = self.take(most and most - count)
            if batch is None or self.encoder is None:
                return Rows(content, count, may_go_on=False)
            if self.copy is None:
                content.append(self.encoder.data_rows(batch))
            else:
                names = [each.name for each in self.fields]
                content.append(self.encoder.copied(batch, self.copy, names))
            count += batch.num_rows
            size += len(content[-1])
        return Rows(content, count, may_go_on=True)

    def close(self) -> None:
        if self.scrolled is not None:
            self.scrolled.close()
        if self.cursor is not None:
            self.cursor.close()
        self.rows = self.left = None


def batches(cursor: Cursor) -> Iterator[pa.RecordBatch]:
    """The rows of a query, as it runs."""
    return iter(cursor.fetch_record_batch(_BATCH_ROWS))


def at_once(cursor: Cursor) -> Iterator[pa.RecordBatch]:
    """The rows of a statement that changes something, which is done whoever reads them."""
    rows = cursor.fetch_record_batch(_BATCH_ROWS)
    first = list(islice(rows, 2))
    return iter(first) if len(first) < 2 else chain(first, spooled(rows))


def fields_of(cursor: Cursor) -> Sequence[Field] | None:
    """The columns of what a cursor has to give."""
    if cursor.description is None:
        return None
    return [Field(name, type_of(str(code))) for name, code, *_ in cursor.description]


@remembered
def statements(sql: str) -> Sequence[Text]:
    """The statements of a text, split on `;`; empty ones are left out."""
    found, own = [], list[Token]()
    for token in scan(sql):
        if token.text == ";" and token.kind == "symbol":
            if own:
                found.append(_text(sql, own))
            own = []
        else:
            own.append(token)
    if own:
        found.append(_text(sql, own))
    return found


def _text(sql: str, tokens: Sequence[Token]) -> Text:
    words = [token.keyword or token.text.upper() for token in tokens[:8]]
    own = sql[tokens[0].start : tokens[-1].end]
    return Text(translated(spelled(own)), tuple(words), dropped_at_end(own))


def tag(text: Text, count: int) -> str:
    """The words that end a statement, as PostgreSQL says them. count: of rows; -1 for none."""
    first = text.first
    if first == "INSERT":
        return f"INSERT 0 {max(count, 0)}"
    if first in _COUNTED:
        return f"{first} {max(count, 0)}"
    if first in QUERIES and first != "SHOW":
        return f"SELECT {max(count, 0)}"
    if first in _TWO_WORDS:
        kind = next((word for word in text.words[1:] if word not in _MODIFIERS), "")
        made = first == "CREATE" and kind == "TABLE" and re.search(r"\bAS\b", text.sql, re.I)
        return f"SELECT {count}" if made and count >= 0 else f"{first} {kind}".strip()
    if first in ("DEALLOCATE", "DISCARD") and text.words[-1] == "ALL":
        return f"{first} ALL"
    return _TAGS.get(first, first)
