"""A graph of ONNX operators, written node by node."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from sqlml.zoo.export.scoring import Unknown

BOOLEAN = onnx.TensorProto.BOOL
DOUBLE = onnx.TensorProto.DOUBLE
FLOAT = onnx.TensorProto.FLOAT
INT64 = onnx.TensorProto.INT64
STRING = onnx.TensorProto.STRING
LEARNING = "ai.onnx.ml"
OPERATORS = 18  # the version of the operator set
TREES = 5  # the version of the operators of machine learning that has TreeEnsemble
CONVERTED = 3  # the one that converters write


class Graph:
    """Inputs, nodes and outputs. What a node gives is named by its number: `sqlml_3`.

    learning: the version of the operators of machine learning.
    """

    def __init__(self, learning: int) -> None:
        self._learning = learning
        self._inputs: dict[str, int] = {}
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._outputs: list[Any] = []
        self._names = 0

    def input(self, name: str, kind: int) -> str:
        """A column of the table, of shape (rows, 1); the same one for the same name.

        Raises:
            Unknown: it is asked for as of two types.
        """
        if self._inputs.setdefault(name, kind) != kind:
            raise Unknown(f"the column `{name}` as a text and as a number")
        return name

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """A tensor of these numbers, or texts with `dtype` object."""
        name = self._new_name()
        self._constants.append(numpy_helper.from_array(np.array(value, dtype=dtype), name))
        return name

    def node(self, operator: str, *given: str, domain: str = "", **attributes: Any) -> str:
        """What an operator makes of tensors: the name of its only output."""
        return self.nodes(operator, 1, *given, domain=domain, **attributes)[0]

    def nodes(
        self, operator: str, count: int, *given: str, domain: str = "", **attributes: Any
    ) -> list[str]:
        """What an operator makes of tensors: the names of its outputs."""
        names = [self._new_name() for _ in range(count)]
        self._nodes.append(
            helper.make_node(operator, given, names, domain=domain, name=names[0], **attributes)
        )
        return names

    def cast(self, given: str, kind: int) -> str:
        return self.node("Cast", given, to=kind)

    def output(self, name: str, given: str, kind: int, columns: int | None = None) -> None:
        """Give a tensor out: of shape (rows, columns), or (rows,) without columns."""
        own = [] if columns is None else [columns]
        shape = self.constant([-1, *own], np.int64)
        self._nodes.append(helper.make_node("Reshape", [given, shape], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, ["rows", *own]))

    def embed(self, model: Any, given: str) -> list[str]:
        """Add a model that has one input; returns the names of its outputs."""
        own = onnx.compose.add_prefix(model, f"{self._new_name()}_").graph
        self._nodes.append(helper.make_node("Identity", [given], [own.input[0].name]))
        self._nodes.extend(own.node)
        self._constants.extend(own.initializer)
        return [output.name for output in own.output]

    def model(self, facts: dict[str, str]) -> Any:
        """The whole as a model, with these metadata."""
        inputs = [
            helper.make_tensor_value_info(name, kind, ["rows", 1])
            for name, kind in self._inputs.items()
        ]
        graph = helper.make_graph(self._nodes, "sqlml", inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPERATORS), helper.make_opsetid(LEARNING, self._learning)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="sqlml")
        helper.set_model_props(model, facts)
        return model

    def _new_name(self) -> str:
        self._names += 1
        return f"sqlml_{self._names}"


def tensor(values: Any, dtype: Any) -> Any:
    """Numbers as the value of an attribute."""
    found: NDArray[Any] = np.array(values, dtype=dtype)
    return numpy_helper.from_array(found)
