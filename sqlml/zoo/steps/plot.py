"""Plots of SHAP values, drawn with matplotlib alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.context import Context
from sqlml.zoo.steps.contributions import Contributions
from sqlml.zoo.steps.plot_files import INSTALL, has_matplotlib, literal, new_file

MOST_DOTS = 1_000
MOST_LINES = 200
MOST_PANELS = 12
MOST_FEATURES = 100
PANELS_IN_A_ROW = 3
BLUE, RED, GREY = "#1f77b4", "#d62728", "#888888"


def draw_into(context: Context, kind: str, explained: Contributions, model: str) -> Path | None:
    """Draw into a lasting file and tell where it is.

    A missing matplotlib is only noted for the bar plot, whose numbers are the step's result anyway.

    Raises:
        StepError: matplotlib is missing for any other plot.
    """
    if not has_matplotlib():
        if kind != "bar":
            raise _no_matplotlib(kind)
        context.note(f"no plot without matplotlib: {INSTALL}")
        return None
    path = new_file(context, model, kind)
    draw(kind, explained, path)
    context.note(f"plot: {path}")
    return path


def draw(kind: str, explained: Contributions, path: Path) -> None:
    """Draw a `bar`, `dot`, `violin` or `decision` plot; features from the top in their order.

    Of very many features or classes the first ones are drawn.
    """
    from matplotlib.figure import Figure

    explained = explained.only(np.arange(min(len(explained.names), MOST_FEATURES)))
    panels = 1 if kind == "bar" else min(len(explained.outputs), MOST_PANELS)
    across = min(panels, PANELS_IN_A_ROW)
    down = -(-panels // across)
    size = (7.5 * across, max(2.5, 1.2 + 0.32 * len(explained.names)) * down)
    figure = Figure(figsize=size, layout="constrained")
    axes = [figure.add_subplot(down, across, number + 1) for number in range(panels)]
    if kind == "bar":
        _bar(axes[0], explained)
    else:
        for number, axis in enumerate(axes):
            _PANELS[kind](axis, explained, number)
            axis.set_title(literal(explained.outputs[number]))
    figure.savefig(path, dpi=120)


def _bar(axis: Any, explained: Contributions) -> None:
    places = _places(axis, explained)
    left = np.zeros(len(places))
    for output, sizes in zip(explained.outputs, explained.sizes, strict=True):
        axis.barh(places, sizes, left=left, label=literal(output) or None)
        left = left + sizes
    if 1 < len(explained.outputs) <= MOST_PANELS:
        axis.legend(frameon=False)
    axis.set_xlabel("mean |SHAP value|")


def _dot(axis: Any, explained: Contributions, output: int) -> None:
    rows = _evenly(explained.rows, MOST_DOTS)
    scatter = np.random.default_rng(0).uniform(-0.3, 0.3, len(rows))
    for place, number in zip(_places(axis, explained), range(len(explained.names)), strict=True):
        values = explained.values[output, rows, number]
        shades = _shades(explained.features[rows, number])
        axis.scatter(values, place + scatter, c=shades, cmap="coolwarm", vmin=0, vmax=1, s=6)
    axis.axvline(0, color=GREY, linewidth=0.8)
    axis.set_xlabel("SHAP value (red: the feature is high)")


def _violin(axis: Any, explained: Contributions, output: int) -> None:
    for place, number in zip(_places(axis, explained), range(len(explained.names)), strict=True):
        density, edges = np.histogram(explained.values[output, :, number], bins=40)
        smooth = np.convolve(density, (0.25, 0.5, 0.25), mode="same")
        width = 0.42 * smooth / smooth.max()
        middles = (edges[:-1] + edges[1:]) / 2
        axis.fill_between(middles, place - width, place + width, color=BLUE, linewidth=0)
    axis.axvline(0, color=GREY, linewidth=0.8)
    axis.set_xlabel("SHAP value")


def _decision(axis: Any, explained: Contributions, output: int) -> None:
    """One line per row: from the expected value, and what features add that are not shown, at the
    bottom, feature by feature, to what the model says at the top.
    """
    rows = _evenly(explained.rows, MOST_LINES)
    places = _places(axis, explained)
    steps = explained.values[output, rows, :][:, ::-1]
    start = explained.expected[output] + explained.others[output, rows, None]
    paths = np.concatenate([start, start + np.cumsum(steps, axis=1)], axis=1)
    heights = np.concatenate([[-0.7], places[::-1]])
    for path, shade in zip(paths, _shades(paths[:, -1]), strict=True):
        axis.plot(path, heights, color=RED if shade > 0.5 else BLUE, linewidth=0.6, alpha=0.5)
    axis.axvline(explained.expected[output], color=GREY, linewidth=0.8)
    axis.set_xlabel("model output")


_PANELS: dict[str, Callable[[Any, Contributions, int], None]] = {
    "dot": _dot,
    "violin": _violin,
    "decision": _decision,
}


def _places(axis: Any, explained: Contributions) -> NDArray[np.float64]:
    """The height of each feature, the first at the top."""
    places = np.arange(len(explained.names), dtype=np.float64)[::-1]
    axis.set_yticks(places, [literal(name) for name in explained.names])
    return places


def _shades(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values between 0 and 1; missing ones, and a constant, are in the middle."""
    if np.isnan(values).all():
        return np.full(len(values), 0.5)
    low, high = np.nanpercentile(values, (5, 95))
    spread = high - low
    scaled = (values - low) / spread if spread > 0 else np.full(len(values), 0.5)
    return np.asarray(np.nan_to_num(scaled, nan=0.5).clip(0, 1))


def _evenly(rows: int, most: int) -> NDArray[np.intp]:
    """At most so many row numbers, evenly spaced."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.intp))


def _no_matplotlib(kind: str) -> StepError:
    return StepError(
        Diagnostic(
            "E0428",
            f"the {kind} plot needs matplotlib, which is not installed",
            hint=f"{INSTALL}, or give a table with INTO",
            about="attribute explain.plot_type",
        )
    )
