"""What earlier runs know, as passes and forecasts ask for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlml.workflow.ir import Node


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step of an earlier run that succeeded. seconds it took; peak_memory in bytes."""

    static_hash: str
    seconds: float
    peak_memory: int


class History(Protocol):
    """Earlier runs, and what they left behind."""

    def past(self, operation: str, target: str) -> Sequence[PastStep]:
        """Earlier steps that did this operation for this table or model, oldest first."""
        ...

    def newest_version(self, model: str) -> int | None: ...

    def has_table(self, table: str) -> bool: ...


def operation_of(node: Node) -> str:
    """The operation's name: `train`, `predict` …"""
    return type(node.operation).__name__.lower()


def target_of(node: Node) -> str:
    """The model or table a node is there for; empty when it gives a result set."""
    return next((output.target for output in node.outputs if output.target), "")
