"""Metric names, and what each means for a task."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from sqlml.errors import Diagnostic, StepError

if TYPE_CHECKING:
    from sqlml.zoo.measures.sample import Sample

CLASSES = ("classification",)
FLAGS = ("classification", "outliers")
VALUES = ("regression", "forecasting")
RANKS = ("ranking",)
GROUPS = ("clustering",)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. `formula` names a function in zoo/measures, called with a sample and `argument`."""

    name: str
    tasks: tuple[str, ...]
    formula: str
    argument: str | int | None = None
    aliases: tuple[str, ...] = ()
    needs_probabilities: bool = False
    needs_truth: bool = True
    less_is_better: bool = False


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
        sample = _flags(sample)
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


def _flags(sample: "Sample") -> "Sample":
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


def _averages(name: str, *aliases: str) -> Iterator[Metric]:
    """A metric of one class, under the names of the ways to make it one of many."""
    formula = f"classification:{name}"
    yield Metric(name, FLAGS, formula, "auto", aliases)
    for average in ("micro", "macro", "weighted"):
        yield Metric(f"{name}_{average}", CLASSES, formula, average)


def _all() -> Iterator[Metric]:
    yield Metric(
        "accuracy",
        FLAGS,
        "classification:accuracy",
        aliases=("acc", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy"),
    )
    yield Metric("balanced_accuracy", FLAGS, "classification:balanced_accuracy")
    yield from _averages("f1", "F1Score")
    yield from _averages("precision")
    yield from _averages("recall")
    yield from _averages("jaccard")
    yield Metric("matthews_corrcoef", FLAGS, "classification:matthews_corrcoef", aliases=("mcc",))
    yield Metric("cohen_kappa", FLAGS, "classification:cohen_kappa", aliases=("kappa",))
    yield Metric("zero_one_loss", FLAGS, "classification:zero_one_loss", less_is_better=True)
    for words in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
        cell = "".join(word[0] for word in words.split("_"))
        worse = words.startswith("false")
        yield Metric(words, FLAGS, "classification:counted", cell, less_is_better=worse)
    yield from _of_probabilities()
    yield from _of_values()
    yield from _of_ranks()
    yield from _of_groups()


def _of_probabilities() -> Iterator[Metric]:
    names = {
        "roc_auc": ("roc_auc", "macro", ("auc", "roc_auc_ovr", "roc_auc_macro")),
        "roc_auc_weighted": ("roc_auc", "weighted", ("roc_auc_ovr_weighted",)),
        "roc_auc_ovo": ("roc_auc_pairs", "macro", ()),
        "roc_auc_ovo_weighted": ("roc_auc_pairs", "weighted", ()),
        "average_precision": ("average_precision", None, ("pr_auc", "aucpr")),
        "top_k_accuracy": ("top_accuracy", 2, ("top_2_accuracy",)),
        "top_5_accuracy": (
            "top_accuracy",
            5,
            ("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),
        ),
    }
    for name, (formula, argument, aliases) in names.items():
        yield Metric(
            name,
            CLASSES,
            f"classification:{formula}",
            argument,
            aliases,
            needs_probabilities=True,
        )
    cross_entropies = ("BinaryCrossentropy", "CategoricalCrossentropy")
    losses: Mapping[str, tuple[str, ...]] = {
        "log_loss": ("logloss", *cross_entropies, "SparseCategoricalCrossentropy"),
        "brier_score": ("brier", "brier_score_loss", "brier_loss"),
    }
    for name, aliases in losses.items():
        yield Metric(
            name,
            CLASSES,
            f"classification:{name}",
            aliases=aliases,
            needs_probabilities=True,
            less_is_better=True,
        )


def _of_values() -> Iterator[Metric]:
    yield Metric("r2", VALUES, "regression:r2", aliases=("r_squared",))
    yield Metric("explained_variance", VALUES, "regression:explained_variance")
    errors: Mapping[str, tuple[str, ...]] = {
        "mean_squared_error": ("mse",),
        "root_mean_squared_error": ("rmse",),
        "mean_absolute_error": ("mae",),
        "median_absolute_error": ("medae",),
        "mean_absolute_percentage_error": ("mape",),
        "mean_squared_log_error": ("msle", "mean_squared_logarithmic_error"),
        "root_mean_squared_log_error": ("rmsle",),
        "max_error": (),
        "mean_poisson_deviance": ("poisson",),
        "mean_gamma_deviance": (),
    }
    for name, aliases in errors.items():
        yield Metric(name, VALUES, f"regression:{name}", aliases=aliases, less_is_better=True)


def _of_ranks() -> Iterator[Metric]:
    yield Metric("ndcg", RANKS, "ranking:ndcg", 0)
    for k in (1, 3, 5, 10):
        yield Metric(f"ndcg_{k}", RANKS, "ranking:ndcg", k, (f"ndcg@{k}",))
    yield Metric(
        "mean_average_precision", RANKS, "ranking:mean_average_precision", aliases=("map",)
    )
    yield Metric("mean_reciprocal_rank", RANKS, "ranking:mean_reciprocal_rank", aliases=("mrr",))


def _of_groups() -> Iterator[Metric]:
    for name in ("silhouette", "calinski_harabasz", "davies_bouldin"):
        worse = name == "davies_bouldin"
        function = f"{name}_score"
        yield Metric(
            name,
            GROUPS,
            "clustering:apart",
            function,
            needs_truth=False,
            less_is_better=worse,
        )
    for name in (
        "adjusted_rand",
        "adjusted_mutual_info",
        "normalized_mutual_info",
        "rand",
        "homogeneity",
        "completeness",
        "v_measure",
        "fowlkes_mallows",
    ):
        yield Metric(name, GROUPS, "clustering:agreement", f"{name}_score")


METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _all()}

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
