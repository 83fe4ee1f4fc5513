"""WEIGHTED_CATEGORY: categories that count as much as the values beside their keys say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.category_hash import CategoryHash
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.sparse import Sparse


class WeightedCategory(Categorical):
    """It only has its CATEGORY_ID or CATEGORY_HASH keep the values: there are no instances."""

    __slots__ = ()

    function = "WEIGHTED_CATEGORY"
    usage = "WEIGHTED_CATEGORY(CATEGORY_ID(SPARSE(…), n) | CATEGORY_HASH(SPARSE(…), n))"
    doc = "Categories with weights, from text such as `3:0.2,5:1`."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> CategoryId | CategoryHash:
        given = Arguments(cls, arguments, least=1, most=1)
        value = given.get(0)
        if isinstance(value, CategoryId) and _has_values(value.of):
            return replace(value, weighted=True)
        if not isinstance(value, CategoryHash) or not _has_values(value.column):
            given.refuse(f"{words(value)} has no keys with values")
        return replace(value, weighted=True)


def _has_values(source: object) -> bool:
    return isinstance(source, Sparse) and bool(source.key_delimiter)
