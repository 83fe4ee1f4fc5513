"""TFIDF: which words a text has, rare ones weighing more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments
from sqlml.zoo.features.blocks import Block, Entries, row_starts
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    Aggregate,
    Answers,
    ColumnReference,
    Encoding,
    Feature,
    Output,
    Ranking,
    Reading,
    Statistic,
)
from sqlml.zoo.features.kinds import Kind

DEFAULT_TOKENS = 1_000
_KINDS: frozenset[Kind] = frozenset(("text", "unknown"))
_ROWS = Aggregate("count(*)")


@dataclass(frozen=True, slots=True)
class Tfidf(Feature):
    """Term frequency × inverse document frequency of the n tokens that most rows have.

    Tokens are runs of letters and digits, in lower case. A weight is count × (ln((1 + N) / (1 + d))
    + 1), where d of N training rows have the token; each row is scaled to length 1. This is what
    scikit-learn's TfidfVectorizer does. NULL is a text without tokens.
    """

    column: ColumnReference
    n: int = DEFAULT_TOKENS
    tokens: tuple[str, ...] | None = None
    weights: tuple[float, ...] = ()

    function = "TFIDF"
    usage = "TFIDF(column [, n])"
    doc = "The words of a text: one column for each of the n most frequent, rare ones weigh more."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=1, most=2)
        column = given.column(0, _KINDS)
        return cls(column, DEFAULT_TOKENS if given.get(1) is None else given.count(1))

    @property
    def label(self) -> str:
        return self.column.name

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.column, "text"

    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        return [Output(f"{self.label}={token}") for token in self.tokens or ()]

    def width(self, encoding: Encoding) -> int:
        return len(self.tokens or ())

    def needs(self) -> Sequence[Statistic]:
        return () if self.tokens is not None else (_ROWS, self._ranking)

    def learn(self, answers: Answers) -> Self:
        if self.tokens is not None:
            return self
        found, rows = answers[self._ranking], answers[_ROWS]
        if not found:
            raise problems.nothing_to_learn(self.label, self.function)
        weights = tuple(log((1 + rows) / (1 + count)) + 1 for _token, count in found)
        return replace(self, tokens=tuple(token for token, _count in found), weights=weights)

    def apply(self, columns: Columns, encoding: Encoding) -> Block:
        texts = columns.text(self.column)
        if pa.types.is_dictionary(texts.type):
            texts = texts.dictionary_decode()
        lists = pc.split_pattern_regex(pc.utf8_lower(texts), r"[^\p{L}\p{N}]+")
        known = _value_set(self.tokens or ())
        ids = pc.fill_null(pc.index_in(pc.list_flatten(lists), value_set=known), -1)
        ids = ids.to_numpy(zero_copy_only=False).astype(np.int64)
        rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[ids >= 0]
        # A row and a token in one number: equal ones are counted at once.
        width = len(known)
        cells, counts = np.unique(rows * width + ids[ids >= 0], return_counts=True)
        rows, ids = np.divmod(cells, max(width, 1))
        values = counts * np.array(self.weights)[ids]
        lengths = np.sqrt(np.bincount(rows, values * values, minlength=columns.rows))
        starts = row_starts(np.bincount(rows, minlength=columns.rows))
        return Entries(starts, ids, values / lengths[rows])

    @property
    def _ranking(self) -> Ranking:
        tokens = rf"regexp_extract_all(lower({self.column.identifier}), '[\p{{L}}\p{{N}}]+')"
        return Ranking(f"unnest(list_distinct({tokens}))", self.n)


@lru_cache(maxsize=64)
def _value_set(tokens: tuple[str, ...]) -> pa.Array:
    return pa.array(tokens, type=pa.string())
