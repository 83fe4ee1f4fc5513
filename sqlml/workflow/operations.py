"""What a step can do: the statements of SQL, and what any program, image or cluster can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlml.workflow.values import Json, Text


@dataclass(frozen=True, slots=True)
class Query:
    """A plain SQL statement, run by the database.

    writes: tables it creates, replaces or changes; those of a COMMIT are what its transaction
    changes. repeatable: it may be skipped when its inputs
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
class Job:
    """Keep a program that runs by itself, look at those that are kept, or drop one.

    schedule: times in cron's five fields, in the time zone. condition: a query that says whether to
    run, or nothing. dialect: of the query and the program. replaces: the job of that name.
    """

    action: Literal["create", "show", "drop"]
    name: str = ""
    schedule: tuple[str, ...] = ()
    timezone: str = ""
    condition: str = ""
    program: str = ""
    dialect: str = ""
    replaces: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Run a program on rows. Inputs: rows; optionally reference (rows to compare with).

    program: a ready-made one, a Python module, a script, an executable or an image. arguments: as
    they are written behind CMD. into: the tables it fills. ready_made: it is one of ours, which
    the database does by itself and which gives the same for the same rows. in_image: it is an
    image, of which a container is made.
    """

    program: str
    arguments: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    ready_made: bool = False
    in_image: bool = False


# --- what is not SQL ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Container:
    """Run an image. The texts may take the node's inputs.

    daemon: it serves the steps that need it until they have ended. pull: when to fetch the image.
    """

    image: str
    command: tuple[Text, ...] = ()
    args: tuple[Text, ...] = ()
    working_dir: str = ""
    pull: Literal["", "Always", "IfNotPresent", "Never"] = ""
    daemon: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Run a text with an interpreter.

    image: what has the interpreter; without one, the worker's, or this machine. command: the
    interpreter, to which the file with the source is given, and then the args.
    """

    source: str
    image: str = ""
    command: tuple[str, ...] = ("python",)
    args: tuple[Text, ...] = ()
    working_dir: str = ""
    pull: Literal["", "Always", "IfNotPresent", "Never"] = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """Make or change an object of a Kubernetes cluster, and wait for it.

    manifest: its text, JSON or YAML. success, failure: conditions on its fields, as Argo writes
    them (`status.succeeded > 0`); with neither, it is not waited for. owned: it goes when the run
    is deleted.
    """

    manifest: Text
    action: Literal["get", "create", "apply", "replace", "patch", "delete"] = "create"
    success: str = ""
    failure: str = ""
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Suspend:
    """Wait for so many seconds; for None, until someone resumes the run."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Http:
    """Ask a server. Its answer's body is the output `result`; a status of 400 or more fails."""

    url: Text
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: Mapping[str, Text] = field(default_factory=dict)
    body: Text = ""
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """Run a workflow that the workflow defines. The node's inputs are its parameters.

    is_part: it is a part of this very workflow, which was cut up: what its steps have left can be
    taken even if others of them failed, and other parts name them as StepOf.
    """

    workflow: str
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class StepOf:
    """Nothing to do: the node stands for the step of that name in another part of the workflow.

    It has ended as that step has, with its outputs. part: the node that calls the other part.
    """

    part: str


PROGRAMS = (
    Container,
    Script,
    Resource,
    Suspend,
    Http,
    Call,
    StepOf,
)  # which name their inputs themselves

Operation = (
    Query
    | Train
    | Trial
    | Predict
    | Evaluate
    | Explain
    | Check
    | Solve
    | Manage
    | Alter
    | Job
    | Run
    | Container
    | Script
    | Resource
    | Suspend
    | Http
    | Call
    | StepOf
)
