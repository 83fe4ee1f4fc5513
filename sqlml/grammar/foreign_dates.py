"""Dates and times of MySQL and Hive, whose functions read texts, too; DuckDB's read no text."""

from collections.abc import Callable, Mapping

from sqlglot import exp

Mend = Callable[[exp.Expr], exp.Expr]

_OF_DAY = frozenset({"HOUR", "MINUTE", "SECOND", "MICROSECOND"})
# What Hive calls the parts of a date, and what DuckDB does.
_PARTS = {"MM": "MONTH", "MON": "MONTH", "Q": "QUARTER", "YYYY": "YEAR", "YY": "YEAR"}


def _of_date(node: exp.Expr) -> exp.Expr:
    node.set("this", exp.cast(node.this.copy(), "DATE"))
    return node


def _of_time(node: exp.Expr) -> exp.Expr:
    node.set("this", time_of_day(node.this))
    return node


def _of_moment(node: exp.Expr) -> exp.Expr:
    of_day = not isinstance(node, exp.TimestampAdd) and node.text("unit").upper() in _OF_DAY
    if isinstance(node.this, exp.Column) and not of_day:  # hours are added to times, too
        node.set("this", exp.cast(node.this.copy(), "TIMESTAMP"))
    return node


def _between(kind: str) -> Mend:
    """MySQL counts the midnights between dates, and units of time between moments."""

    def mend(node: exp.Expr) -> exp.Expr:
        for side in ("this", "expression"):
            node.set(side, exp.cast(node.args[side].copy(), kind))
        return node

    return mend


def _part(node: exp.Expr) -> exp.Expr:
    asked, value = node.name.upper(), node.expression
    part = time_of_day(value) if asked in _OF_DAY else exp.cast(value.copy(), "DATE")
    node.set("expression", part)
    return node


def _time(node: exp.Expr) -> exp.Expr:
    return time_of_day(node.this)


def _truncated(node: exp.Expr) -> exp.Expr:
    """Hive's `trunc` gives a date."""
    asked = node.args["unit"].name.upper()
    node.set("unit", exp.var(_PARTS.get(asked, asked)))
    return exp.cast(_of_date(node).copy(), "DATE")


def time_of_day(value: exp.Expr) -> exp.Expr:
    """The time in a time, a moment, or the text of either; midnight of a date."""
    text = exp.cast(value.copy(), "TEXT")
    moment = exp.cast(exp.cast(text.copy(), "TIMESTAMP"), "TIME")
    time = exp.TryCast(this=text, to=exp.DataType.build("TIME"))
    return exp.Coalesce(this=time, expressions=[moment])


_OF_DATES: Mapping[type[exp.Expr], Mend] = {
    exp.Dayname: _of_date,
    exp.Extract: _part,
    exp.LastDay: _of_date,
    exp.NextDay: _of_date,
    exp.Quarter: _of_date,
    exp.WeekOfYear: _of_date,
    exp.Hour: _of_time,
    exp.Minute: _of_time,
    exp.Second: _of_time,
}
HIVE_DATES: Mapping[type[exp.Expr], Mend] = {
    **_OF_DATES,
    exp.AddMonths: _of_date,
    exp.DateTrunc: _of_moment,
    exp.TimestampTrunc: _truncated,
}
MYSQL_DATES: Mapping[type[exp.Expr], Mend] = {
    **_OF_DATES,
    exp.DateAdd: _of_moment,
    exp.DateDiff: _between("DATE"),
    exp.DateSub: _of_moment,
    exp.Time: _time,
    exp.TimestampAdd: _of_moment,
    exp.TimestampDiff: _between("TIMESTAMP"),
}
