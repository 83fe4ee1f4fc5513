"""What a step's inputs stand for when it is about to start."""

from collections.abc import Mapping
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.context import model_is_gone
from sqlml.store.store import Store
from sqlml.workflow.ir import (
    Constant,
    Input,
    Item,
    Json,
    ModelReference,
    Output,
    Outputs,
    Parameter,
    Relation,
    RunId,
)

Given = Mapping[str, Mapping[str, Any]]  # the outputs of steps, by their names


class Inputs:
    """The values of one run's inputs. parameters: the values of the workflow's."""

    def __init__(self, store: Store, run: str, parameters: Mapping[str, Json]) -> None:
        self._store = store
        self._run = run
        self._parameters = parameters

    def value(self, value: Input, outputs: Given) -> Json | Relation:
        """A value, or rows. A model is `name@version`. outputs: of the steps that are needed.

        Raises:
            StepError: E0624 the model is gone, E0683 a step has not left the output.
        """
        match value:
            case Relation():
                return value
            case Constant(value=constant):
                return constant
            case Parameter(name=name):
                return self._parameters[name]
            case Output(node=node, name=name):
                return _output(outputs, node, name)
            case Outputs(nodes=nodes, name=name):
                return tuple(_output(outputs, node, name) for node in nodes)
            case RunId():
                return self._run
            case Item():
                raise TypeError("an item without a loop")
            case ModelReference(name=name, version=version):
                found = self._store.models.find(name, version)
                if found is None:
                    raise model_is_gone(name if version is None else f"{name}@{version}")
                return f"{found.name}@{found.number}"


def _output(outputs: Given, node: str, name: str) -> Json:
    try:
        value: Json = outputs[node][name]
    except KeyError:
        message = f"step `{node}` has left no output `{name}`"
        known = ", ".join(outputs.get(node, ()))
        hint = f"it has left {known}" if known else "it has left none"
        raise StepError(Diagnostic("E0683", message, hint=hint)) from None
    return value
