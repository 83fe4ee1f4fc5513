"""What the steps of a run ask of the database together: each question once, however many ask it.

The trials of a search look at the same rows, and nothing changes these before its training has
ended. So what a trial reads, and what its features learn, is kept for those after it. Trainings
that read the same rows (`Node.same_rows_as`) keep these together until the last one has ended.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock

import pyarrow as pa

from sqlml.databases.database import Database
from sqlml.runtime.rows import BATCH_ROWS, Spools
from sqlml.workflow.ir import Node, Relation, Train, Trial


class Readings:
    """Rows of queries, kept in files of a folder; each query is executed once."""

    def __init__(self, folder: Path, database: Database) -> None:
        """folder: made when there is something to keep."""
        self._folder = folder
        self._database = database
        self._spools = Spools(folder, lambda sql: database.rows(sql, BATCH_ROWS))
        self._settled: dict[str, Relation] = {}
        self._attached: list[str] = []
        self._asking = Lock()

    def path(self, sql: str) -> Path:
        """The file with the rows of a query."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._spools.path(sql)

    def settle(self, relation: Relation, settle: Callable[[Path, list[str]], Relation]) -> Relation:
        """The rows of a query, executed now and never again.

        settle: makes them of a file with them, and adds to a list the tables that it attaches.
        """
        with self._asking:
            if relation.sql not in self._settled:
                path = self.path(relation.sql)
                self._settled[relation.sql] = settle(path, self._attached)
            return self._settled[relation.sql]

    def forget(self) -> None:
        if self._attached:
            self._database.detach_tables(self._attached)
        shutil.rmtree(self._folder, ignore_errors=True)


class Answers(Readings):
    """The answers to one search's queries: rows in files, aggregates in memory."""

    def __init__(self, folder: Path, database: Database) -> None:
        super().__init__(folder, database)
        self._tables: dict[str, pa.Table] = {}

    def table(self, sql: str) -> pa.Table:
        """The small result of a query."""
        with self._asking:
            if sql not in self._tables:
                self._tables[sql] = self._database.table(sql)
            return self._tables[sql]

    def forget(self) -> None:
        self._tables.clear()
        super().forget()


class Sharing:
    """What the steps of a run share: answers by search, and rows by the first that reads them."""

    def __init__(self, folder: Path, database: Database, nodes: Iterable[Node] = ()) -> None:
        self._folder = folder
        self._database = database
        self._answers: dict[str, Answers] = {}
        self._rows: dict[str, Readings] = {}
        self._readers: defaultdict[str, set[str]] = defaultdict(set)  # that have not ended
        for node in nodes:
            if node.same_rows_as:
                self._readers[node.same_rows_as] |= {node.same_rows_as, node.name}
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

    def rows(self, node: Node) -> Readings | None:
        """Where a training keeps its rows for others that read the same."""
        first = node.same_rows_as or node.name
        if first not in self._readers:
            return None
        with self._lock:
            self._readers[first].add(node.name)  # again, if it failed
            if first not in self._rows:
                self._rows[first] = Readings(self._folder / f"{first}-rows", self._database)
            return self._rows[first]

    def end(self, node: Node) -> None:
        """Forget what was kept for steps when the last one that needs it has ended."""
        if not isinstance(node.operation, Train):
            return
        first = node.same_rows_as or node.name
        with self._lock:
            done: list[Readings | None] = [self._answers.pop(node.name, None)]
            if first in self._readers:
                self._readers[first].discard(node.name)
                if not self._readers[first]:
                    done.append(self._rows.pop(first, None))
        for kept in done:
            if kept is not None:
                kept.forget()

    def close(self) -> None:
        """Forget what was kept for steps that have not begun."""
        for kept in (*self._answers.values(), *self._rows.values()):
            kept.forget()


def _search_of(node: Node) -> str:
    """The name of the training that a step is a trial of, or is itself."""
    match node.operation:
        case Trial(number=number):
            return node.name.removesuffix(f"-trial-{number}")
        case Train():
            return node.name
        case _:
            return ""
