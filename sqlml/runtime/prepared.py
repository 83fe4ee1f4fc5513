"""A step whose inputs are known, and one that has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlml.databases.database import Database
from sqlml.optimizer.reuse import Reused
from sqlml.quoting import select_from
from sqlml.runtime.allocation import Facts
from sqlml.runtime.call import StepCall, step_kind
from sqlml.runtime.programs.runner import is_program
from sqlml.runtime.report import StepReport
from sqlml.runtime.sharing import Answers
from sqlml.runtime.states import Lane
from sqlml.workflow.graph import takes_model
from sqlml.workflow.ir import (
    Alter,
    Container,
    Http,
    Input,
    Json,
    Manage,
    ModelReference,
    Node,
    Output,
    Query,
    Relation,
    Run,
    Suspend,
    is_function,
)

_DATABASE_STEPS = frozenset({"query", "manage", "alter", "job"})


def lane_of(node: Node) -> Lane:
    """Where a step runs: light ones beside the database, which does the work; some only wait."""
    if node.same_as and not is_program(node):
        return "light"
    match node.operation:
        case Run(ready_made=ready_made):
            return "light" if ready_made else "heavy"
        case Suspend() | Http() | Container(daemon=True):
            return "waiting"
        case operation:
            return "light" if step_kind(operation) in _DATABASE_STEPS else "heavy"


def needs_folder(node: Node) -> bool:
    """Whether a step may have files of its own; to make a folder takes as long as a small query."""
    return not isinstance(node.operation, Alter | Manage | Query | Suspend)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step whose inputs are known. `reused` is set when it need not run.

    values: of all inputs. files: those that other steps have left for it.
    """

    node: Node
    call: StepCall
    models: Mapping[str, str]
    facts: Facts = field(default_factory=Facts)
    reused: Reused | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    node: Node
    report: StepReport


def call_of(
    node: Node, values: Mapping[str, Json | Relation]
) -> tuple[StepCall, Mapping[str, str]]:
    """The call of a step, and the models that it uses, as `name@version`. values: of its inputs."""
    models = {name: str(values[name]) for name in node.inputs if takes_model(node, name)}
    if is_program(node):
        known = {name: v for name, v in values.items() if not isinstance(v, Relation)}
        return StepCall(step_kind(node.operation), {"parameters": known}, {}), models
    return StepCall.of(node.operation, values, _functions(node, models)), models


def _functions(node: Node, models: Mapping[str, str]) -> tuple[str, ...]:
    """The versions that plain names of models stand for in a step's SQL."""
    return tuple(
        models[name]
        for name, value in node.inputs.items()
        if is_function(name) and (isinstance(value, Output) or _is_newest(value))
    )


def _is_newest(value: Input) -> bool:
    return isinstance(value, ModelReference) and value.version is None


def facts_of(call: StepCall, source: Database | Answers) -> Facts:
    """What is known of a step's rows before it runs."""
    relation = call.rows.get("rows")
    if relation is None or call.is_ready_made:
        return Facts()
    columns = len(source.table(f"{select_from('*', relation.sql)} LIMIT 0").schema)
    if not relation.stable:  # counting a join or a sample costs as much as reading it
        return Facts(None, columns)
    counted = source.table(select_from("count(*)", relation.sql))
    return Facts(counted.column(0)[0].as_py(), columns)
