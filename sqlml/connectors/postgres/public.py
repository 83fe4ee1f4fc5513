"""PostgreSQL's first schema, `public`, is `main` here, unless something else is called so."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from sqlml.connectors.dbapi import Connection, Error
from sqlml.connectors.postgres.portals import Text
from sqlml.connectors.postgres.together import Runner
from sqlml.connectors.remembered import Kept
from sqlml.grammar.tokens import scan

_ASKED = re.compile(r"\bpublic\b", re.IGNORECASE)
_TAKEN = (
    "SELECT 1 FROM duckdb_schemas() WHERE lower(schema_name) = 'public' UNION ALL"
    " SELECT 1 FROM duckdb_columns() WHERE lower(table_name) = 'public'"
    " OR lower(column_name) = 'public' AND data_type LIKE 'STRUCT%' LIMIT 1"
)


class Public:
    """Reads the names of one client."""

    def __init__(self) -> None:
        self._taken: Kept[str, bool] = Kept()

    async def read(
        self, connection: Connection, texts: Sequence[Text], run: Runner
    ) -> Sequence[Text]:
        """The statements of one message, with `main.t` for `public.t`.

        Where one of them has the name otherwise, as CREATE SCHEMA, all stay as they are.
        """
        if not any(_ASKED.search(text.sql) for text in texts):
            return texts
        written = [in_main(text.sql) for text in texts]
        if None in written or await run(lambda: self._is_taken(connection)):
            return texts
        return [replace(text, sql=sql or "") for text, sql in zip(texts, written, strict=True)]

    def _is_taken(self, connection: Connection) -> bool:
        if not connection.sees_what_all_see:
            return _is_taken(connection)
        return self._taken.get(connection.client.version(), "", "", lambda: _is_taken(connection))


def in_main(sql: str) -> str | None:
    """A statement with `main.t` for `public.t`; None where it has the name otherwise."""
    tokens = list(scan(sql))
    written = [token.text.lower() for token in tokens]
    for i in reversed(range(len(tokens))):
        if written[i] not in ("public", '"public"') or written[max(i - 1, 0)] == ".":
            continue
        if written[i + 1 : i + 2] != ["."]:
            return None
        sql = f"{sql[: tokens[i].start]}main{sql[tokens[i].end :]}"
    return sql


def _is_taken(connection: Connection) -> bool:
    with suppress(Error):
        return bool(connection.execute(_TAKEN).fetchall())
    return True  # in a transaction that has failed: nothing of it will run
