"""CATEGORY_HASH: a category per hash of a text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.blocks import Entries
from sqlml.zoo.features.categorical import (
    CATEGORIES,
    Categorical,
    Ids,
    hint_for_categories,
    lists_categories,
)
from sqlml.zoo.features.columns import Columns, per_distinct
from sqlml.zoo.features.contract import ColumnReference, Reading
from sqlml.zoo.features.hashing import Hashes, hash_text
from sqlml.zoo.features.sparse import Sparse


@dataclass(frozen=True, slots=True)
class CategoryHash(Categorical):
    """The hash of a value's text, modulo n: no vocabulary to learn, but values may share an id.

    column: or several texts per row, the keys of SPARSE or of a list. weighted: each counts as
    its value says.
    """

    column: ColumnReference | Sparse
    n: int
    weighted: bool = False

    function = "CATEGORY_HASH"
    usage = "CATEGORY_HASH(column | SPARSE(…), n [, delimiter])"
    doc = (
        "One of n categories by a stable hash of the text, or of each word that a delimiter parts."
    )

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=2, most=3)
        of, n = given.get(0), given.count(1)
        if len(arguments) == 3:
            of = Sparse.of_text(given, 0, n, given.delimiter(2, ","))
        elif lists_categories(of):
            of = Sparse(of, n, key_delimiter="")
        if isinstance(of, Sparse):
            return cls(of, n)
        given.get(0)
        return cls(given.column(0, CATEGORIES, hint=hint_for_categories(of)), n)

    @property
    def label(self) -> str:
        return self.column.name if isinstance(self.column, ColumnReference) else self.column.label

    @property
    def size(self) -> int:
        return self.n

    @property
    def levels(self) -> Sequence[str]:
        return [f"#{place}" for place in range(self.n)]

    @property
    def is_bag(self) -> bool:
        return isinstance(self.column, Sparse)

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        if isinstance(self.column, Sparse):
            yield from self.column.readings()
        else:
            yield self.column, "text"

    def ids(self, columns: Columns) -> Ids | Entries:
        if isinstance(self.column, Sparse):
            starts, keys, weights = self.column.keys(columns)
            ids = (hash_text(keys) % np.uint64(self.n)).astype(np.int64)
            return Entries(starts, ids, weights if self.weighted else None)
        hashes, is_known = column_hashes(columns, self.column)
        return np.where(is_known, (hashes % np.uint64(self.n)).astype(np.int64), -1)


def column_hashes(columns: Columns, column: ColumnReference) -> tuple[Hashes, Any]:
    """The hash of each row's value as text, and whether there is a value."""
    distinct, places = per_distinct(columns.text(column))
    hashes = np.append(hash_text(distinct), np.uint64(0))
    return hashes[places], places >= 0
