"""INDICATOR: one 0/1 column per category, whatever the model could do with categories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.blocks import Block
from sqlml.zoo.features.categorical import Categorical, categorical_argument
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    Answers,
    ColumnReference,
    Encoding,
    Feature,
    Output,
    Reading,
    Statistic,
)
from sqlml.zoo.features.sparse import Sparse
from sqlml.zoo.features.vocabulary import Vocabulary
from sqlml.zoo.model import Part


@dataclass(frozen=True, slots=True)
class Indicator(Feature):
    """One column per category of `of`: 1 in the row's own, or counts where a row has several."""

    of: Categorical

    function = "INDICATOR"
    usage = "INDICATOR(column | categories)"
    doc = "One 0/1 column per category; text that reads `3,5,7` throughout has several."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Feature:
        given = Arguments(cls, arguments, least=1, most=1)
        value = given.get(0)
        if isinstance(value, Sparse):
            return value  # has a column per id already
        of = categorical_argument(given, value, lists=True)
        if isinstance(of, Categorical):
            return cls(of.unordered.listing)
        return cls(Vocabulary(of, other=False, delimiter=None))

    @property
    def label(self) -> str:
        return self.of.label

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield from self.of.readings()

    def needs(self) -> Sequence[Statistic]:
        return self.of.needs()

    def learn(self, answers: Answers) -> Self:
        return replace(self, of=self.of.learn(answers))

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return self.of.outputs(replace(encoding, categories="onehot"))

    def width(self, encoding: Encoding) -> int:
        return self.of.width(replace(encoding, categories="onehot"))

    def part(self, encoding: Encoding) -> Part:
        return self.of.part(replace(encoding, categories="onehot"))

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        return self.of.apply(columns, replace(encoding, categories="onehot"))
