"""What earlier runs know, as passes and forecasts ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlml.databases.database import Database, Definition, QueryProblem
from sqlml.databases.names import quoted
from sqlml.optimizer.sizing.experience import Experience
from sqlml.store.runs import MemoryUse
from sqlml.store.store import Store
from sqlml.workflow.ir import Node

# What metrics' names begin with, and what is said of those rows, the most telling ones first.
_MEASURED_ON = {"validation_": "", "folds_": " (cross-validated)", "train_": " (training)"}


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step of an earlier run that succeeded. seconds it took; peak_memory in bytes; threads that
    it was given, 0 where it ran in the database.
    """

    static_hash: str
    seconds: float
    peak_memory: int
    threads: int = 0


class History(Protocol):
    """Earlier runs, and what they left behind."""

    def past(self, operation: str, target: str) -> Sequence[PastStep]:
        """Earlier steps that did this operation for this table or model, oldest first."""
        ...

    def memory_uses(self, node: Node) -> Sequence[MemoryUse]:
        """What earlier steps of the same type have held, oldest first."""
        ...

    def experience(self) -> Experience:
        """What the steps of all types have cost."""
        ...

    def version(self, model: str, version: int | str | None = None) -> int | None:
        """The number of a stored version, by number or alias; by default, of the newest."""
        ...

    def quality(self, model: str) -> str:
        """How good the newest version is: `accuracy 0.967`; empty when that is not known."""
        ...

    def has_table(self, table: str) -> bool: ...

    def views(self) -> Mapping[str, str]:
        """The names of all views, to the statements that create them."""
        ...

    def definitions(self, text: str) -> Sequence[Definition]:
        """The macros and types that users have defined and a text can use."""
        ...


class StoredHistory:
    """A History over the store and its database."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def past(self, operation: str, target: str) -> Sequence[PastStep]:
        return [PastStep(*step) for step in self._store.runs.past(operation, target)]

    def memory_uses(self, node: Node) -> Sequence[MemoryUse]:
        return self._store.runs.memory_uses(operation_of(node), target_of(node), node.name)

    def experience(self) -> Experience:
        return Experience(*self._store.runs.experience())

    def version(self, model: str, version: int | str | None = None) -> int | None:
        found = self._store.models.find(model, version)
        return found.number if found else None

    def quality(self, model: str) -> str:
        found = self._store.models.find(model, None)
        metrics: Mapping[str, float] = found.manifest.get("metrics", {}) if found else {}
        for prefix, remark in _MEASURED_ON.items():
            for name, value in metrics.items():
                if name.startswith(prefix) and not name.endswith("loss"):
                    return f"{name.removeprefix(prefix)} {value:.3f}{remark}"
        return ""

    def has_table(self, table: str) -> bool:
        try:
            self._database.table(f"SELECT 1 FROM {quoted(table)} LIMIT 0")
        except QueryProblem:
            return False
        return True

    def views(self) -> Mapping[str, str]:
        with self._database.rehearse() as rehearsal:
            return rehearsal.views()

    def definitions(self, text: str) -> Sequence[Definition]:
        return self._database.definitions(text)


def operation_of(node: Node) -> str:
    """The operation's name: `train`, `predict` …"""
    return type(node.operation).__name__.lower()


def target_of(node: Node) -> str:
    """The model or table a node is there for; empty when it gives a result set."""
    return next((output.target for output in node.outputs if output.target), "")
