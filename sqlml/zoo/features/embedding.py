"""EMBEDDING: a vector per category, which the model learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Block
from sqlml.zoo.features.categorical import Categorical, categorical_argument, lists_categories
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import Encoding, Feature, Output
from sqlml.zoo.features.indicator import Indicator
from sqlml.zoo.features.sparse import Sparse
from sqlml.zoo.features.vocabulary import Vocabulary
from sqlml.zoo.model import ModelType, Part

COMBINERS = ("sum", "mean", "sqrtn")
INITIALIZERS = (
    *("glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal"),
    *("lecun_uniform", "ones", "random_normal", "random_uniform", "truncated_normal", "zeros"),
)
_ALIASES = {"normal": "random_normal", "one": "ones", "uniform": "random_uniform", "zero": "zeros"}


@dataclass(frozen=True, slots=True)
class Embedding(Indicator):
    """The trained vectors of a row's categories, added up or averaged by the combiner."""

    dimension: int = 1
    combiner: str = "sum"
    initializer: str = ""

    function = "EMBEDDING"
    usage = "EMBEDDING(categories | column, dimension [, combiner [, initializer]])"
    doc = (
        "A trained vector per category (neural networks); those of a row are added up (`sum`), or"
        " divided by their number (`mean`) or its root (`sqrtn`)."
    )

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Feature:
        given = Arguments(cls, arguments, least=2, most=4)
        value = given.get(0)
        if isinstance(value, Sparse):
            value = CategoryId(value, value.size)
        of = categorical_argument(given, value, lists=True)
        return cls(
            of.listing
            if isinstance(of, Categorical)
            else Vocabulary(of, other=False, delimiter=None),
            given.count(1, name="the dimension"),
            _one_of(given, 2, "combiner", COMBINERS) or "sum",
            _one_of(given, 3, "initializer", INITIALIZERS, _ALIASES),
        )

    @property
    def is_sequence(self) -> bool:
        return self.of.is_sequence

    def refuse(self, model: ModelType) -> None:
        if model.embeds:
            return
        column = self.references[0]
        name = column.name
        plain = f"VOCABULARY({name})" if lists_categories(column) else f"`{name}` alone"
        raise AttributeProblem(
            f"EMBEDDING needs a neural network, and `{model.name}` is none",
            f"use {plain}, CATEGORY_HASH({name}, n) or INDICATOR({name})",
        )

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return self.of.outputs(replace(encoding, categories="onehot"))

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        return self.of.apply(columns, replace(encoding, categories="onehot"))

    def part(self, encoding: Encoding) -> Part:
        of = Indicator.part(self, encoding)
        return replace(
            of, dimension=self.dimension, combiner=self.combiner, initializer=self.initializer
        )


def _one_of(
    given: Arguments,
    place: int,
    noun: str,
    choices: tuple[str, ...],
    aliases: Mapping[str, str] | None = None,
) -> str:
    """A choice as it is spelt, of a word in any case or `CamelCase`; empty where none is given."""
    value = given.get(place)
    if value is None:
        return ""
    known = {choice.replace("_", ""): choice for choice in choices} | {**(aliases or {})}
    found = known.get(value.lower().replace("_", "")) if isinstance(value, str) else None
    if found is None:
        given.refuse(f"{words(value)} is no {noun}", f"write one of {', '.join(choices)}")
    return found
