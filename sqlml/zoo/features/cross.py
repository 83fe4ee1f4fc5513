"""CROSS: a category per combination of categories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Entries
from sqlml.zoo.features.categorical import Categorical, Ids, categorical_argument
from sqlml.zoo.features.category_hash import column_hashes
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import Answers, ColumnReference, Reading, Statistic
from sqlml.zoo.features.hashing import Hashes, combine, mix


@dataclass(frozen=True, slots=True)
class Cross(Categorical):
    """The hash of several categories together, modulo n; none where one of them is missing."""

    parts: tuple[ColumnReference | Categorical, ...]
    n: int

    function = "CROSS"
    usage = "CROSS([column, BUCKET(column, 5), …], n)"
    doc = "A category per combination of categories, hashed modulo n."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=2, most=2)
        listed = given.get(0)
        if not isinstance(listed, list | tuple) or len(listed) < 2:
            given.refuse(f"CROSS takes a list of two or more categories, not {words(listed)}")
        parts = tuple(categorical_argument(given, value) for value in listed)
        for part in parts:
            if isinstance(part, Categorical) and part.is_bag:
                given.refuse(f"{words(part)} has several categories per row, and CROSS takes one")
        return cls(parts, given.count(1))

    @property
    def label(self) -> str:
        names = (p.name if isinstance(p, ColumnReference) else p.label for p in self.parts)
        return "×".join(names)

    @property
    def size(self) -> int:
        return self.n

    @property
    def levels(self) -> Sequence[str]:
        return [f"#{place}" for place in range(self.n)]

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        for part in self.parts:
            if isinstance(part, Categorical):
                yield from part.readings()
            else:
                yield part, "text"

    def needs(self) -> Sequence[Statistic]:
        return tuple(
            need for part in self.parts if isinstance(part, Categorical) for need in part.needs()
        )

    def learn(self, answers: Answers) -> Self:
        learnt = (p.learn(answers) if isinstance(p, Categorical) else p for p in self.parts)
        return replace(self, parts=tuple(learnt))

    def ids(self, columns: Columns) -> Ids:
        hashes = np.zeros(columns.rows, dtype=np.uint64)
        are_known = np.ones(columns.rows, dtype=bool)
        for part in self.parts:
            of_part, is_known = _hashes(columns, part)
            hashes = combine(hashes, of_part)
            are_known &= is_known
        return np.where(are_known, (hashes % np.uint64(self.n)).astype(np.int64), -1)


def _hashes(columns: Columns, part: ColumnReference | Categorical) -> tuple[Hashes, Any]:
    if isinstance(part, ColumnReference):
        return column_hashes(columns, part)
    ids = part.ids(columns)
    assert not isinstance(ids, Entries)  # parse refuses bags
    return mix(ids.astype(np.uint64)), ids >= 0
