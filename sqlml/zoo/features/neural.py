"""COLUMN functions that only a neural network has a use for: refused, with what to use instead."""

from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn

from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import ColumnReference, Feature


class _Neural(Feature):
    """A function that no model here can use: parsing it is an error, so there are no instances."""

    __slots__ = ()

    instead: ClassVar[str]

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> NoReturn:
        message = f"{cls.function} cannot be used here: it needs a neural network"
        raise AttributeProblem(message, cls.instead.format(column=_column_name(arguments)))


class Embedding(_Neural):
    """A trained vector per category."""

    __slots__ = ()

    function = "EMBEDDING"
    usage = "EMBEDDING(categories | column, dimension [, combiner [, initializer]])"
    doc = "A trained vector per category (neural networks)."
    instead = "use `{column}` alone, CATEGORY_HASH({column}, n) or INDICATOR({column})"


class SeqCategoryId(_Neural):
    """A sequence of ids."""

    __slots__ = ()

    function = "SEQ_CATEGORY_ID"
    usage = "SEQ_CATEGORY_ID(column | SPARSE(…), n)"
    doc = "A sequence of ids, in order (recurrent neural networks)."
    instead = "use CATEGORY_ID(SPARSE({column}, n), n): which ids there are, without their order"


class WeightedCategory(_Neural):
    """Categories with weights."""

    __slots__ = ()

    function = "WEIGHTED_CATEGORY"
    usage = "WEIGHTED_CATEGORY(CATEGORY_ID(SPARSE(…), n))"
    doc = "Categories with weights (neural networks)."
    instead = "use SPARSE({column}, n), which keeps the weights"


def _column_name(arguments: Sequence[Any]) -> str:
    """The column that the arguments are about."""
    match arguments[0] if arguments else None:
        case ColumnReference() as column:
            return column.name
        case Feature() as feature:
            return feature.columns[0]
        case _:
            return "column"
