"""binning: how many rows fall into each bin of a column, or of two columns jointly."""

from collections.abc import Sequence

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
    columns = values(options, "columns")
    names = ", ".join(
        f"CAST({identifier(column)} AS DOUBLE) AS value_{i}" for i, column in enumerate(columns)
    )
    tables = [f"sqlml_source AS MATERIALIZED (SELECT {names} FROM {subquery(sources.rows)})"]
    methods, counts = (_for_each(options, name, columns) for name in ("method", "bins"))
    for i, (method, count) in enumerate(zip(methods, counts, strict=True)):
        finite = f"SELECT value_{i} AS value FROM sqlml_source WHERE isfinite(value_{i})"
        found = between_edges(edges(finite, method, int(count)))
        tables.append(f"sqlml_bins_{i} AS MATERIALIZED ({found})")
    order = "DESC" if options["reverse_cumsum"] else "ASC"
    if options["jointly"]:
        result = _jointly(columns, order)
    else:
        each = " UNION ALL ".join(_of_one(i, column, order) for i, column in enumerate(columns))
        result = f"SELECT * EXCLUDE (position) FROM ({each}) ORDER BY position, bin"
    return (f"WITH {', '.join(tables)} {result}",)


def _of_one(i: int, column: str, order: str) -> str:
    rows = in_bins(
        f"(FROM sqlml_source WHERE isfinite(value_{i}))", f"value_{i}", f"sqlml_bins_{i}", "bin"
    )
    counted = f"SELECT bin, count(*) AS count FROM ({rows}) GROUP BY bin"
    return (
        f"SELECT {i} AS position, {literal(column)} AS feature, bin, lower, upper,"
        " coalesce(count, 0) AS count, coalesce(count, 0) / sum(count) OVER () AS prob,"
        f" sum(coalesce(count, 0)) OVER (ORDER BY bin {order}) / sum(count) OVER ()"
        f" AS cumulative_prob FROM sqlml_bins_{i} LEFT JOIN ({counted}) USING (bin)"
    )


def _jointly(columns: Sequence[str], order: str) -> str:
    """One row per pair of bins, empty ones included; probabilities are summed over both."""
    if len(columns) != 2:
        message = f"`--jointly` is for two columns, and there are {len(columns)}"
        raise ArgumentProblem("E0244", message, "name two columns", name="columns")
    finite = "(FROM sqlml_source WHERE isfinite(value_0) AND isfinite(value_1))"
    first = in_bins(finite, "value_0", "sqlml_bins_0", "bin_0")
    rows = in_bins(f"({first})", "value_1", "sqlml_bins_1", "bin_1")
    pairs = (
        "SELECT a.bin AS bin_0, a.lower AS lower_0, a.upper AS upper_0,"
        " b.bin AS bin_1, b.lower AS lower_1, b.upper AS upper_1"
        " FROM sqlml_bins_0 AS a, sqlml_bins_1 AS b"
    )
    counted = f"SELECT bin_0, bin_1, count(*) AS count FROM ({rows}) GROUP BY ALL"
    along = (
        "SELECT *, sum(coalesce(count, 0)) OVER (PARTITION BY bin_0 ORDER BY bin_1"
        f" {order}) AS along FROM ({pairs}) LEFT JOIN ({counted}) USING (bin_0, bin_1)"
    )
    named = ", ".join(
        f"{literal(column)} AS feature_{i + 1}, bin_{i} AS bin_{i + 1},"
        f" lower_{i} AS lower_{i + 1}, upper_{i} AS upper_{i + 1}"
        for i, column in enumerate(columns)
    )
    return (
        f"SELECT {named}, coalesce(count, 0) AS count,"
        " coalesce(count, 0) / sum(count) OVER () AS prob,"
        f" sum(along) OVER (PARTITION BY s.bin_1 ORDER BY s.bin_0 {order}) / sum(count) OVER ()"
        f" AS cumulative_prob FROM ({along}) AS s ORDER BY s.bin_0, s.bin_1"
    )


def _for_each(options: Options, name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """One value per column, from one for all or one for each."""
    given = values(options, name)
    if len(given) == 1:
        return given * len(columns)
    if len(given) != len(columns):
        message = f"`--{name}` has {len(given)} values for {len(columns)} columns"
        raise ArgumentProblem("E0244", message, "give one for all, or one for each", name=name)
    return given


BINNING = Runnable(
    "binning",
    "Counts the rows in each bin of columns: boundaries, counts, shares and cumulative shares.",
    (
        column_argument(
            "columns",
            "The columns of numbers; rows without a number are left out.",
            names="number",
            several=True,
            required=True,
        ),
        Argument(BINS),
        Argument(METHOD),
        Argument(
            Attribute(
                "jointly",
                ("boolean",),
                default=False,
                doc="Count pairs of bins of two columns, instead of each column's by itself.",
            )
        ),
        Argument(
            Attribute(
                "reverse_cumsum",
                ("boolean",),
                default=False,
                doc="Sum the cumulative shares from the highest bin down.",
            )
        ),
    ),
    build,
    ignored=("dbname",),
)
