"""Metric names, and what each means for a task."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.measures.catalog import METRICS, Metric

if TYPE_CHECKING:
    from sqlml.zoo.measures.sample import Sample


def canonical(name: str) -> str | None:
    """The name a metric is stored under, from any spelling of it, or None when there is none.

    scikit-learn's names, with or without `_score`, and Keras' are known, in any case.
    """
    return _spellings().get(_fold(name))


def spellings() -> tuple[str, ...]:
    """Every name that `canonical` knows, its own first."""
    return tuple(dict.fromkeys([*METRICS, *(s for m in METRICS.values() for s in _written(m))]))


def names_for(task: str) -> tuple[str, ...]:
    """The metrics that have a meaning for a task, canonical names."""
    return tuple(metric.name for metric in METRICS.values() if task in metric.tasks)


def needs_probabilities(name: str) -> bool:
    return METRICS[name].needs_probabilities


def less_is_better(name: str) -> bool:
    return METRICS[name].less_is_better


def defaults_for(task: str, *, probabilities: bool = True, truth: bool = True) -> tuple[str, ...]:
    """What is measured when nobody asks for more."""
    return tuple(
        name
        for name in _DEFAULTS.get(task, ())
        if (probabilities or not METRICS[name].needs_probabilities)
        and (truth or not METRICS[name].needs_truth)
    )


def loss_for(task: str) -> str | None:
    """The metric that EVALUATE reports as `loss`."""
    return _LOSSES.get(task)


def evaluate(metrics: Sequence[str], task: str, sample: "Sample") -> dict[str, float]:
    """`loss`, then each metric (canonical names) of a sample; NaN where one is not defined.

    Raises:
        StepError: a metric has no meaning for the task, or needs what the sample lacks.
    """
    for name in metrics:
        _check(METRICS[name], task, sample)
    if task == "outliers":
        sample = flags(sample)
    values = {"loss": float("nan")}
    loss = loss_for(task)
    if loss and _lacking(METRICS[loss], sample) is None:
        values["loss"] = _measure(METRICS[loss], sample)
    for name in metrics:
        values[name] = values["loss"] if name == loss else _measure(METRICS[name], sample)
    return values


def _check(metric: Metric, task: str, sample: "Sample") -> None:
    if task not in metric.tasks:
        known = ", ".join(names_for(task)) or "none"
        raise _problem("E0490", f"`{metric.name}` does not measure {task}", f"metrics: {known}")
    lacking = _lacking(metric, sample)
    if lacking:
        raise _problem("E0491", f"`{metric.name}` needs {lacking}", "choose another metric")


def _lacking(metric: Metric, sample: "Sample") -> str | None:
    if metric.needs_truth and sample.truth is None:
        return "a label to compare with"
    if metric.needs_probabilities and sample.probabilities is None:
        return "probabilities, which this model does not give"
    return None


def _problem(code: str, message: str, hint: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about="attribute validation.metrics"))


def flags(sample: "Sample") -> "Sample":
    """Outliers as class 1. In the truth they are the negative values, else all that is not 0."""
    truth = sample.truth
    if truth is not None:
        truth = (truth < 0 if (truth < 0).any() else truth != 0).astype("int64")
    return replace(sample, truth=truth, predicted=(sample.predicted < 0).astype("int64"), classes=2)


def _measure(metric: Metric, sample: "Sample") -> float:
    if len(sample.predicted) == 0:
        return float("nan")
    module, _, function = metric.formula.partition(":")
    formula: Callable[..., float] = getattr(import_module(f"sqlml.zoo.measures.{module}"), function)
    return formula(sample) if metric.argument is None else formula(sample, metric.argument)


@cache
def _spellings() -> Mapping[str, str]:
    return {
        _fold(spelling): metric.name
        for metric in METRICS.values()
        for spelling in (metric.name, *_written(metric))
    }


def _written(metric: Metric) -> Iterator[str]:
    yield from metric.aliases
    if not metric.name.endswith(("_error", "_loss", "_deviance")):
        yield f"{metric.name}_score"


def _fold(name: str) -> str:
    return name.casefold().replace("_", "").replace(" ", "")


_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "classification": ("accuracy", "f1", "roc_auc"),
    "regression": ("r2", "root_mean_squared_error", "mean_absolute_error"),
    "forecasting": (
        "mean_absolute_percentage_error",
        "mean_absolute_error",
        "root_mean_squared_error",
    ),
    "ranking": ("ndcg", "mean_average_precision"),
    "clustering": ("silhouette", "adjusted_rand"),
    "outliers": ("accuracy", "f1"),
}
_LOSSES: Mapping[str, str] = {
    "classification": "log_loss",
    "regression": "mean_squared_error",
    "forecasting": "mean_squared_error",
}
