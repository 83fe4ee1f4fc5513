"""Rows of the store as Arrow."""

from typing import TYPE_CHECKING, Any

from sqlml.store.ledger import Ledger, Values

if TYPE_CHECKING:
    import pyarrow as pa


def query(
    ledger: Ledger,
    sql: str,
    schema: list[tuple[str, "pa.DataType"]],
    *,
    of: str = "",
    values: Values = (),
) -> "pa.Table":
    """The rows of a query, whose `{started}` and `{finished}` become microseconds."""
    times = {name: f"CAST({of}{name} * 1e6 AS INTEGER)" for name in ("started", "finished")}
    return table(schema, ledger.rows(sql.format(**times), values))


def table(schema: list[tuple[str, "pa.DataType"]], rows: list[tuple[Any, ...]]) -> "pa.Table":
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, kind) for column, (_, kind) in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=pa.schema(schema))
