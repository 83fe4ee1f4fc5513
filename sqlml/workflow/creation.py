"""CREATE TABLE … AS: what is created, and the query that fills it."""

import re
from typing import NamedTuple

from sqlml.workflow.hashing import normalized_sql
from sqlml.workflow.operations import Query

_NAME = r'(?:"(?:[^"]|"")*"|[^\s"(])+'
_CREATE_AS = re.compile(
    rf"(CREATE (?:OR REPLACE )?TABLE {_NAME} AS)\b ?(.+)", re.IGNORECASE | re.DOTALL
)


class Creation(NamedTuple):
    """head: `CREATE TABLE t AS`. body: the query, without comments and layout."""

    head: str
    body: str


def creation(query: Query) -> Creation | None:
    """The two parts of a statement that makes a lasting table of a query; None for others."""
    found = None if query.session else _CREATE_AS.fullmatch(normalized_sql(query.sql))
    return Creation(found[1], found[2]) if found else None
