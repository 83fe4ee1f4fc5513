"""The Couler IR: one engine-neutral, typed, frozen value for a workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlml.workflow.operations import (
    Alter,
    Call,
    Check,
    Container,
    Evaluate,
    Explain,
    Http,
    Job,
    Manage,
    Operation,
    Predict,
    Query,
    Resource,
    Run,
    Script,
    Solve,
    StepOf,
    Suspend,
    Train,
    Trial,
)
from sqlml.workflow.policies import (
    ANYWHERE,
    NO_RESOURCES,
    Artifact,
    Backoff,
    Cache,
    Dns,
    Mount,
    Placement,
    Pods,
    Resources,
    Retry,
    Schedule,
    SecretKey,
    Toleration,
    Volume,
)
from sqlml.workflow.values import (
    AllOf,
    AnyOf,
    Comparator,
    Comparison,
    Condition,
    Constant,
    ForEach,
    HasStatus,
    Input,
    Item,
    Join,
    Json,
    Loop,
    ModelReference,
    Not,
    Operand,
    Output,
    Outputs,
    Parameter,
    Range,
    Relation,
    Repeat,
    RunId,
    Status,
    Take,
    Text,
)

__all__ = [
    "ANYWHERE",
    "FUNCTION",
    "NO_RESOURCES",
    "After",
    "AllOf",
    "Alter",
    "AnyOf",
    "Artifact",
    "Backoff",
    "Cache",
    "Call",
    "Check",
    "Comparator",
    "Comparison",
    "Condition",
    "Constant",
    "Container",
    "Dns",
    "Evaluate",
    "Explain",
    "ForEach",
    "HasStatus",
    "Http",
    "Input",
    "InputFile",
    "Item",
    "Job",
    "Join",
    "Json",
    "Loop",
    "Manage",
    "ModelReference",
    "Mount",
    "Node",
    "Not",
    "Operand",
    "Operation",
    "Output",
    "OutputDeclaration",
    "OutputKind",
    "Outputs",
    "Parameter",
    "ParameterDeclaration",
    "Place",
    "Placement",
    "Pods",
    "Predict",
    "Query",
    "Range",
    "Relation",
    "Repeat",
    "Resource",
    "Resources",
    "Retry",
    "Run",
    "RunId",
    "Schedule",
    "Script",
    "SecretKey",
    "Solve",
    "Status",
    "StepOf",
    "Suspend",
    "Take",
    "Text",
    "Toleration",
    "Train",
    "Trial",
    "ValueType",
    "Volume",
    "Workflow",
    "is_function",
]

OutputKind = Literal["parameter", "dataset", "model", "table", "plot", "artifact"]
ValueType = Literal["text", "int", "float", "bool", "json"]


@dataclass(frozen=True, slots=True)
class OutputDeclaration:
    """Something a node leaves behind: others call it `name`; `target` is the table or model.

    path: the file that holds a parameter or is an artifact; a parameter without one is what the
    step prints to standard output, without the last line end. type: of a parameter.
    artifact: where else an artifact goes.
    """

    name: str
    kind: OutputKind
    target: str = ""
    path: str = ""
    type: ValueType = "text"
    artifact: Artifact | None = None


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a step finds at `path`: another step's artifact, or one from a store."""

    path: str
    source: Output | Artifact


@dataclass(frozen=True, slots=True)
class After:
    """An order constraint without data: start only when `node` has that status.

    passed: it succeeded, or was skipped because its own guard did not hold. finished: it ended in
    any way.
    """

    node: str
    status: Status = "succeeded"


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
    that the step's SQL calls as functions. Those of a Container, Script, Resource or Http are
    what its texts and `env` take; those of a Call, the parameters of what it calls.

    guard: when it does not hold, the step is skipped. files: by name, what it finds as files.
    timeout: seconds. template: steps with the same one do the same with other inputs, and engines
    with templates share it. same_as: a step before it that does the same with the same data: what
    that one has left is taken where both run. same_rows_as: a training before it whose rows are the
    same query's on the same data: what that gives is kept once for both where they run in one
    process. ext: by engine, what the IR does not know.
    """

    name: str
    operation: Operation
    inputs: Mapping[str, Input] = field(default_factory=dict)
    outputs: tuple[OutputDeclaration, ...] = ()
    after: tuple[After, ...] = ()
    resources: Resources = NO_RESOURCES
    place: Place | None = None
    guard: Condition | None = None
    loop: Loop | None = None
    env: Mapping[str, Text | SecretKey] = field(default_factory=dict)
    files: Mapping[str, InputFile] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    placement: Placement = ANYWHERE
    retry: Retry | None = None
    timeout: float | None = None
    cache: Cache | None = None
    template: str = ""
    same_as: str = ""
    same_rows_as: str = ""
    ext: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


def is_function(name: str) -> bool:
    """Whether an input of that name is a model that the step's SQL calls as a function."""
    return name == FUNCTION or name.startswith(f"{FUNCTION}_")


@dataclass(frozen=True, slots=True)
class ParameterDeclaration:
    """A parameter of a workflow; without a default it must be given."""

    type: ValueType = "text"
    default: Json = None
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """Nodes in the order they were written, which is a valid order of execution.

    outputs: what a caller can take, by name. workflows: those that nodes call, each by its name.
    on_exit: steps that run when all others have ended, in whatever way; their guards can ask for
    the workflow's status. parallelism: steps at a time. timeout: seconds. retry: of nodes that say
    nothing. cleanup: seconds after its end when an engine may forget the run. place: where it
    begins in the user's program.
    """

    name: str
    nodes: tuple[Node, ...] = ()
    parameters: Mapping[str, ParameterDeclaration] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    workflows: tuple["Workflow", ...] = ()
    on_exit: tuple[Node, ...] = ()
    parallelism: int | None = None
    timeout: float | None = None
    retry: Retry | None = None
    schedule: Schedule | None = None
    cleanup: int | None = None
    volumes: tuple[Volume, ...] = ()
    placement: Placement = ANYWHERE
    pods: Pods = field(default_factory=Pods)
    ext: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    place: Place | None = None
