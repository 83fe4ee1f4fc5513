"""Fitting features: what they must learn is asked of the database, in very few queries."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from sqlml.errors import StepError
from sqlml.quoting import select_from
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

# Characters. The time to plan a query grows with the square of the expressions in it.
LONGEST_SELECT = 40_000
# A query that does more than scan is computed once for several rankings, at the cost of memory. A
# wrong guess costs time or memory, never a wrong answer.
_COSTLY = re.compile(r"\b(join|group|distinct|over|union|unnest|with)\b", re.IGNORECASE)
_ROWS = Aggregate("count(*)")


def fit(
    features: Sequence[Feature],
    sql: str,
    query: Callable[[str], pa.Table],
    encoding: Encoding,
    whole: str = "",
    *,
    counts: bool = True,
) -> Pipeline:
    """The features with what they learn from the rows of the query `sql`.

    whole: where `sql` gives only some of the rows that are used, a query of all of them; none may
    have NULLs that the model does not take. counts: look for them now; else that is left to those
    who transform the rows.

    query: runs a query and gives its (small) result. Per round of nesting, such as in
    STANDARDIZE(IMPUTE(x, mean)), it is called once for all aggregates (a few times where there are
    thousands) and once for all rankings; not at all where nothing is to be learnt or checked.

    Raises:
        StepError: the data does not suit a feature, or a column has NULLs and the model takes none.
    """
    gaps = _gaps(features) if counts and not encoding.missing else ()
    if gaps and whole not in ("", sql):
        _refuse_gaps(gaps, ask(_counts(gaps), whole, query))
        gaps = ()
    needs = [*_counts(gaps), *_needs(features)]
    while needs:
        answers = ask(needs, sql, query)
        _refuse_gaps(gaps, answers)
        features = [feature.learn(answers) for feature in features]
        gaps, needs = (), _needs(features)
    return Pipeline(tuple(features), encoding).checked()


def refuse_gaps(pipeline: Pipeline, select: Callable[[str], Iterator[pa.RecordBatch]]) -> None:
    """Count the NULLs in all rows, where the model takes none. select: of these rows.

    Raises:
        StepError: there are some; one error lists all columns.
    """
    gaps = () if pipeline.encoding.missing else _gaps(pipeline.features)
    answers: dict[Statistic, Any] = {}
    for some in _runs(_counts(gaps)):
        (batch,) = select(_selected(some))
        answers |= zip(some, _first_row(batch), strict=True)
    _refuse_gaps(gaps, answers)


def _needs(features: Iterable[Feature]) -> list[Statistic]:
    return [need for feature in features for need in feature.needs()]


def _gaps(features: Iterable[Feature]) -> tuple[ColumnReference, ...]:
    """The columns that must have a value in every row."""
    return tuple(dict.fromkeys(column for feature in features for column in feature.gaps))


def _counts(gaps: Sequence[ColumnReference]) -> list[Aggregate]:
    return [_ROWS, *map(_filled, gaps)] if gaps else []


def _filled(column: ColumnReference) -> Aggregate:
    """How many rows have a value. NaN counts as one: to look for it would cost more than it gains,
    and the pipeline finds it when it transforms the rows."""
    return Aggregate(f"count({column.identifier})")


def _refuse_gaps(gaps: Sequence[ColumnReference], answers: Answers) -> None:
    rows = answers[_ROWS] if gaps else 0
    counts = {column: rows - answers[_filled(column)] for column in gaps}
    faults = [
        problems.empty_values(
            column.name,
            count,
            hint=problems.hint_for_empty(column.name, column.kind)
            if count < rows
            else "no row has one: leave the column out",
        )
        for column, count in counts.items()
        if count
    ]
    if faults:
        raise StepError(*(diagnostic for fault in faults for diagnostic in fault.diagnostics))


def ask(needs: Sequence[Statistic], sql: str, query: Callable[[str], pa.Table]) -> Answers:
    """What the statistics of the rows of the query `sql` are: one query or a few for all of them.

    Where two are equal, they are asked for once.
    """
    aggregates = dict.fromkeys(need for need in needs if isinstance(need, Aggregate))
    rankings = dict.fromkeys(need for need in needs if isinstance(need, Ranking))
    answers: dict[Statistic, Any] = {}
    for some in _runs(aggregates):
        answers |= zip(some, _values(some, sql, query), strict=True)
    if rankings:
        answers |= zip(rankings, _rankings(list(rankings), sql, query), strict=True)
    return answers


def _runs(aggregates: Iterable[Aggregate]) -> Iterator[list[Aggregate]]:
    """The aggregates in as few queries as are quick to plan."""
    run: list[Aggregate] = []
    length = 0
    for aggregate in aggregates:
        length += len(aggregate.sql)
        if run and length > LONGEST_SELECT:
            yield run
            run, length = [], len(aggregate.sql)
        run.append(aggregate)
    if run:
        yield run


def _values(
    aggregates: Sequence[Aggregate], sql: str, query: Callable[[str], pa.Table]
) -> list[Any]:
    return _first_row(query(select_from(_selected(aggregates), sql)))


def _selected(aggregates: Sequence[Aggregate]) -> str:
    return ", ".join(f"{one.sql} AS s{place}" for place, one in enumerate(aggregates))


def _first_row(found: pa.Table | pa.RecordBatch) -> list[Any]:
    return [column[0].as_py() for column in found.columns]


def _rankings(
    rankings: Sequence[Ranking], sql: str, query: Callable[[str], pa.Table]
) -> list[tuple[tuple[str, int], ...]]:
    kept = "MATERIALIZED" if len(rankings) > 1 and _COSTLY.search(sql) else "NOT MATERIALIZED"
    ranked = " UNION ALL ".join(
        f"SELECT {place} AS ranking, CAST(value AS VARCHAR) AS value, count, position FROM ("
        f"SELECT value, count(*) AS count, row_number() OVER (ORDER BY count DESC, value)"
        f" AS position FROM (SELECT {ranking.sql} AS value FROM sqlml_rows) WHERE value IS NOT NULL"
        f" GROUP BY value ORDER BY count DESC, value LIMIT {ranking.most})"
        for place, ranking in enumerate(rankings)
    )
    table = query(f"WITH sqlml_rows AS {kept} ({sql}\n) {ranked} ORDER BY ranking, position")
    answers: list[list[tuple[str, int]]] = [[] for _ranking in rankings]
    columns = (table.column(name).to_pylist() for name in ("ranking", "value", "count"))
    for place, value, count in zip(*columns, strict=True):
        answers[place].append((value, count))
    return [tuple(answer) for answer in answers]
