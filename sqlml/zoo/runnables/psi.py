"""psi: the population stability index, which says how far a column has moved.

With the shares e of a bin in the reference and a in the rows, it is the sum of (a - e) ln(a / e)
over all bins (S. Lewis, An Introduction to Credit Scoring, 1994); below 0.1 little has changed,
above 0.25 much.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlml.quoting import identifier, literal, subquery
from sqlml.zoo.attributes import Attribute
from sqlml.zoo.runnables.bins import BINS, METHOD, between_edges, edges, in_bins
from sqlml.zoo.runnables.contract import (
    Argument,
    ArgumentProblem,
    Options,
    Runnable,
    Sources,
    column_argument,
    values,
)


def build(sources: Sources, options: Options, _tables: int) -> tuple[str, ...]:
    """One row per column, or per column and period; missing values are a bin of their own."""
    numbers, categories = values(options, "columns"), values(options, "categories")
    if not numbers and not categories:
        raise ArgumentProblem("E0245", "`psi` needs `--columns` or `--categories`")
    tables = [*_sources(sources, options, (*numbers, *categories))]
    for i in range(len(numbers)):
        number = f"value_{i}::DOUBLE"
        finite = f"SELECT {number} AS value FROM sqlml_expected WHERE isfinite({number})"
        found = between_edges(edges(finite, *_cut(options)))
        tables.append(f"sqlml_bins_{i} AS MATERIALIZED ({found})")
    of_both = []
    for side in ("expected", "actual"):
        binned = [_numbers(side, i) for i in range(len(numbers))]
        binned += [_categories(side, len(numbers) + i) for i in range(len(categories))]
        tables.append(
            f"sqlml_{side}_shares AS (SELECT *, n / sum(n) OVER whole AS share, sum(n) OVER whole"
            " AS rows FROM"
            f" ({' UNION ALL '.join(binned)}) WINDOW whole AS (PARTITION BY position, period))"
        )
        of_both.append(f"SELECT position, bin FROM sqlml_{side}_shares")
    features = ", ".join(
        f"({i}, {literal(name)})" for i, name in enumerate((*numbers, *categories))
    )
    period = "" if options["period"] is None else "period, "
    return (
        f"WITH {', '.join(tables)} {_index(options, features, ' UNION '.join(of_both), period)}",
    )


def _sources(sources: Sources, options: Options, columns: tuple[str, ...]) -> Iterator[str]:
    """`actual` and `expected`: a period, and the columns as value_0, value_1 …"""
    names = ", ".join(f"{identifier(name)} AS value_{i}" for i, name in enumerate(columns))
    period = "0" if options["period"] is None else identifier(str(options["period"]))
    rows = f"SELECT {period} AS period, {names} FROM {subquery(sources.rows)}"
    if sources.reference is not None:
        yield f"sqlml_actual AS MATERIALIZED ({rows})"
        reference = f"SELECT 0 AS period, {names} FROM {subquery(sources.reference)}"
        yield f"sqlml_expected AS MATERIALIZED ({reference})"
        return
    if options["period"] is None:
        hint = "`--reference table` compares with a table, `--period month` with the first month"
        raise ArgumentProblem("E0245", "`psi` needs `--reference` or `--period`", hint)
    base = "(SELECT min(period) FROM sqlml_all)"
    if options["base"] is not None:
        base = literal(str(options["base"]))
    yield f"sqlml_all AS MATERIALIZED ({rows})"
    yield f"sqlml_actual AS (FROM sqlml_all WHERE period <> {base})"
    yield f"sqlml_expected AS (SELECT * REPLACE (0 AS period) FROM sqlml_all WHERE period = {base})"


def _cut(options: Options) -> tuple[str, int]:
    return str(options["method"]), int(str(options["bins"]))


def _numbers(side: str, i: int) -> str:
    """How many values of a column are in each bin; `-` is the bin of those that are missing."""
    number = f"value_{i}::DOUBLE"
    rows = in_bins(
        f"(FROM sqlml_{side} WHERE isfinite({number}))", number, f"sqlml_bins_{i}", "bin"
    )
    return (
        f"SELECT {i} AS position, period, bin, count(*) AS n FROM"
        f" (SELECT period, '=' || bin AS bin FROM ({rows}) UNION ALL"
        f" SELECT period, '-' AS bin FROM sqlml_{side}"
        f" WHERE NOT coalesce(isfinite({number}), FALSE)) GROUP BY ALL"
    )


def _categories(side: str, i: int) -> str:
    return (
        f"SELECT {i} AS position, period, coalesce('=' || value_{i}, '-') AS bin, count(*) AS n"
        f" FROM sqlml_{side} GROUP BY ALL"
    )


def _index(options: Options, features: str, bins: str, period: str) -> str:
    """The sum over all bins of either side; an empty one has the share `empty`."""
    expected, actual = (
        f"greatest(coalesce({side}.share, 0), {options['empty']}::DOUBLE)" for side in ("e", "a")
    )
    return (
        f"SELECT feature, {period}max(e.rows)::BIGINT AS reference_count,"
        f" max(a.rows)::BIGINT AS count, sum(({actual} - {expected}) * ln({actual} / {expected}))"
        f" AS psi FROM (VALUES {features}) AS named(position, feature)"
        " JOIN (SELECT DISTINCT position, period FROM sqlml_actual_shares) USING (position)"
        f" JOIN ({bins}) USING (position)"
        " LEFT JOIN sqlml_actual_shares AS a USING (position, period, bin)"
        " LEFT JOIN (SELECT * EXCLUDE (period) FROM sqlml_expected_shares) AS e"
        " USING (position, bin) GROUP BY position, feature, period ORDER BY position, period"
    )


PSI = Runnable(
    "psi",
    "The population stability index of columns: how far they have moved from a reference table, or"
    " from the first period. Below 0.1 little has changed, above 0.25 much.",
    (
        column_argument(
            "columns", "Columns of numbers, put into bins.", names="number", several=True
        ),
        column_argument(
            "categories", "Columns whose values are compared as they are.", several=True
        ),
        Argument(
            Attribute("reference", ("text",), doc="The table or query to compare with."),
            names="query",
        ),
        column_argument("period", "A column of the rows: one index per value of it."),
        Argument(
            Attribute(
                "base",
                ("text",),
                doc="The period to compare with where there is no reference; by default the first.",
            )
        ),
        Argument(
            replace(BINS, several=False, default=10, doc="How many bins the reference is put into.")
        ),
        Argument(
            replace(
                METHOD,
                several=False,
                default="quantile",
                doc="Where their boundaries lie: as for `binning`.",
            )
        ),
        Argument(
            Attribute(
                "empty",
                ("number",),
                default=0.0001,
                minimum=0,
                maximum=1,
                open_minimum=True,
                doc="The share that counts for a bin without rows.",
            )
        ),
    ),
    build,
)
