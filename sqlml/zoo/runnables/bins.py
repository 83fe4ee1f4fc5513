"""Bins as SQL: where the boundaries of a column lie, and which bin a value belongs to."""

from sqlml.zoo.attributes import Attribute

METHOD = Attribute(
    "method",
    choices=("equal_width", "quantile", "log_bucket", "bucket"),
    default=("equal_width",),
    aliases=("bin_method",),
    several=True,
    doc="Where the boundaries lie: bins of one width (`bucket` is the same), of one number of rows,"
    " or of one ratio; one method for all columns, or one for each.",
)
BINS = Attribute(
    "bins",
    ("integer",),
    minimum=1,
    maximum=100_000,
    default=(10,),
    aliases=("bin_num",),
    several=True,
    doc="How many bins; one number for all columns, or one for each.",
)


def edges(values: str, method: str, count: int) -> str:
    """A query for the boundaries of up to `count` bins: column `edge`, each once, in no order.

    values: a query for a column `value` of finite numbers. Equal widths are those of numpy.linspace
    and pandas.cut, equal ratios those of numpy.geomspace. Quantiles are those of pandas.qcut; where
    many rows share a value, there are fewer of them.
    """
    if method == "quantile":
        shares = ", ".join(f"{i / count!r}::DOUBLE" for i in range(count + 1))
        return f"SELECT DISTINCT unnest(quantile_cont(value, [{shares}])) AS edge FROM ({values})"
    between = f"lo + i * ((hi - lo) / {count})"
    if method == "log_bucket":
        refused = "error('log_bucket needs numbers above 0, and the smallest is ' || lo)"
        between = f"CASE WHEN lo <= 0 THEN {refused} ELSE lo * pow(hi / lo, i / {count}) END"
    return (
        f"SELECT DISTINCT CASE i WHEN {count} THEN hi ELSE {between} END AS edge"
        f" FROM (SELECT min(value) AS lo, max(value) AS hi FROM ({values}))"
        f", range({count} + 1) AS steps(i) WHERE lo IS NOT NULL"
    )


def between_edges(edges: str) -> str:
    """A query for the bins between boundaries: `bin` from 1, `lower` and `upper`.

    A bin has its upper boundary and not its lower one; the first one has both.
    """
    return (
        "SELECT row_number() OVER (ORDER BY edge) AS bin, edge AS lower,"
        " coalesce(lead(edge) OVER (ORDER BY edge), edge) AS upper"
        f" FROM ({edges}) QUALIFY bin < count(*) OVER () OR count(*) OVER () = 1"
    )


def in_bins(rows: str, value: str, bins: str, bin_name: str) -> str:
    """The rows of a relation with the bin of an expression; those in no bin are left out.

    bins: a relation as `between_edges` gives it. What lies outside of all belongs to the outermost.
    """
    above = (
        f"SELECT bin, CASE bin WHEN 1 THEN '-infinity'::DOUBLE ELSE lower END AS above FROM {bins}"
    )
    return (
        f"SELECT sqlml_rows.*, sqlml_bins.bin AS {bin_name} FROM {rows} AS sqlml_rows"
        f" ASOF JOIN ({above}) AS sqlml_bins ON {value} > above"
    )
