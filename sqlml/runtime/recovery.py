"""What is done first when a database is opened, and before a run is gone on from: the books of runs
are closed whose drivers were killed, or could not write.
"""

from pathlib import Path

from sqlml.databases.database import Database
from sqlml.store.store import Store


def opened(database: Database, db: str) -> Store:
    """The store beside a database, of which it tells what dead runs have done.

    Raises: as `Store.open`.
    """
    store = Store.open(None if db == ":memory:" else Path(f"{db}.sqlml"))
    try:
        recover(database, store)
    except BaseException:
        store.close()
        raise
    return store


def recover(database: Database, store: Store) -> None:
    """Write down what the steps of dead runs have done, as their receipts tell."""
    found = database.receipts.found()
    for run in store.drivers.dead():
        store.drivers.bury(run, found.get(run, ()))
    left = found.keys() - store.drivers.living()
    if left:
        database.receipts.discard(left)
