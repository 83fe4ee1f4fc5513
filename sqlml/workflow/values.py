"""Values that flow into a step, and the conditions over them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Json = str | int | float | bool | None | tuple["Json", ...] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value known when the workflow is written."""

    value: Json


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the workflow."""

    name: str


@dataclass(frozen=True, slots=True)
class Output:
    """An output of another node. Passing it is the edge.

    That of a node with a loop over items is the list of what its rounds gave, in the items' order.
    """

    node: str
    name: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """The same parameter of several other nodes, in their order."""

    nodes: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """What the node's own loop is at: the item, or a field of it."""

    field: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """The rows of a query, read where the step runs.

    reads: the tables and views it reads; files: the paths of files it reads (globs as written).
    stable: executing it twice gives the same rows in the same order. deterministic: its rows depend
    on the tables and files alone (no `random()`, `now()` …).
    """

    sql: str
    reads: tuple[str, ...] = ()
    stable: bool = False
    deterministic: bool = True
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model that is stored when the step runs.

    version: a number or an alias; None is the newest.
    """

    name: str
    version: int | str | None = None


@dataclass(frozen=True, slots=True)
class RunId:
    """What the engine, or this machine, calls the run; another for each run."""


Input = Constant | Parameter | Output | Outputs | Item | RunId | Relation | ModelReference

# --- conditions ---------------------------------------------------------------------------

Comparator = Literal["==", "!=", "<", "<=", ">", ">="]
Operand = Constant | Parameter | Output | Item
Status = Literal["succeeded", "failed", "skipped", "passed", "finished"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values compared: as numbers where both can be read as such, otherwise as text.

    What is no number is only equal or not equal; ordering it is an error of the step.
    """

    left: Operand
    comparator: Comparator
    right: Operand


@dataclass(frozen=True, slots=True)
class HasStatus:
    """A node has ended with a status; with no node, the workflow has (in steps on exit)."""

    status: Status
    node: str = ""


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every term holds; with none, always."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some term holds; with none, never."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold."""

    term: "Condition"


Condition = Comparison | HasStatus | AllOf | AnyOf | Not

# --- loops --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """Whole numbers from `start` up to and without `stop`."""

    start: int
    stop: int
    step: int = 1


@dataclass(frozen=True, slots=True)
class ForEach:
    """Once for each item of a list, at the same time; the item is `Item`.

    items: a list, a range, or an output or parameter that is a list. parallelism: at most so many
    at a time; None: as many as the workflow allows.
    """

    items: Constant | Parameter | Output | Range
    parallelism: int | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Once, and again while the condition holds of the node's own outputs, `limit` times at most.

    The outputs are those of the last round. A condition that still holds after `limit` rounds
    fails the step.
    """

    condition: Condition
    limit: int


Loop = ForEach | Repeat

# --- text made of values ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Take:
    """The value of one of the node's inputs, as text: JSON unless it is text already."""

    input: str


@dataclass(frozen=True, slots=True)
class Join:
    """Pieces of text, one after the other."""

    parts: tuple[str | Take, ...]


Text = str | Take | Join
