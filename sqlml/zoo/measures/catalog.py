"""Every metric: its names, what it measures, and the formula behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CLASSES = ("classification",)
FLAGS = ("classification", "outliers")
VALUES = ("regression", "forecasting")
FORECASTS = ("forecasting",)
RANKS = ("ranking",)
GROUPS = ("clustering",)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. `formula` names a function in zoo/measures, called with a sample and `argument`.

    less_is_better: of two models, that with the smaller value is the better one.
    """

    name: str
    tasks: tuple[str, ...]
    formula: str
    argument: str | int | None = None
    aliases: tuple[str, ...] = ()
    needs_probabilities: bool = False
    needs_truth: bool = True
    less_is_better: bool = False


_MEAN_OF_CLASSES: Mapping[str, tuple[str, ...]] = {
    "jaccard": ("MeanIoU", "OneHotMeanIoU", "BinaryIoU"),
}
_LEVELS = (50, 80, 90, 95)  # percent


def _averages(name: str, *aliases: str) -> Iterator[Metric]:
    """A metric of one class, under the names of the ways to make it one of many."""
    formula = f"classification:{name}"
    yield Metric(name, FLAGS, formula, "auto", aliases)
    for average in ("micro", "macro", "weighted"):
        mean = _MEAN_OF_CLASSES.get(name, ()) if average == "macro" else ()
        yield Metric(f"{name}_{average}", CLASSES, formula, average, mean)


def _of_keras(name: str) -> str:
    """A name as Keras' classes are called."""
    return name.title().replace("_", "")


def _at(level: int, *names: str) -> tuple[str, ...]:
    """`name@0.9` for 90 percent; 50 percent is what a plain name stands for."""
    written = tuple(f"{name}@{level / 100:g}" for name in names)
    return (*written, *names) if level == 50 else written


def _all() -> Iterator[Metric]:
    yield Metric(
        "accuracy",
        FLAGS,
        "classification:accuracy",
        aliases=("acc", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy"),
    )
    yield Metric("balanced_accuracy", FLAGS, "classification:balanced_accuracy")
    yield from _averages("f1", "F1Score", "FBetaScore")
    yield from _averages("f2")
    yield from _averages("f0_5", "f0.5")
    yield from _averages("precision")
    yield from _averages("recall")
    yield from _averages("jaccard", "iou", "OneHotIoU")
    yield Metric("matthews_corrcoef", FLAGS, "classification:matthews_corrcoef", aliases=("mcc",))
    yield Metric("cohen_kappa", FLAGS, "classification:cohen_kappa", aliases=("kappa",))
    yield Metric(
        "zero_one_loss",
        FLAGS,
        "classification:zero_one_loss",
        aliases=("hamming_loss",),
        less_is_better=True,
    )
    yield Metric("specificity", FLAGS, "classification:specificity", aliases=("tnr",))
    for words in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
        cell = "".join(word[0] for word in words.split("_"))
        worse = words.startswith("false")
        keras = (_of_keras(words),)
        yield Metric(words, FLAGS, "classification:counted", cell, keras, less_is_better=worse)
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
        "d2_log_loss": ("d2_log_loss", None, ("d2_log_loss_score",)),
        "gini": ("gini", None, ()),
        "kolmogorov_smirnov": ("kolmogorov_smirnov", None, ("ks", "ks_statistic")),
        "top_k_accuracy": ("top_accuracy", 2, ("top_2_accuracy",)),
        "top_5_accuracy": (
            "top_accuracy",
            5,
            ("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),
        ),
        "top_3_accuracy": ("top_accuracy", 3, ()),
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
    for name in (
        *("precision_at_recall", "recall_at_precision"),
        *("sensitivity_at_specificity", "specificity_at_sensitivity"),
    ):
        for level in _LEVELS:
            yield Metric(
                f"{name}_{level}",
                CLASSES,
                f"tradeoffs:{name}",
                level,
                _at(level, name, _of_keras(name)),
                needs_probabilities=True,
            )
    cross_entropies = ("bce", "BinaryCrossentropy", "CategoricalCrossentropy")
    losses: Mapping[str, tuple[str, ...]] = {
        "log_loss": ("logloss", *cross_entropies, "SparseCategoricalCrossentropy"),
        "brier_score": ("brier", "brier_score_loss", "brier_loss"),
        "hinge": ("hinge_loss",),
        "squared_hinge": ("SquaredHinge",),
        "categorical_hinge": ("CategoricalHinge",),
        "kl_divergence": ("KLDivergence", "kld", "kullback_leibler_divergence"),
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
    yield Metric("r2", VALUES, "regression:r2", aliases=("r_squared", "R2Score"))
    yield Metric("explained_variance", VALUES, "regression:explained_variance")
    yield Metric("d2_absolute_error", VALUES, "regression:d2_absolute_error")
    errors: Mapping[str, tuple[str, ...]] = {
        "mean_squared_error": ("mse", "MeanSquaredError"),
        "root_mean_squared_error": ("rmse", "RootMeanSquaredError"),
        "mean_absolute_error": ("mae", "MeanAbsoluteError"),
        "median_absolute_error": ("medae",),
        "mean_absolute_percentage_error": ("mape", "MeanAbsolutePercentageError"),
        "symmetric_mean_absolute_percentage_error": ("smape",),
        "weighted_absolute_percentage_error": ("wape",),
        "mean_squared_log_error": (
            "msle",
            "mean_squared_logarithmic_error",
            "MeanSquaredLogarithmicError",
        ),
        "root_mean_squared_log_error": ("rmsle",),
        "max_error": (),
        "mean_poisson_deviance": (),
        "poisson": (),
        "mean_gamma_deviance": (),
        "log_cosh_error": ("log_cosh", "LogCosh", "LogCoshError"),
    }
    for name, aliases in errors.items():
        yield Metric(name, VALUES, f"regression:{name}", aliases=aliases, less_is_better=True)
    for name in ("cosine_similarity", "pearson_correlation", "concordance_correlation"):
        yield Metric(name, VALUES, f"regression:{name}", aliases=(_of_keras(name),))
    yield Metric(
        "mean_absolute_scaled_error",
        FORECASTS,
        "regression:mean_absolute_scaled_error",
        aliases=("mase",),
        less_is_better=True,
    )


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
    agreements: Mapping[str, tuple[str, ...]] = {
        "adjusted_rand": ("ari",),
        "adjusted_mutual_info": ("ami",),
        "normalized_mutual_info": ("nmi",),
        "mutual_info": (),
        "rand": (),
        "homogeneity": (),
        "completeness": (),
        "v_measure": (),
        "fowlkes_mallows": (),
    }
    for name, aliases in agreements.items():
        yield Metric(name, GROUPS, "clustering:agreement", f"{name}_score", aliases)


METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _all()}

# What EVALUATE can draw, and the tasks that each drawing has a meaning for.
PLOTS: Mapping[str, tuple[str, ...]] = {
    "confusion": FLAGS,
    "roc": CLASSES,
    "pr": CLASSES,
    "calibration": CLASSES,
    "gain": CLASSES,
    "lift": CLASSES,
    "residuals": VALUES,
    "predicted": VALUES,
}
