"""Fitted features as ONNX: from the columns of a table to the matrix, in double precision."""

from collections.abc import Iterable, Mapping
from typing import assert_never

import numpy as np

from sqlml.zoo.export.calendar import PARTS, Term
from sqlml.zoo.export.matrix import (
    Block,
    Code,
    Dates,
    Levels,
    Quantity,
    cross_table,
    known_values,
    unknown_feature,
)
from sqlml.zoo.export.onnx_graph import DOUBLE, INT64, LEARNING, STRING, Graph
from sqlml.zoo.features.bucket import Bucket
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.contract import ColumnReference
from sqlml.zoo.features.cross import Cross
from sqlml.zoo.features.impute import Impute
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.numeric import Numeric
from sqlml.zoo.features.scale import Log, MinMax, Standardize
from sqlml.zoo.features.vocabulary import Vocabulary

_OPERATORS = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "floor": "Floor"}
NONE = -1  # the id of a category that is missing or not known


def matrix(graph: Graph, blocks: Iterable[Block]) -> str:
    """The matrix of shape (rows, width); NaN is missing.

    Raises:
        Unknown: a feature that has no ONNX.
    """
    writer = _Writer(graph)
    return graph.node("Concat", *map(writer.block, blocks), axis=1)


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ids_of: dict[Categorical, str] = {}

    def block(self, block: Block) -> str:
        """A block of the matrix, of shape (rows, its columns)."""
        graph = self._graph
        match block:
            case Quantity(of=number):
                return self._number(number)
            case Code(of=of):
                ids = self._ids(of)
                is_none = graph.node("Less", ids, graph.constant(0, np.int64))
                return graph.node("Where", is_none, graph.constant(np.nan), graph.cast(ids, DOUBLE))
            case Levels(of=of, or_missing=or_missing):
                levels = graph.constant([range(of.size)], np.int64)
                is_level = graph.node("Equal", self._ids(of), levels)
                other = graph.constant(np.nan if or_missing else 0.0)
                return graph.node("Where", is_level, graph.constant(1.0), other)
            case Dates(of=of):
                terms: dict[Term, str] = {}
                parts = [self._part(of.column.name, PARTS[part], terms) for part in of.parts]
                return graph.node("Concat", *parts, axis=1)
            case _:
                assert_never(block)

    # --- dates ----------------------------------------------------------------------------------

    def _part(self, column: str, term: Term, known: dict[Term, str]) -> str:
        """What a term makes of a column of seconds. known: what terms have become already."""
        if term not in known:
            graph = self._graph
            if term.operator == "given":
                return graph.input(column, DOUBLE)
            given = (
                self._part(column, one, known) if isinstance(one, Term) else graph.constant(one)
                for one in term.of
            )
            known[term] = graph.node(_OPERATORS[term.operator], *given)
        return known[term]

    # --- numbers --------------------------------------------------------------------------------

    def _number(self, feature: Numeric) -> str:
        graph = self._graph
        match feature:
            case Number(column=column):
                return graph.input(column.name, DOUBLE)
            case (
                Standardize(of=of, shift=shift, scale=scale)
                | MinMax(of=of, shift=shift, scale=scale)
            ):
                shifted = graph.node("Sub", self._number(of), graph.constant(shift))
                return graph.node("Div", shifted, graph.constant(scale))
            case Log(of=of):
                return graph.node("Log", self._number(of))
            case Impute(of=of, value=value) if value is not None:
                number = self._number(of)
                return self._or_else(number, number, graph.constant(value))
            case _:
                raise unknown_feature(feature)

    def _or_else(self, number: str, value: str, other: str) -> str:
        """A value for each number, and another one where the number is missing."""
        return self._graph.node("Where", self._graph.node("IsNaN", number), other, value)

    # --- categories -----------------------------------------------------------------------------

    def _ids(self, feature: Categorical) -> str:
        """The ids of a category, of shape (rows, 1); `NONE` where there is none."""
        if feature not in self._ids_of:
            self._ids_of[feature] = self._new_ids(feature)
        return self._ids_of[feature]

    def _new_ids(self, feature: Categorical) -> str:
        match feature:
            case Vocabulary(column=column) if column.kind in ("integer", "boolean"):
                return self._whole_vocabulary(feature)
            case Vocabulary(column=column):
                return self._vocabulary(feature)
            case CategoryId(of=ColumnReference() as column, n=n) if column.kind == "text":
                text = self._graph.input(column.name, STRING)
                return self._encoded(text, {str(place): place for place in range(n)}, NONE)
            case CategoryId(of=ColumnReference() as column):
                return self._whole(self._graph.input(column.name, DOUBLE))
            case Bucket(of=Numeric() as of, boundaries=tuple(boundaries)):
                return self._buckets(self._number(of), boundaries)
            case Cross():
                return self._combinations(feature)
            case _:
                raise unknown_feature(feature)

    def _vocabulary(self, feature: Vocabulary) -> str:
        """Ids of texts. ONNX has no NULL: the empty text stands for it, unless it is a category."""
        values = feature.values or ()
        missing = NONE if feature.fill is None else values.index(feature.fill)
        places = {"": missing, **known_values(feature)}
        text = self._graph.input(feature.column.name, STRING)
        return self._encoded(text, places, len(values) if feature.other else NONE)

    def _whole_vocabulary(self, feature: Vocabulary) -> str:
        """Ids of whole numbers, or of 0 and 1 for FALSE and TRUE."""
        values = feature.values or ()
        number = self._graph.input(feature.column.name, DOUBLE)
        other = len(values) if feature.other else NONE
        places = {_number(value): place for value, place in known_values(feature).items()}
        ids = self._encoded(self._whole(number), places, other)
        missing = NONE if feature.fill is None else values.index(feature.fill)
        return self._or_else(number, ids, self._graph.constant(missing, np.int64))

    def _encoded(
        self, given: str, places: Mapping[str, int] | Mapping[int, int], other: int
    ) -> str:
        kind = "strings" if all(isinstance(key, str) for key in places) else "int64s"
        return self._graph.node(
            "LabelEncoder",
            given,
            domain=LEARNING,
            default_int64=other,
            values_int64s=list(places.values()),
            **{f"keys_{kind}": list(places)},
        )

    def _whole(self, number: str) -> str:
        """Whole numbers as integers, `NONE` where they are missing."""
        known = self._or_else(number, number, self._graph.constant(float(NONE)))
        return self._graph.cast(known, INT64)

    def _buckets(self, number: str, boundaries: tuple[float, ...]) -> str:
        """How many boundaries are less than or equal to the number."""
        graph = self._graph
        passed = graph.node("GreaterOrEqual", number, graph.constant([boundaries]))
        axis = graph.constant([1], np.int64)
        count = graph.node("ReduceSum", graph.cast(passed, INT64), axis, keepdims=1)
        return self._or_else(number, count, graph.constant(NONE, np.int64))

    def _combinations(self, feature: Cross) -> str:
        """The id of each combination, found in a table of all of them."""
        graph = self._graph
        parts, table = cross_table(feature)
        strides = [int(np.prod(table.shape[place + 1 :])) for place in range(table.ndim)]
        axis, zero = graph.constant([1], np.int64), graph.constant(0, np.int64)
        ids = graph.node("Concat", *map(self._ids, parts), axis=1)
        is_none = graph.node("Less", graph.node("ReduceMin", ids, axis, keepdims=1), zero)
        scaled = graph.node("Mul", ids, graph.constant([strides], np.int64))
        place = graph.node("ReduceSum", scaled, axis, keepdims=1)
        safe = graph.node("Where", is_none, zero, place)
        found = graph.node("Gather", graph.constant(table.ravel(), np.int64), safe)
        return graph.node("Where", is_none, graph.constant(NONE, np.int64), found)


def _number(value: str) -> int:
    return {"false": 0, "true": 1}[value] if value in ("false", "true") else int(value)
