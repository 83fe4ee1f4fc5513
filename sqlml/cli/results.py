"""Result sets on stdout, in the format that was asked for."""

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from sqlml.cli.table import SHOWN_ROWS, draw, footer, is_numeric
from sqlml.cli.terminal import width
from sqlml.cli.values import as_cell, as_json, as_text, records, rows

if TYPE_CHECKING:
    import pyarrow as pa

_PIPE_WIDTH = 200  # of tables, where no terminal says how wide a line may be
_EVENT_ROWS = 1_000


def print_result(table: "pa.Table", output: str) -> None:
    """Print a result set; as a table or as Markdown only the first rows are shown.

    However large it is, little of it is in memory at a time.
    """
    _PRINTERS[output](table)


def print_event(step: str, table: "pa.Table") -> None:
    """Print a result set as JSON events, a page of rows each; `offset` counts the rows before."""
    for offset in range(0, max(1, table.num_rows), _EVENT_ROWS):
        page = ", ".join(records(table.slice(offset, _EVENT_ROWS)))
        named = {"event": "result", "step": step, "columns": table.column_names, "offset": offset}
        click.echo(f'{as_json(named)[:-1]}, "rows": [{page}]}}')


def _print_table(table: "pa.Table") -> None:
    for line in draw(table, width() if sys.stdout.isatty() else _PIPE_WIDTH):
        click.echo(line)


def _print_markdown(table: "pa.Table") -> None:
    click.echo(_markdown(list(table.column_names)))
    click.echo(_markdown(["---:" if is_numeric(field.type) else "---" for field in table.schema]))
    for row in rows(table.slice(0, SHOWN_ROWS)):
        click.echo(_markdown([as_cell(value) for value in row]))
    if table.num_rows > SHOWN_ROWS:
        click.echo(f"\n{footer(table, table.num_columns)}")


def _markdown(cells: Sequence[str]) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _print_csv(table: "pa.Table") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(["" if v is None else as_text(v) for v in row] for row in rows(table))


def _print_json(table: "pa.Table") -> None:
    click.echo("[", nl=False)
    for i, record in enumerate(records(table)):
        click.echo(f"{',' if i else ''}\n{record}", nl=False)
    click.echo("\n]")


def _print_jsonl(table: "pa.Table") -> None:
    for record in records(table):
        click.echo(record)


def _print_arrow(table: "pa.Table") -> None:
    """A stream of Arrow's, for who reads `pyarrow.ipc.open_stream`; each result set is one."""
    from pyarrow import ipc

    with ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)


_PRINTERS: Mapping[str, Callable[["pa.Table"], None]] = {
    "table": _print_table,
    "markdown": _print_markdown,
    "csv": _print_csv,
    "json": _print_json,
    "jsonl": _print_jsonl,
    "arrow": _print_arrow,
}
