"""Columns of other databases: types and constraints that DuckDB lacks or spells otherwise."""

from collections.abc import Mapping

from sqlglot import exp

_T = exp.DType
_IGNORED = (
    exp.CharacterSetColumnConstraint,
    exp.CollateColumnConstraint,
    exp.CommentColumnConstraint,
    exp.OnUpdateColumnConstraint,
    exp.ZeroFillColumnConstraint,
)
_NUMBERED = (exp.AutoIncrementColumnConstraint, exp.GeneratedAsIdentityColumnConstraint)
_SERIALS: Mapping[exp.DType, str] = {
    _T.SERIAL: "INT",
    _T.BIGSERIAL: "BIGINT",
    _T.SMALLSERIAL: "SMALLINT",
}
_OTHERS: Mapping[exp.DType, str] = {
    _T.MEDIUMINT: "INT",
    _T.UMEDIUMINT: "UINTEGER",
    _T.UDOUBLE: "DOUBLE",
    _T.YEAR: "SMALLINT",
    _T.BIT: "UBIGINT",
    _T.SET: "TEXT",
}
_WITHOUT_LENGTH = (
    _T.TEXT, _T.TINYTEXT, _T.MEDIUMTEXT, _T.LONGTEXT, _T.BLOB, _T.BINARY, _T.VARBINARY,
    _T.DOUBLE, _T.FLOAT, _T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.UTINYINT, _T.USMALLINT,
    _T.UINT, _T.UBIGINT, _T.TIME, _T.TIMESTAMPTZ,
)  # fmt: skip


def mend_column(column: exp.ColumnDef) -> bool:
    """Leave out what DuckDB does not know; returns whether its values are numbered."""
    kind, constraints = column.args["kind"], column.args.get("constraints") or []
    numbered = kind.this in _SERIALS or any(isinstance(c.kind, _NUMBERED) for c in constraints)
    left_out = (*_IGNORED, *_NUMBERED)
    column.set("constraints", [c for c in constraints if not isinstance(c.kind, left_out)])
    column.set("position", None)
    if name := _SERIALS.get(kind.this) or _OTHERS.get(kind.this):
        column.set("kind", exp.DataType.build(name, dialect="duckdb"))
    elif kind.this == _T.UDECIMAL:
        kind.set("this", _T.DECIMAL)
    elif kind.this in _WITHOUT_LENGTH:
        kind.set("expressions", [])
    return numbered


def mend_key(constraint: exp.Expr) -> None:
    """MySQL names its unique keys."""
    if isinstance(constraint, exp.UniqueColumnConstraint) and isinstance(
        constraint.this, exp.Schema
    ):
        constraint.this.set("this", None)
