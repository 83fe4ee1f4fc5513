"""Reuse: a step whose code, inputs and outputs are as an earlier run left them is not run again.

A step's key is a digest of what it does (its static hash) and of the data it meets (content
checksums of the tables it reads, digests of the models it uses). The store remembers for every key
what the step left behind. Keys are computed when a step's inputs are ready, so a step that is run
again and gives what it gave before does not make the steps behind it run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sqlml import __version__
from sqlml.databases.database import Database
from sqlml.store.store import Store
from sqlml.workflow.graph import needs
from sqlml.workflow.hashing import digest, static_hash
from sqlml.workflow.ir import (
    Manage,
    Node,
    OutputDeclaration,
    Query,
    Relation,
    Train,
    Workflow,
)
from sqlml.zoo.models import find_model
from sqlml.zoo.steps.outcome import Outcome

LIBRARIES = {
    "xgboost": ("xgboost-cpu", "xgboost"),
    "lightgbm": ("lightgbm",),
    "sklearn": ("scikit-learn",),
}


@dataclass(frozen=True, slots=True)
class Reused:
    """What an earlier run left behind for a step. result: the Arrow file of its result set."""

    run: str
    outputs: Mapping[str, str]
    summary: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    result: Path | None = None


class Reuse:
    """Decides, for the steps of one workflow, what need not be run.

    resume: the run to go on from. Of its steps, those that can never be reused by their key (an
    INSERT) are skipped too when they succeeded there and everything before them still stands.
    """

    def __init__(
        self,
        workflow: Workflow,
        database: Database,
        store: Store,
        *,
        enabled: bool = True,
        resume: str | None = None,
    ) -> None:
        self._nodes = {node.name: node for node in workflow.nodes}
        self._database = database
        self._store = store
        self._by_key = enabled and not any(_changes_connection(node) for node in workflow.nodes)
        self._resumed = store.runs.succeeded(resume) if resume else {}
        self._resume = resume or ""
        self._standing: set[str] = set()
        self._fingerprints: dict[str, str | None] = {}
        self._keys: dict[str, str | None] = {}
        self._last_writers = {
            (output.kind, output.target.casefold()): node.name
            for node in workflow.nodes
            for output in node.outputs
        }

    def static_hash(self, node: Node) -> str:
        """The digest of what a step does, without its data."""
        return static_hash(node, _versions(node))

    def can_stand(self, node: Node) -> bool:
        """Whether a step of this kind is ever reused."""
        return self._by_key and _is_repeatable(node)

    def lookup(self, node: Node, models: Mapping[str, str]) -> Reused | None:
        """What makes running `node` needless, or None when it has to run.

        To be called when its inputs are ready; `models` has the `name@version` of its model inputs.
        """
        found = self._find_by_key(node, models) or self._find_resumed(node)
        if found is not None:
            self._standing.add(node.name)
        return found

    def finished(self, node: Node, run: str, outcome: Outcome) -> None:
        """Remember what `node` has left behind; to be called when it has succeeded."""
        self._forget_fingerprints(node)
        key = self._keys.get(node.name)
        if key is None:
            return
        tables = {
            output.target: self._fingerprint(output.target)
            for output in node.outputs
            if output.kind == "table"
        }
        memory = {
            "outputs": dict(outcome.outputs),
            "tables": tables,
            "summary": outcome.summary,
            "metrics": dict(outcome.metrics),
        }
        self._store.reuse.remember(key, memory, run)

    def _find_by_key(self, node: Node, models: Mapping[str, str]) -> Reused | None:
        key = self._keys[node.name] = self._key(node, models)
        memory = self._store.reuse.recall(key) if key else None
        if memory is None or not self._stands(node, memory.outputs):
            return None
        content = memory.outputs
        result = content["outputs"].get("result")
        return Reused(
            memory.run,
            content["outputs"],
            content["summary"],
            content["metrics"],
            self._store.results / result if result else None,
        )

    def _find_resumed(self, node: Node) -> Reused | None:
        if self._resumed.get(node.name) != self.static_hash(node) or _gives_rows(node):
            return None
        if not all(name in self._standing for name in needs(node)):
            return None
        return Reused(self._resume, {})

    def _key(self, node: Node, models: Mapping[str, str]) -> str | None:
        if not self.can_stand(node):
            return None
        data: dict[str, str] = {}
        for name in _reads(node):
            fingerprint = self._fingerprint(name)
            if fingerprint is None:
                return None
            data[f"table {name}"] = fingerprint
        for path in _files(node):
            fingerprint = self._database.file_fingerprint(path)
            if fingerprint is None:
                return None
            data[f"file {path}"] = fingerprint
        for name, reference in models.items():
            data[f"model {name}"] = self._model_digest(reference)
        return digest({"static": self.static_hash(node), "data": data})

    def _stands(self, node: Node, content: Mapping[str, Any]) -> bool:
        for table, fingerprint in content["tables"].items():
            if fingerprint is None or self._fingerprint(table) != fingerprint:
                return False
        for output in node.outputs:
            if output.kind == "model" and not self._model_stands(node, output, content["outputs"]):
                return False
        result = content["outputs"].get("result")
        return result is None or (self._store.results / result).is_file()

    def _model_stands(
        self, node: Node, output: OutputDeclaration, outputs: Mapping[str, str]
    ) -> bool:
        name, _, number = outputs.get("model", "").rpartition("@")
        if not name or self._store.models.find(name, int(number)) is None:
            return False
        if self._last_writers[output.kind, output.target.casefold()] != node.name:
            return True
        newest = self._store.models.find(name, None)
        return newest is not None and newest.number == int(number)

    def _model_digest(self, reference: str) -> str:
        name, _, number = reference.rpartition("@")
        found = self._store.models.find(name, int(number))
        return digest(found.manifest["files"]) if found else ""

    def _fingerprint(self, table: str) -> str | None:
        if table not in self._fingerprints:
            self._fingerprints[table] = self._database.fingerprint(table)
        return self._fingerprints[table]

    def _forget_fingerprints(self, node: Node) -> None:
        written = {output.target for output in node.outputs if output.kind == "table"}
        if isinstance(node.operation, Query) and not node.operation.repeatable:
            self._fingerprints.clear()
        for table in written:
            self._fingerprints.pop(table, None)


def _is_repeatable(node: Node) -> bool:
    match node.operation:
        case Query() as query:
            return query.repeatable and query.deterministic
        case Manage():
            return False
        case _:
            relations = [v for v in node.inputs.values() if isinstance(v, Relation)]
            return all(relation.deterministic for relation in relations)


def _gives_rows(node: Node) -> bool:
    """Whether people want to see its result set, so that skipping it would withhold something."""
    return isinstance(node.operation, Manage) or (
        isinstance(node.operation, Query) and not node.operation.writes
    )


def _changes_connection(node: Node) -> bool:
    return isinstance(node.operation, Query) and node.operation.session


def _relations(node: Node) -> Iterator[Query | Relation]:
    if isinstance(node.operation, Query):
        yield node.operation
    for value in node.inputs.values():
        if isinstance(value, Relation):
            yield value


def _reads(node: Node) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for relation in _relations(node) for name in relation.reads))


def _files(node: Node) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for relation in _relations(node) for path in relation.files))


def _versions(node: Node) -> Mapping[str, str]:
    """The versions of the libraries whose change could change what the step gives."""
    versions = {"sqlml": __version__}
    if isinstance(node.operation, Train):
        model = find_model(node.operation.estimator)
        if model is not None:
            versions[model.family] = _library_version(model.family)
    return versions


@cache
def _library_version(family: str) -> str:
    for distribution in LIBRARIES.get(family, ()):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return ""
