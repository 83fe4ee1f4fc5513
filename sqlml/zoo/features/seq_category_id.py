"""SEQ_CATEGORY_ID: whole numbers that are categories, in the order in which they are written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Block, Entries
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    Aggregate,
    Answers,
    ColumnReference,
    Encoding,
    Feature,
    Output,
    Reading,
    Statistic,
)
from sqlml.zoo.features.sparse import Sparse
from sqlml.zoo.model import ModelType, Part

MOST_IDS = 2**24 - 1  # that single precision tells apart


@dataclass(frozen=True, slots=True)
class SeqCategoryId(Categorical):
    """The ids of a row in their order, each plus 1, then zeros: as many columns as `length`.

    length: of the longest row of the training; of a longer one, the last ids are taken.
    """

    of: Sparse
    n: int
    length: int | None = None

    function = "SEQ_CATEGORY_ID"
    usage = "SEQ_CATEGORY_ID(column | SPARSE(…), n [, delimiter])"
    doc = "A sequence of ids, in order (neural networks)."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=2, most=3)
        of, n = given.get(0), given.count(1)
        if n > MOST_IDS:
            given.refuse(f"n of SEQ_CATEGORY_ID is at most {MOST_IDS:,}")
        if isinstance(of, Sparse) and len(arguments) == 2:
            return cls(of, n)
        if isinstance(of, Feature) and not isinstance(of, Sparse):
            given.refuse(f"{words(of)} has no ids in an order")
        return cls(Sparse.of_text(given, 0, n, given.delimiter(2, ",")), n)

    @property
    def label(self) -> str:
        return self.of.label

    @property
    def size(self) -> int:
        return self.n

    @property
    def levels(self) -> Sequence[str]:
        return self.unordered.levels

    @property
    def is_bag(self) -> bool:
        return True

    @property
    def is_sequence(self) -> bool:
        return True

    @property
    def unordered(self) -> Categorical:
        return CategoryId(self.of, self.n)

    def refuse(self, model: ModelType) -> None:
        name, n = self.label, self.n
        if model.embeds:
            problem = "SEQ_CATEGORY_ID needs vectors of its ids"
            hint = f"write EMBEDDING(SEQ_CATEGORY_ID({name}, {n}), dimension)"
        else:
            problem = f"SEQ_CATEGORY_ID needs a neural network, and `{model.name}` is none"
            hint = f"use CATEGORY_ID(SPARSE({name}, {n}), {n}): which ids, without their order"
        raise AttributeProblem(problem, hint)

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.of.column, "raw"

    def needs(self) -> Sequence[Statistic]:
        return () if self.length is not None else (self._longest,)

    def learn(self, answers: Answers) -> Self:
        if self.length is not None:
            return self
        if not answers[self._longest]:
            raise problems.nothing_to_learn(self.label, self.function)
        return replace(self, length=int(answers[self._longest]))

    def ids(self, columns: Columns) -> Entries:
        found = self.unordered.ids(columns)
        assert isinstance(found, Entries)
        return found

    def part(self, encoding: Encoding) -> Part:
        return Part(self.label, kind="sequence", size=self.n)

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return [Output(f"{self.label}[{place}]") for place in range(self.length or 0)]

    def width(self, encoding: Encoding) -> int:
        return self.length or 0

    def is_wide(self, encoding: Encoding) -> bool:
        return False

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        ids, length = self.ids(columns), self.length or 0
        counts = np.diff(ids.starts)
        places = np.arange(len(ids.indices)) - np.repeat(ids.starts[:-1], counts)
        places -= np.repeat(np.maximum(counts - length, 0), counts)
        rows = np.repeat(np.arange(columns.rows), counts)
        kept = places >= 0
        sequences = np.zeros((columns.rows, length), dtype=encoding.dtype)
        sequences[rows[kept], places[kept]] = ids.indices[kept] + 1
        return sequences

    @property
    def _longest(self) -> Aggregate:
        """How many ids the longest row has at most: what stands between delimiters."""
        name = self.of.column.identifier
        if self.of.column.kind == "array":
            return Aggregate(f"max(len({name}))")
        delimiter = self.of.delimiter.replace("'", "''")
        return Aggregate(f"max(len(string_split({name}, '{delimiter}')))")
