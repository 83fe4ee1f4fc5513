"""TEXT: what a plain text column is: categories, or the numbers that all of it lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.blocks import Block
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
from sqlml.zoo.features.dense import Dense
from sqlml.zoo.features.guess import guessed_length
from sqlml.zoo.features.kinds import Kind
from sqlml.zoo.features.vocabulary import Vocabulary

_KINDS: frozenset[Kind] = frozenset(("text", "unknown"))


@dataclass(frozen=True, slots=True)
class Text(Feature):
    """Text of which only the values tell what it is; what is learnt is VOCABULARY or DENSE."""

    of: Vocabulary

    function = "TEXT"
    usage = "TEXT(column)"
    doc = "Text as it is by default: categories, or numbers where every row reads `0.2,1.7,0.6`."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=1, most=1)
        return cls(Vocabulary(given.column(0, _KINDS), other=False))

    @property
    def label(self) -> str:
        return self.of.label

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield from self.of.readings()

    def needs(self) -> Sequence[Statistic]:
        return self.of.needs()

    def learn(self, answers: Answers) -> Feature:
        vocabulary = self.of.learn(answers)
        length = guessed_length(self.label, vocabulary.values or ())
        return Dense(self.of.column, length) if length else vocabulary

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return self.of.outputs(encoding)

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        return self.of.apply(columns, encoding)
