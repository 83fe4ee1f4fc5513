"""Fitting features: what they must learn is asked of the database, in very few queries."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa

from sqlml.zoo.features import problems
from sqlml.zoo.features.contract import (
    Aggregate,
    Answers,
    ColumnReference,
    Encoding,
    Feature,
    Ranking,
    Statistic,
)
from sqlml.zoo.features.pipeline import Pipeline

# A query that does more than scan is computed once for several rankings, at the cost of memory. A
# wrong guess costs time or memory, never a wrong answer.
_COSTLY = re.compile(r"\b(join|group|distinct|over|union|unnest|with)\b", re.IGNORECASE)


def fit(
    features: Sequence[Feature],
    sql: str,
    query: Callable[[str], pa.Table],
    encoding: Encoding,
) -> Pipeline:
    """The features with what they learn from the rows of the query `sql`.

    query: runs a query and gives its (small) result. Per round of nesting, such as in
    STANDARDIZE(IMPUTE(x, mean)), it is called once for all aggregates and once for all rankings;
    not at all where nothing is to be learnt or checked.

    Raises:
        StepError: the data does not suit a feature, or a column has NULLs and the model takes none.
    """
    counts = {} if encoding.missing else _gap_counts(features)
    needs: list[Statistic] = [*counts.values(), *_needs(features)]
    while needs:
        answers = _ask(needs, sql, query)
        _refuse_gaps(counts, answers)
        features = [feature.learn(answers) for feature in features]
        counts, needs = {}, _needs(features)
    return Pipeline(tuple(features), encoding).checked()


def _needs(features: Iterable[Feature]) -> list[Statistic]:
    return [need for feature in features for need in feature.needs()]


def _gap_counts(features: Iterable[Feature]) -> dict[ColumnReference, Aggregate]:
    """For each column that must have a value in every row: how many rows have none."""
    columns = dict.fromkeys(column for feature in features for column in feature.gaps)
    return {column: Aggregate(f"count_if({_is_empty(column)})") for column in columns}


def _is_empty(column: ColumnReference) -> str:
    name = column.identifier
    can_be_nan = column.type.upper() in ("FLOAT", "REAL", "DOUBLE")
    return f"{name} IS NULL OR isnan({name})" if can_be_nan else f"{name} IS NULL"


def _refuse_gaps(counts: dict[ColumnReference, Aggregate], answers: Answers) -> None:
    for column, statistic in counts.items():
        if answers[statistic]:
            hint = problems.hint_for_empty(column.name, column.kind)
            raise problems.empty_values(column.name, answers[statistic], hint=hint)


def _ask(needs: Sequence[Statistic], sql: str, query: Callable[[str], pa.Table]) -> Answers:
    aggregates = dict.fromkeys(need for need in needs if isinstance(need, Aggregate))
    rankings = dict.fromkeys(need for need in needs if isinstance(need, Ranking))
    answers: dict[Statistic, Any] = {}
    if aggregates:
        answers |= zip(aggregates, _values(list(aggregates), sql, query), strict=True)
    if rankings:
        answers |= zip(rankings, _rankings(list(rankings), sql, query), strict=True)
    return answers


def _values(
    aggregates: Sequence[Aggregate], sql: str, query: Callable[[str], pa.Table]
) -> list[Any]:
    selected = ", ".join(f"{one.sql} AS s{place}" for place, one in enumerate(aggregates))
    table = query(f"SELECT {selected} FROM ({sql}\n) AS q")
    return [column[0].as_py() for column in table.columns]


def _rankings(
    rankings: Sequence[Ranking], sql: str, query: Callable[[str], pa.Table]
) -> list[tuple[tuple[str, int], ...]]:
    kept = "MATERIALIZED" if len(rankings) > 1 and _COSTLY.search(sql) else "NOT MATERIALIZED"
    ranked = " UNION ALL ".join(
        f"SELECT {place} AS ranking, CAST(value AS VARCHAR) AS value, count, position FROM ("
        f"SELECT value, count(*) AS count, row_number() OVER (ORDER BY count DESC, value)"
        f" AS position FROM (SELECT {ranking.sql} AS value FROM q) WHERE value IS NOT NULL"
        f" GROUP BY value ORDER BY count DESC, value LIMIT {ranking.most})"
        for place, ranking in enumerate(rankings)
    )
    table = query(f"WITH q AS {kept} ({sql}\n) {ranked} ORDER BY ranking, position")
    answers: list[list[tuple[str, int]]] = [[] for _ranking in rankings]
    columns = (table.column(name).to_pylist() for name in ("ranking", "value", "count"))
    for place, value, count in zip(*columns, strict=True):
        answers[place].append((value, count))
    return [tuple(answer) for answer in answers]
