"""Plots of how good a model is: confusion, ROC, precision and recall, calibration, residuals …"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Manifest
from sqlml.zoo.context import Context
from sqlml.zoo.measures import curves
from sqlml.zoo.measures.catalog import PLOTS
from sqlml.zoo.measures.curves import Curve
from sqlml.zoo.measures.sample import Floats, Sample
from sqlml.zoo.metrics import flags
from sqlml.zoo.steps.plot_files import INSTALL, has_matplotlib, literal, new_file

MOST_LINES = 12
MOST_DOTS = 5_000
MOST_NUMBERED = 20  # classes whose rows are written into the confusion matrix
MOST_WRITTEN = 10  # classes of which the matrix is shown as text
GREY = "#888888"
_WITHOUT_CURVE = ("confusion", "residuals", "predicted")

Line = tuple[str, Curve]
Formula = Callable[[Floats, Floats, Floats], Curve]


def chosen_plots(plots: Sequence[str], manifest: Manifest, *, likely: bool) -> tuple[str, ...]:
    """The plots to draw, `all` replaced by those that suit the model.

    likely: the model gives probabilities.

    Raises:
        StepError: a plot has no meaning for the model, or matplotlib is missing.
    """
    fitting = tuple(
        name
        for name, tasks in PLOTS.items()
        if manifest.task in tasks and (likely or name in _WITHOUT_CURVE)
    )
    names = fitting if "all" in plots else tuple(plots)
    for name in names:
        if name not in fitting:
            known = f"there are: {', '.join(fitting)}" if fitting else "leave the plots out"
            lacking = "has no probabilities" if manifest.task in PLOTS[name] else "has another task"
            message = f"`{name}` cannot be drawn: {manifest.estimator} {lacking}"
            raise _problem("E0590", message, known)
    if set(names) - {"confusion"} and not has_matplotlib():
        raise _problem("E0591", f"the {names[0]} plot needs matplotlib, which is missing", INSTALL)
    return names


def needs_probabilities(plots: Sequence[str]) -> bool:
    return any(name not in _WITHOUT_CURVE for name in plots)


def draw_plots(
    context: Context, plots: Sequence[str], sample: Sample, manifest: Manifest, model: str
) -> dict[str, str]:
    """Draw each plot into a lasting file and tell where; the outputs of a step, by name.

    The confusion matrix of a few classes is told as text, too.

    Raises:
        StepError: there is no label to compare with.
    """
    if plots and sample.truth is None:
        raise _problem("E0590", f"`{plots[0]}` compares with a label, and none is given", "")
    if manifest.task == "outliers":
        sample = flags(sample)
    names = class_names(manifest)
    if "confusion" in plots and len(names) <= MOST_WRITTEN:
        context.note(confusion_text(sample, names))
    if not has_matplotlib():
        return {}
    outputs: dict[str, str] = {}
    for kind in plots:
        path = new_file(context, model, kind)
        draw_plot(kind, sample, names, path)
        context.note(f"plot: {path}")
        outputs["plot" if not outputs else f"plot_{len(outputs) + 1}"] = str(path)
    return outputs


def class_names(manifest: Manifest) -> tuple[str, ...]:
    """The classes by number; what is usual and what is not for outliers."""
    if manifest.task == "outliers":
        return ("usual", "outlier")
    return manifest.labels[0].class_names if manifest.classes else ()


def draw_plot(kind: str, sample: Sample, names: Sequence[str], path: Path) -> None:
    """Draw one of PLOTS; names: of the classes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axis = figure.add_subplot()
    if kind == "confusion":
        _confusion(axis, sample, names)
    elif kind in ("residuals", "predicted"):
        _values(axis, sample, residuals=kind == "residuals")
    else:
        _curves(axis, kind, list(lines_of(kind, sample, names)))
    figure.savefig(path, dpi=120)


def lines_of(kind: str, sample: Sample, names: Sequence[str]) -> Iterator[Line]:
    """The curve of each class against the rest; with two classes, that of the second one.

    Classes that all rows or none belong to have no curve.
    """
    formula = _FORMULAS[kind]
    numbers = [1] if len(names) == 2 else range(min(len(names), MOST_LINES))
    for number in numbers:
        is_true = sample.labels == number
        if is_true.any() and not is_true.all():
            yield names[number], formula(is_true, sample.chances[:, number], sample.weights)


def confusion_text(sample: Sample, names: Sequence[str]) -> str:
    """The confusion matrix, a row per true class and a column per predicted one."""
    cells = [[f"{count:g}" for count in row] for row in sample.confusion]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    first = max(map(len, names))
    lines = [
        f"{name:<{first}}  " + "  ".join(f"{c:>{w}}" for c, w in zip(row, widths, strict=True))
        for name, row in zip(("", *names), (names, *cells), strict=True)
    ]
    indent = "\n      "
    return f"truth (rows) and prediction (columns){indent}{indent.join(lines)}"


def _confusion(axis: Any, sample: Sample, names: Sequence[str]) -> None:
    counts = sample.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(counts))
    shown = [literal(name) for name in names]
    axis.set_xticks(ticks, shown, rotation=45 if len(shown) > 4 else 0)
    axis.set_yticks(ticks, shown)
    if len(counts) <= MOST_NUMBERED:
        for (true, predicted), count in np.ndenumerate(counts):
            color = "white" if shares[true, predicted] > 0.5 else "black"
            axis.text(predicted, true, f"{count:g}", ha="center", va="center", color=color)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")


def _curves(axis: Any, kind: str, lines: Sequence[Line]) -> None:
    marker = "o" if kind == "calibration" else None
    for name, curve in lines:
        axis.plot(curve.x, curve.y, label=literal(name), linewidth=1.6, marker=marker)
    if kind in ("roc", "calibration", "gain"):
        axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--")
    if kind == "lift":
        axis.axhline(1, color=GREY, linewidth=0.8, linestyle="--")
    across, up = _AXES[kind]
    axis.set_xlabel(across)
    axis.set_ylabel(up)
    if lines:
        axis.legend(frameon=False)


def _values(axis: Any, sample: Sample, *, residuals: bool) -> None:
    """Dots, one per row: the prediction, and how far it is off or what was true."""
    truth, predicted = (
        np.asarray(values, dtype=np.float64).reshape(len(values), -1)
        for values in (sample.labels, sample.predicted)
    )
    rows = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), MOST_DOTS)).astype(np.intp))
    up = truth - predicted if residuals else truth
    for output in range(truth.shape[1]):
        axis.scatter(predicted[rows, output], up[rows, output], s=7, alpha=0.6)
    if residuals:
        axis.axhline(0, color=GREY, linewidth=0.8, linestyle="--")
    else:
        middle = float(predicted.mean())
        axis.axline((middle, middle), slope=1, color=GREY, linewidth=0.8, linestyle="--")
    axis.set_xlabel("predicted value")
    axis.set_ylabel("true value - predicted value" if residuals else "true value")


_FORMULAS: Mapping[str, Formula] = {
    "roc": curves.roc,
    "pr": curves.precision_recall,
    "calibration": curves.calibration,
    "gain": curves.gain,
    "lift": curves.lift,
}
_AXES: Mapping[str, tuple[str, str]] = {
    "roc": ("false positive rate", "true positive rate"),
    "pr": ("recall", "precision"),
    "calibration": ("mean probability", "share of true rows"),
    "gain": ("share of rows, likeliest first", "share of the class found"),
    "lift": ("share of rows, likeliest first", "times as many as by chance"),
}


def _problem(code: str, message: str, hint: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about="attribute evaluate.plots"))
