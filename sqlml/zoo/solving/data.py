"""The rows of a query as a solver's problem is made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from sqlml.quoting import identifier
from sqlml.zoo.context import Rows
from sqlml.zoo.solving.groups import Groups
from sqlml.zoo.solving.problem import Numbers

_LONGEST = 40


class Unusable(Exception):  # noqa: N818 - not yet an error shown
    """A column with values that are missing, infinite or no number; `row` has the first."""

    def __init__(self, column: str, *, empty: bool, count: int, row: str, rows: int) -> None:
        super().__init__(column, row)
        self.column, self.empty, self.count, self.row, self.rows = column, empty, count, row, rows


@dataclass(frozen=True, slots=True)
class Data:
    """keys: what tells rows apart. numbers and groups: by column.

    values: of the columns that are grouped by, as text.
    """

    keys: pa.Table
    numbers: Mapping[str, Numbers]
    groups: Mapping[str, Groups]
    values: Mapping[str, pa.Array]

    @property
    def rows(self) -> int:
        return int(self.keys.num_rows)

    def name(self, row: int) -> str:
        """What a row is called: `plant = 'seattle', market = 'chicago'`."""
        return _named({name: self.keys[name][row].as_py() for name in self.keys.column_names})

    def name_group(self, column: str, row: int) -> str:
        """What the group of a row is called: `plant = 'seattle'`."""
        return _named({column: self.values[column][row].as_py()})


def read_data(
    rows: Rows, keys: Sequence[str], numbers: Sequence[str], groups: Sequence[str]
) -> Data:
    """All rows, in their order.

    Raises:
        Unusable: a column of numbers has missing, infinite or other values that are no numbers.
    """
    expressions = [
        *map(identifier, keys),
        *(f"CAST({identifier(name)} AS DOUBLE)" for name in numbers),
        *(f"CAST({identifier(name)} AS VARCHAR)" for name in groups),
    ]
    columns = iter(_columns(rows.select(", ".join(expressions))))
    told = pa.table({name: next(columns) for name in keys})
    found = {name: next(columns) for name in numbers}
    texts = {name: next(columns) for name in groups}
    data = Data(told, {}, {name: Groups.by(column) for name, column in texts.items()}, texts)
    checked = {name: _checked(name, column, data) for name, column in found.items()}
    return replace(data, numbers=checked)


def _columns(rows: Rows) -> list[pa.Array]:
    """All rows, each column in one piece."""
    batches = list(rows.batches())
    return [
        pa.concat_arrays([batch.column(i) for batch in batches])
        if batches
        else pa.array([], field.type)
        for i, field in enumerate(rows.schema)
    ]


def _checked(name: str, column: pa.Array, data: Data) -> Numbers:
    numbers: Numbers = column.to_numpy(zero_copy_only=False)
    wrong = np.isnan(numbers) if column.null_count else ~np.isfinite(numbers)
    if wrong.any():
        raise Unusable(
            name,
            empty=bool(column.null_count),
            count=int(wrong.sum()),
            row=data.name(int(np.argmax(wrong))),
            rows=data.rows,
        )
    return numbers


def _named(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {_literal(value)}" for name, value in values.items())


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return text if isinstance(value, int | float) else f"'{text}'"
