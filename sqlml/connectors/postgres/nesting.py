"""Predictions that tools nest in queries of their own."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlml.connectors.dbapi import Connection
from sqlml.connectors.dbapi.programs import NAME
from sqlml.connectors.postgres.portals import Text
from sqlml.connectors.postgres.together import Runner
from sqlml.grammar.nested import may_nest
from sqlml.planner.nested import flat
from sqlml.source import Source


async def flattened(connection: Connection, texts: Sequence[Text], run: Runner) -> list[Text]:
    """Statements with calls of PREDICT in place of predictions in brackets."""
    return [
        await run(partial(_flat, connection, text)) if may_nest(text.sql) else text
        for text in texts
    ]


def _flat(connection: Connection, text: Text) -> Text:
    session = connection.session
    (source,) = flat([Source(NAME, text.sql)], session.settings.dialect, session.store)
    return replace(text, sql=source.text)
