"""Predictions without a table are queries, which tools nest: PREDICT stands for them."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.execution import with_models
from sqlml.connectors.dbapi.programs import NAME, parts
from sqlml.connectors.postgres.parameters import substituted
from sqlml.connectors.postgres.portals import Text
from sqlml.connectors.postgres.together import Runner
from sqlml.connectors.remembered import Kept
from sqlml.errors import SqlmlError
from sqlml.grammar import ast
from sqlml.planner.nested import flat
from sqlml.source import Source

_PREDICTS = re.compile(r"\bTO\s+PREDICT\s+USING\b", re.IGNORECASE)
_TASKS = frozenset({"classification", "regression"})
"""What gives one result for each row, whichever other rows there are."""


class Predictions:
    """Statements with calls of PREDICT in place of predictions; known for all clients together."""

    def __init__(self) -> None:
        self._known: Kept[tuple[str, bool], str] = Kept()

    async def called(
        self, connection: Connection, texts: Sequence[Text], run: Runner
    ) -> list[Text]:
        """The statements as they are to be run."""
        return [
            await self._called(connection, text, run) if _PREDICTS.search(text.sql) else text
            for text in texts
        ]

    async def _called(self, connection: Connection, text: Text, run: Runner) -> Text:
        version = connection.client.version()
        key = (text.sql, connection.in_transaction)
        found = self._known.known(version, key)
        if found is None:
            find = partial(_written, connection, text.sql)
            found = await run(partial(self._known.get, version, key, text.sql, find))
        return replace(text, sql=found)


def _written(connection: Connection, sql: str) -> str:
    nested = _flat(connection, sql)
    model = _applied(nested)
    if model is None or (model.version is not None and connection.in_transaction):
        return nested  # a transaction may not see the function of a version that is named now
    with suppress(SqlmlError):
        version = connection.session.store.models.find(model.text, model.version)
        manifest = version.manifest if version is not None else {}
        if manifest.get("task") in _TASKS and len(manifest.get("label", ())) == 1:
            called = _flat(connection, f"SELECT * FROM ({nested}\n) AS sqlml_predictions")
            with_models(connection, Source(NAME, substituted(called, lambda _: "NULL")))
            return called
    return nested  # as the program that it is, it runs too, or tells what is wrong


def _flat(connection: Connection, sql: str) -> str:
    session = connection.session
    (source,) = flat([Source(NAME, sql)], session.settings.dialect, session.store)
    return source.text


def _applied(sql: str) -> ast.Name | None:
    """The model of a prediction that is a query: without settings, and without a table."""
    with suppress(SqlmlError):
        found = parts(substituted(sql, lambda _: "NULL"), "duckdb") or ()
        if len(found) == 1 and isinstance(statement := found[0].statement, ast.Predict):
            return None if statement.into or statement.attributes else statement.using
    return None
