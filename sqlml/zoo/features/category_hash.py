"""CATEGORY_HASH: a category per hash of a text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.categorical import CATEGORIES, Categorical, Ids, hint_for_categories
from sqlml.zoo.features.columns import Columns, per_distinct
from sqlml.zoo.features.contract import ColumnReference, Reading
from sqlml.zoo.features.hashing import Hashes, hash_text


@dataclass(frozen=True, slots=True)
class CategoryHash(Categorical):
    """The hash of a value's text, modulo n: no vocabulary to learn, but values may share an id."""

    column: ColumnReference
    n: int

    function = "CATEGORY_HASH"
    usage = "CATEGORY_HASH(column, n)"
    doc = "A stable hash of the text, modulo n: ids without a vocabulary."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=2, most=2)
        hint = hint_for_categories(given.get(0))
        return cls(given.column(0, CATEGORIES, hint=hint), given.count(1))

    @property
    def label(self) -> str:
        return self.column.name

    @property
    def size(self) -> int:
        return self.n

    @property
    def levels(self) -> Sequence[str]:
        return [f"#{place}" for place in range(self.n)]

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.column, "text"

    def ids(self, columns: Columns) -> Ids:
        hashes, is_known = column_hashes(columns, self.column)
        return np.where(is_known, (hashes % np.uint64(self.n)).astype(np.int64), -1)


def column_hashes(columns: Columns, column: ColumnReference) -> tuple[Hashes, Any]:
    """The hash of each row's value as text, and whether there is a value."""
    distinct, places = per_distinct(columns.text(column))
    hashes = np.append(hash_text(distinct), np.uint64(0))
    return hashes[places], places >= 0
