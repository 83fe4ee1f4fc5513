"""Features that are an id in [0, size) per row, or several."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.blocks import Block, Entries, one_per_row
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import Answers, ColumnReference, Encoding, Feature, Output
from sqlml.zoo.features.kinds import Kind, element_kind
from sqlml.zoo.model import Part

# Columns whose values are categories as they stand.
CATEGORIES: frozenset[Kind] = frozenset(("text", "integer", "boolean", "date", "unknown"))

Ids = NDArray[np.int64]


class Categorical(Feature):
    """Ids in [0, size).

    A missing category is no error: with native categories it is NaN, otherwise a row of zeros. The
    same holds for one that training did not see, unless the function keeps an id for those.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of ids; the feature is fitted."""

    @property
    @abstractmethod
    def levels(self) -> Sequence[str]:
        """What each id stands for."""

    @abstractmethod
    def ids(self, columns: Columns) -> Ids | Entries:
        """The id of each row, negative where there is none; entries where `is_bag`."""

    def learn(self, answers: Answers) -> "Categorical":
        del answers
        return self

    @property
    def is_bag(self) -> bool:
        """Whether a row may have several ids: always one 0/1 column per id."""
        return False

    @property
    def is_ordered(self) -> bool:
        """Whether a larger id means more: then the id is a quantity where it is not one-hot."""
        return False

    @property
    def unordered(self) -> "Categorical":
        """The same ids without their order, where they have one."""
        return self

    @property
    def listing(self) -> "Categorical":
        """The same ids, of which a text may list several if its values say so."""
        return self

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        if not self._as_codes(encoding):
            return [Output(f"{self.label}={level}") for level in self.levels]
        return (Output(self.label) if self.is_ordered else Output(self.label, "c", self.size),)

    def width(self, encoding: Encoding) -> int:
        return 1 if self._as_codes(encoding) else self.size

    def part(self, encoding: Encoding) -> Part:
        if self._as_codes(encoding):
            return Part(self.label)
        return Part(self.label, kind="ids", size=self.size)

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        ids = self.ids(columns)
        if isinstance(ids, Entries):
            return ids
        if not self._as_codes(encoding):
            return one_per_row(ids)
        codes: NDArray[Any] = ids.astype(encoding.dtype)
        codes[ids < 0] = np.nan
        return codes

    def _as_codes(self, encoding: Encoding) -> bool:
        return encoding.categories == "native" and not self.is_bag


def lists_categories(column: object) -> bool:
    """Whether it is a column each of whose values lists several categories."""
    if not isinstance(column, ColumnReference):
        return False
    return element_kind(column.type) in CATEGORIES - {"unknown"}


def categorical_argument(
    arguments: Arguments, value: object, *, lists: bool = False
) -> ColumnReference | Categorical:
    """A column whose values are categories, or a function that gives categories.

    lists: or a column whose values list them.
    """
    if isinstance(value, Categorical):
        return value
    if not isinstance(value, ColumnReference):
        arguments.refuse("a column or a function that gives categories is needed here")
    if lists and lists_categories(value):
        return value
    arguments.check_kind(value, CATEGORIES, hint=hint_for_categories(value))
    return value


def hint_for_categories(value: object) -> str:
    """What makes categories of a column that has none."""
    if not isinstance(value, ColumnReference):
        return ""
    match value.kind:
        case "float":
            return f"BUCKET({value.name}, 10) makes categories of its ranges"
        case "timestamp" | "time":
            return f"DATE_PARTS({value.name}) makes numbers of it"
        case "array":
            return f"CATEGORY_ID({value.name}, n) takes its numbers as ids"
        case _:
            return ""
