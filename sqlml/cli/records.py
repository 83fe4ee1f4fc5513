"""What is recorded of models and runs, whoever has the database."""

from dataclasses import replace
from typing import Any

from sqlml.config import load_settings
from sqlml.databases.surroundings import LOCKED
from sqlml.errors import SqlmlError
from sqlml.session import Session
from sqlml.store.store import Store


def recorded(**given: Any) -> Session:
    """A session on the database that options name; while another process has that, an empty one in
    memory stands for it, with the store beside the real one.

    Raises: as `Session.open`, but for the lock.
    """
    settings = load_settings(**given)
    try:
        return Session.open(settings, creates=False)
    except SqlmlError as error:
        if error.diagnostics[0].code != LOCKED:
            raise
    empty = Session.open(replace(settings, db=":memory:"))
    empty.store.close()
    store = Store.open(f"{settings.db}.sqlml")
    empty.database.attach_tables(store.tables())
    return Session(empty.database, store, settings)
