"""VOCABULARY: categories by a list of known values. What a text column is by default."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
import pyarrow as pa

from sqlml.quoting import literal
from sqlml.zoo import arrow_compute as pc
from sqlml.zoo.features import problems
from sqlml.zoo.features.arguments import Arguments, words
from sqlml.zoo.features.blocks import Entries, row_starts
from sqlml.zoo.features.categorical import (
    CATEGORIES,
    Categorical,
    Ids,
    hint_for_categories,
    lists_categories,
)
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import (
    Answers,
    ColumnReference,
    Ranking,
    Reading,
    Statistic,
)
from sqlml.zoo.features.guess import guessed_delimiter
from sqlml.zoo.features.text_numbers import BRACKETS, split_texts

MOST_VALUES = 10_000


@dataclass(frozen=True, slots=True)
class Vocabulary(Categorical):
    """A category per known value, compared as text; several per row where the column lists them.

    values: by id; where they are learnt, the MOST_VALUES most frequent, most frequent first. other:
    one more id for values that are not known. fill: what stands for NULL; with `fill_mode` it is
    learnt. delimiter: between the categories of a row; empty where a text is one of them, and None
    where that is to be told from the texts that are learnt.
    """

    column: ColumnReference
    values: tuple[str, ...] | None = None
    other: bool = True
    fill: str | None = None
    fill_mode: bool = False
    delimiter: str | None = ""

    function = "VOCABULARY"
    usage = "VOCABULARY(column [, [values]])"
    doc = "A category per known value, learnt or given, and one for all that are not known."

    @classmethod
    def parse(cls, arguments: Sequence[Any]) -> Self:
        given = Arguments(cls, arguments, least=1, most=2)
        column = given.get(0)
        if not lists_categories(column):
            column = given.column(0, CATEGORIES, hint=hint_for_categories(column))
        if len(arguments) == 1:
            return cls(column)
        listed = given.get(1)
        if not isinstance(listed, list | tuple) or not listed:
            given.refuse(f"{words(listed)} is no list of values")
        values = tuple(_as_text(given, value) for value in listed)
        for place, value in enumerate(values):
            if value in values[:place]:
                given.refuse(f"the value '{value}' is listed twice", "leave one of them out")
        return cls(column, values)

    @property
    def label(self) -> str:
        return self.column.name

    @property
    def size(self) -> int:
        return len(self.values or ()) + self.other

    @property
    def levels(self) -> Sequence[str]:
        return (*(self.values or ()), "(other)") if self.other else self.values or ()

    @property
    def is_bag(self) -> bool:
        return bool(self.delimiter) or lists_categories(self.column)

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        yield self.column, "raw" if lists_categories(self.column) else "text"

    def needs(self) -> Sequence[Statistic]:
        return () if self.values is not None else (self._ranking,)

    def learn(self, answers: Answers) -> Self:
        if self.values is not None:
            return self
        values = tuple(value for value, _count in answers[self._ranking])
        if self.delimiter is None:
            told = replace(self, delimiter=self._told_by(values))
            return told if told.delimiter else told.learn(answers)
        fill = self.fill
        if self.fill_mode:
            if not values:
                raise problems.nothing_to_learn(self.label, "IMPUTE")
            fill = values[0]
        if fill is not None and fill not in values:
            values = (*values, fill)
        return replace(self, values=values, fill=fill, fill_mode=False)

    def ids(self, columns: Columns) -> Ids | Entries:
        if not self.is_bag:
            return self._ids(columns.text(self.column))
        rows, texts = self._listed(columns)
        ids = self._ids(texts)
        starts = row_starts(np.bincount(rows[ids >= 0], minlength=columns.rows))
        return Entries(starts, ids[ids >= 0])

    def _listed(self, columns: Columns) -> tuple[Any, pa.Array]:
        """The row of each category, and the categories."""
        if not self.delimiter:
            return columns.texts(self.column)
        lists = split_texts(columns.text(self.column), self.delimiter)
        rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        return rows, pc.utf8_trim_whitespace(pc.list_flatten(lists))

    def _told_by(self, values: Sequence[str]) -> str:
        return guessed_delimiter(values) if self.column.kind == "text" else ""

    def _ids(self, array: pa.Array) -> Ids:
        """The id of each text, negative where there is none."""
        ids = _places(array, self.values or ())
        fill = None if self.fill is None else (self.values or ()).index(self.fill)
        if array.null_count and fill is not None:
            ids[_is_null(array)] = fill
        if self.other:
            ids[(ids < 0) & ~_is_null(array)] = self.size - 1
        return ids

    @property
    def _ranking(self) -> Ranking:
        name = self.column.identifier
        value = f"unnest({name})" if self.is_bag else name
        if self.delimiter:
            bare = f"trim({name}, {literal(BRACKETS)})"
            value = f"trim(unnest(string_split({bare}, {literal(self.delimiter)})))"
        return Ranking(f"CAST({value} AS VARCHAR)", MOST_VALUES)


def _as_text(given: Arguments, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int):
        given.refuse(f"{words(value)} is no category", "list texts or whole numbers")
    return str(value)


def _places(array: pa.Array, values: tuple[str, ...]) -> Ids:
    """The place of each row's text among `values`; -1 where it is not there, or NULL."""
    if not pa.types.is_dictionary(array.type):
        known = _value_set(values, array.type)
        places = pc.fill_null(pc.index_in(array, value_set=known, skip_nulls=True), -1)
        return np.array(places.to_numpy(zero_copy_only=False), dtype=np.int64)
    of_distinct = np.append(_places(array.dictionary, values), -1)
    rows = pc.fill_null(array.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return np.asarray(of_distinct[rows])


@lru_cache(maxsize=256)
def _value_set(values: tuple[str, ...], text_type: pa.DataType) -> pa.Array:
    return pa.array(values, type=text_type)


def _is_null(array: pa.Array) -> Any:
    return array.is_null().to_numpy(zero_copy_only=False)
