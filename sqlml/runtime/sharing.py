"""What the steps of a search ask of the database: each question once, however many steps ask it.

The trials of a search look at the same rows, and nothing changes these before its training has
ended. So what a trial reads, and what its features learn, is kept for those after it.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import pyarrow as pa

from sqlml.databases.database import Database
from sqlml.runtime.rows import BATCH_ROWS, Spools
from sqlml.workflow.ir import Node, Relation, Train, Trial


class Answers:
    """The answers to one search's queries: rows in files, aggregates in memory."""

    def __init__(self, folder: Path, database: Database) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._database = database
        self._spools = Spools(folder, lambda sql: database.rows(sql, BATCH_ROWS))
        self._tables: dict[str, pa.Table] = {}
        self._settled: dict[str, Relation] = {}
        self._attached: list[str] = []
        self._asking = Lock()

    def path(self, sql: str) -> Path:
        """The file with the rows of a query."""
        return self._spools.path(sql)

    def table(self, sql: str) -> pa.Table:
        """The small result of a query."""
        with self._asking:
            if sql not in self._tables:
                self._tables[sql] = self._database.table(sql)
            return self._tables[sql]

    def settle(self, relation: Relation, settle: Callable[[list[str]], Relation]) -> Relation:
        """The rows of a query, executed now and never again. settle: makes them, and adds to a list
        the tables that it attaches.
        """
        with self._asking:
            if relation.sql not in self._settled:
                self._settled[relation.sql] = settle(self._attached)
            return self._settled[relation.sql]

    def forget(self) -> None:
        self._tables.clear()
        self._database.detach_tables(self._attached)
        shutil.rmtree(self._folder, ignore_errors=True)


class Sharing:
    """The answers that the steps of a run share, by search."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._answers: dict[str, Answers] = {}
        self._lock = Lock()

    def begin(self, node: Node) -> Answers | None:
        """What a step shares with others: a trial with its search, a training with its trials."""
        if node.same_as:  # it asks nothing
            return None
        search = _search_of(node)
        with self._lock:
            if isinstance(node.operation, Trial) and search not in self._answers:
                self._answers[search] = Answers(self._folder / search, self._database)
            return self._answers.get(search)

    def end(self, node: Node) -> None:
        """Forget what was kept for a search when its training has ended."""
        if isinstance(node.operation, Train):
            with self._lock:
                answers = self._answers.pop(node.name, None)
            if answers is not None:
                answers.forget()

    def close(self) -> None:
        """Forget what was kept for searches whose training has not begun."""
        for answers in self._answers.values():
            answers.forget()


def _search_of(node: Node) -> str:
    """The name of the training that a step is a trial of, or is itself."""
    match node.operation:
        case Trial(number=number):
            return node.name.removesuffix(f"-trial-{number}")
        case Train():
            return node.name
        case _:
            return ""
