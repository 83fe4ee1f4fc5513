"""Result sets on stdout, in the format that was asked for."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS = 40
_PAGE = 10_000


def print_result(table: "pa.Table", output: str) -> None:
    """Print a result set; as a table or as Markdown only the first rows are shown."""
    _PRINTERS[output](table)


def _print_table(table: "pa.Table") -> None:
    from rich.box import SQUARE
    from rich.console import Console
    from rich.table import Table

    numeric = [_is_numeric(field.type) for field in table.schema]
    drawn = Table(box=SQUARE, header_style="bold", pad_edge=True)
    for field, is_numeric in zip(table.schema, numeric, strict=True):
        drawn.add_column(_plain(field.name), justify="right" if is_numeric else "left")
    for row in _rows(table.slice(0, SHOWN_ROWS)):
        drawn.add_row(*(_plain(_cell(value)) for value in row))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 200)
    console.print(drawn)
    click.echo(_footer(table))


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)


def _footer(table: "pa.Table") -> str:
    rows = f"{table.num_rows:,} row{'s' if table.num_rows != 1 else ''}"
    if table.num_rows > SHOWN_ROWS:
        return f"{rows}, the first {SHOWN_ROWS} shown"
    return rows


def _print_markdown(table: "pa.Table") -> None:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    click.echo(line(list(table.column_names)))
    click.echo(line(["---:" if _is_numeric(f.type) else "---" for f in table.schema]))
    for row in _rows(table.slice(0, SHOWN_ROWS)):
        click.echo(line([_cell(value) for value in row]))
    if table.num_rows > SHOWN_ROWS:
        click.echo(f"\n{_footer(table)}")


def _print_csv(table: "pa.Table") -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in _rows(table):
        writer.writerow(["" if value is None else _cell(value) for value in row])


def _print_json(table: "pa.Table") -> None:
    click.echo(json.dumps(list(records(table)), default=jsonable, ensure_ascii=False))


def _print_jsonl(table: "pa.Table") -> None:
    for record in records(table):
        click.echo(json.dumps(record, default=jsonable, ensure_ascii=False))


_PRINTERS: Mapping[str, Callable[["pa.Table"], None]] = {
    "table": _print_table,
    "markdown": _print_markdown,
    "csv": _print_csv,
    "json": _print_json,
    "jsonl": _print_jsonl,
}


def records(table: "pa.Table") -> Iterator[dict[str, Any]]:
    """Rows as JSON objects."""
    for row in _rows(table):
        yield {n: _finite(v) for n, v in zip(table.column_names, row, strict=True)}


def _rows(table: "pa.Table") -> Iterator[tuple[Any, ...]]:
    for start in range(0, table.num_rows, _PAGE):
        columns = [column.to_pylist() for column in table.slice(start, _PAGE).columns]
        yield from zip(*columns, strict=True)


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    return None if isinstance(value, float) and not isfinite(value) else value


def _cell(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6g}" if abs(value) < 1e15 else repr(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)


def jsonable(value: Any) -> Any:
    """What the json module writes for values that JSON does not know."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return float(value)
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.hex()
        case _:
            return str(value)


def _is_numeric(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
