"""WEIGHTED_CATEGORY: categories that count as much as the values beside their keys say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.categorical import Categorical
from sqlml.zoo.features.category_id import CategoryId
from sqlml.zoo.features.sparse import Sparse


class WeightedCategory(Categorical):
    """It only has its CATEGORY_ID or CATEGORY_HASH keep the values: there are no instances."""

    __slots__ = ()

    function = "WEIGHTED_CATEGORY"
    usage = "WEIGHTED_CATEGORY(CATEGORY_ID(SPARSE(…), n) | CATEGORY_HASH(SPARSE(…), n))"
    doc = "Categories with weights, from text such as `3:0.2,5:1`."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Categorical:
        given = Arguments(cls, arguments, least=1, most=1)
        value = given.get(0)
        keyed = value.of if isinstance(value, CategoryId) else getattr(value, "column", None)
        if not isinstance(keyed, Sparse) or not keyed.key_delimiter:
            given.refuse(f"{words(value)} has no keys with values")
        return replace(value, weighted=True)
