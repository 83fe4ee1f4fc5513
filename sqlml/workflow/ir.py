"""The Couler IR: one engine-neutral, typed, frozen value for a workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Json = str | int | float | bool | None | tuple["Json", ...] | Mapping[str, "Json"]

# --- values that flow into a node ---------------------------------------------------------


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
    """An output of another node. Passing it is the edge."""

    node: str
    name: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """The same parameter of several other nodes, in their order."""

    nodes: tuple[str, ...]
    name: str


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


Input = Constant | Parameter | Output | Outputs | Relation | ModelReference

# --- operations ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """A plain SQL statement, run by the database.

    writes: tables it creates, replaces or changes. repeatable: it may be skipped when its inputs
    and outputs are as an earlier run left them (CREATE TABLE AS, not INSERT). session: it changes
    the state of a connection (SET, USE, BEGIN, TEMP …).
    """

    sql: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    repeatable: bool = False
    deterministic: bool = True
    session: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Train:
    """Fit a model. Inputs: rows; optionally validation (a Relation) and base (a model); trials (the
    results of a search, whose best values are taken).

    features: one list of feature specs per target (`""` for the only one), as zoo/features writes
    them.
    """

    estimator: str
    parameters: Mapping[str, Json]
    settings: Mapping[str, Json]
    features: Mapping[str, Json]
    label: tuple[str, ...]
    into: str
    statement: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """Fit and score a model with some values of a search. Inputs: as of Train, but instead of
    trials those of the generations before (earlier). Its output `trial` is its result.

    number: from 1. search: as zoo/search writes it. trials: how many there are; what a trial does
    does not depend on it. The rest is as in Train.
    """

    number: int
    search: Mapping[str, Json]
    parameters: Mapping[str, Json]
    settings: Mapping[str, Json]
    features: Mapping[str, Json]
    label: tuple[str, ...]
    trials: int


@dataclass(frozen=True, slots=True)
class Predict:
    """Apply a model. Inputs: rows, model. Without `into`, the output is a result set."""

    column: str
    settings: Mapping[str, Json]
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Measure a model. Inputs: rows, model. plots: what to draw; `all` is what suits the model."""

    metrics: tuple[str, ...]
    label: tuple[str, ...] = ()
    into: str | None = None
    plots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explain:
    """Explain a model's predictions. Inputs: rows, model."""

    explainer: str
    settings: Mapping[str, Json]
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Solve:
    """Choose the values of variables, one per row. Inputs: rows.

    objective: a formula, as zoo/solving writes it. constraints: likewise; formulas, what compares
    them, and what they are grouped by. keys: the columns that go into the result, before `column`.
    """

    direction: Literal["maximize", "minimize"]
    objective: Json
    constraints: tuple[Json, ...]
    variable: str
    keys: tuple[str, ...]
    column: str
    domain: str
    solver: str
    settings: Mapping[str, Json]
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Compare rows with those that a model was trained on. Inputs: rows, model."""

    settings: Mapping[str, Json]
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Manage:
    """Look at or drop stored models: SHOW TRAIN, SHOW MODELS, DESCRIBE MODEL, DROP MODEL.

    version: as in ModelReference; with None, DROP MODEL drops them all.
    """

    action: Literal["show-train", "show-models", "describe", "drop"]
    model: str = ""
    if_exists: bool = False
    version: int | str | None = None


@dataclass(frozen=True, slots=True)
class Alter:
    """Give a stored model an alias, a tag or another name, or take one away. Inputs: model.

    name: of the alias or tag, or the new name. value: of the tag.
    """

    action: Literal["set-alias", "drop-alias", "set-tag", "drop-tag", "rename"]
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Run a program on rows. Inputs: rows; optionally reference (rows to compare with).

    program: a ready-made one, a Python module, a script, an executable or an image. arguments: as
    they are written behind CMD. into: the tables it fills. ready_made: it is one of ours, which
    the database does by itself and which gives the same for the same rows.
    """

    program: str
    arguments: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    ready_made: bool = False


Operation = (
    Query | Train | Trial | Predict | Evaluate | Explain | Check | Solve | Manage | Alter | Run
)

# --- nodes --------------------------------------------------------------------------------

Status = Literal["succeeded", "failed", "skipped", "finished"]
OutputKind = Literal["parameter", "dataset", "model", "table", "plot"]


@dataclass(frozen=True, slots=True)
class OutputDeclaration:
    """Something a node leaves behind: others call it `name`; `target` is the table or model."""

    name: str
    kind: OutputKind
    target: str = ""


@dataclass(frozen=True, slots=True)
class After:
    """An order constraint without data: start only when `node` has that status."""

    node: str
    status: Status = "succeeded"


@dataclass(frozen=True, slots=True)
class Resources:
    """What a step asks for. memory in bytes; None: the runtime decides."""

    cpu: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's text or program a node comes from; line and column from 1."""

    file: str
    line: int
    column: int = 1


FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Node:
    """One step. Names are `[a-z][a-z0-9-]{0,57}`, stable and readable.

    Besides those of the operation, the inputs FUNCTION (`function`, `function_2` …) are the models
    that the step's SQL calls as functions.
    """

    name: str
    operation: Operation
    inputs: Mapping[str, Input] = field(default_factory=dict)
    outputs: tuple[OutputDeclaration, ...] = ()
    after: tuple[After, ...] = ()
    resources: Resources = Resources()
    place: Place | None = None


def is_function(name: str) -> bool:
    """Whether an input of that name is a model that the step's SQL calls as a function."""
    return name == FUNCTION or name.startswith(f"{FUNCTION}_")


@dataclass(frozen=True, slots=True)
class Workflow:
    """Nodes in the order they were written, which is a valid order of execution."""

    name: str
    nodes: tuple[Node, ...] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)
