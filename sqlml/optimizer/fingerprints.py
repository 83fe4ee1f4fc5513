"""Checksums of the tables and files that steps read, each taken once until it may have changed."""

import re
from collections.abc import Iterable
from itertools import chain

from sqlml.databases.database import Database
from sqlml.optimizer.definitions import digest_of_used
from sqlml.optimizer.effects import (
    bare,
    files_read,
    may_change_files,
    queries,
    tables_changed,
    tables_read,
)
from sqlml.workflow.ir import Node, Query, Workflow

_VIEW = re.compile(r"\bVIEW\b", re.IGNORECASE)


class Fingerprints:
    """Checksums as of now, while the steps of a workflow run."""

    def __init__(self, database: Database, workflow: Workflow, *, fetch: bool = True) -> None:
        """fetch: tables of remote databases that have changed are read."""
        self._database = database
        self._workflow = workflow
        self._fetch = fetch
        self._tables: dict[str, str | None] = {}
        self._files: dict[str, str | None] = {}
        self._views: frozenset[str] | None = None

    def sources(self, node: Node) -> dict[str, str] | None:
        """The digests of all that the SQL of a step reads; None where one is not known."""
        data: dict[str, str | None] = {}
        for name in tables_read(node):
            data[f"table {name}"] = self.table(name)
        for path in files_read(node):
            data[f"file {path}"] = self.file(path)
        data["definitions"] = self.definitions(query.sql for query in queries(node))
        known = {name: value for name, value in data.items() if value is not None}
        return known if len(known) == len(data) else None

    def table(self, name: str) -> str | None:
        """The digest of a table's or view's schema and rows; None when there is no such thing."""
        if name not in self._tables:
            ordered = not self.is_view(name)  # what it reads is among what is read
            self._tables[name] = self._database.fingerprint(
                name, ordered=ordered, fetch=self._fetch
            )
        return self._tables[name]

    def remote(self) -> dict[str, str]:
        """The tables of remote databases that are read, and whether they would be read again."""
        read = dict.fromkeys(chain.from_iterable(map(tables_read, self._workflow.nodes)))
        return {k: v for name in read for k, v in self._database.remote_remarks(name).items()}

    def file(self, path: str) -> str | None:
        """The digest of a path's or glob's files; None: unknown."""
        if path not in self._files:
            self._files[path] = self._database.file_fingerprint(path)
        return self._files[path]

    def definitions(self, texts: Iterable[str]) -> str | None:
        """The digest of the macros and types that texts use; None: these depend on more."""
        text = " ".join(texts)
        return digest_of_used(text, self._database.definitions(text))

    def forget(self, node: Node) -> None:
        """Forget what `node`, which has run, may have changed."""
        changed = tables_changed(node)
        if may_change_files(node):
            self._files.clear()
        if changed is None:
            self._tables.clear()
        elif changed:
            gone = {bare(name) for name in changed}
            for name in tuple(self._tables):
                if bare(name) in gone or self.is_view(name):
                    del self._tables[name]

    def is_view(self, name: str) -> bool:
        """Whether there is a view of that name, or the workflow may create one."""
        if self._views is None:
            with self._database.rehearse() as rehearsal:
                found = {bare(name) for name in rehearsal.views()}
            for node in self._workflow.nodes:
                if isinstance(node.operation, Query) and _VIEW.search(node.operation.sql):
                    found |= {bare(name) for name in node.operation.writes}
            self._views = frozenset(found)
        return bare(name) in self._views
