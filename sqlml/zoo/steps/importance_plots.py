"""Plots of permutation importance and of partial dependence."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from sqlml.zoo.context import Context
from sqlml.zoo.steps.plot_files import INSTALL, has_matplotlib, literal, new_file

MOST_PANELS = 12
PANELS_IN_A_ROW = 3
BLUE = "#1f77b4"


def draw_importance(context: Context, table: pa.Table, metric: str, model: str) -> dict[str, str]:
    """Bars with deviations, the first row at the top; a step's outputs.

    A missing matplotlib is only noted: the numbers are the step's result anyway.
    """
    if not _can_draw(context):
        return {}
    figure = _figure(7.5, max(2.5, 1.2 + 0.32 * table.num_rows))
    axis = figure.add_subplot()
    places = np.arange(table.num_rows)[::-1]
    names, means, deviations = (column.to_pylist() for column in table.columns)
    axis.barh(places, means, xerr=deviations, color=BLUE)
    axis.set_yticks(places, [literal(name) for name in names])
    axis.set_xlabel(f"loss of {literal(metric)}")
    return _kept(context, figure, model, "permutation")


def draw_dependence(
    context: Context, columns: Mapping[str, list[Any]], model: str
) -> dict[str, str]:
    """A panel per feature, a line per class; a step's outputs. columns: those of the table."""
    if not _can_draw(context):
        return {}
    features = list(_panels(columns))[:MOST_PANELS]
    across = min(len(features), PANELS_IN_A_ROW)
    down = -(-len(features) // across)
    figure = _figure(4.2 * across, 3.4 * down)
    for number, (feature, rows) in enumerate(features, 1):
        axis = figure.add_subplot(down, across, number)
        for name in dict.fromkeys(row[2] for row in rows):
            line = [(_tick(row[1]), row[3]) for row in rows if row[2] == name]
            values, means = zip(*line, strict=True)
            axis.plot(values, means, label=literal(name) or None, marker=".", linewidth=1.4)
        axis.set_xlabel(literal(feature))
        axis.tick_params(axis="x", labelrotation=30)
        if rows[0][2]:
            axis.legend(frameon=False)
    return _kept(context, figure, model, "dependence")


def _panels(columns: Mapping[str, list[Any]]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    rows = zip(
        *(columns[name] for name in ("feature", "value", "class", "prediction")), strict=True
    )
    for feature, members in groupby(rows, key=lambda row: row[0]):
        yield feature, list(members)


def _tick(value: Any) -> Any:
    return literal(str(value)) if isinstance(value, str | bool) else value


def _can_draw(context: Context) -> bool:
    if not has_matplotlib():
        context.note(f"no plot without matplotlib: {INSTALL}")
        return False
    return True


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _kept(context: Context, figure: Any, model: str, kind: str) -> dict[str, str]:
    path = new_file(context, model, kind)
    figure.savefig(path, dpi=120)
    context.note(f"plot: {path}")
    return {"plot": str(path)}
