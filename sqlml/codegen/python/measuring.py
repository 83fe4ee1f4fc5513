"""The lines of a plain script that measure a model."""

from collections.abc import Iterator, Sequence

from sqlml.codegen.python.families import family
from sqlml.codegen.python.model import Model
from sqlml.codegen.python.segments import by_segment
from sqlml.zoo.metrics import defaults_for

_AVERAGED = {
    "f1": "metrics.f1_score(truth, predicted",
    "f2": "metrics.fbeta_score(truth, predicted, beta=2.0",
    "f0_5": "metrics.fbeta_score(truth, predicted, beta=0.5",
    "precision": "metrics.precision_score(truth, predicted",
    "recall": "metrics.recall_score(truth, predicted",
    "jaccard": "metrics.jaccard_score(truth, predicted",
}
_FLAGS = {
    "accuracy": "metrics.accuracy_score(truth, predicted)",
    "balanced_accuracy": "metrics.balanced_accuracy_score(truth, predicted)",
    "matthews_corrcoef": "metrics.matthews_corrcoef(truth, predicted)",
    "cohen_kappa": "metrics.cohen_kappa_score(truth, predicted)",
    "zero_one_loss": "metrics.zero_one_loss(truth, predicted)",
    "true_positives": "np.sum((truth > 0) & (predicted > 0))",
    "false_positives": "np.sum((truth == 0) & (predicted > 0))",
    "true_negatives": "np.sum((truth == 0) & (predicted == 0))",
    "false_negatives": "np.sum((truth > 0) & (predicted == 0))",
}
_CLASSES = {
    "log_loss": "log_loss(truth, chances)",
    "roc_auc": "against_rest(metrics.roc_auc_score, truth, chances)",
    "roc_auc_weighted": "against_rest(metrics.roc_auc_score, truth, chances, weighted=True)",
    "gini": "2 * against_rest(metrics.roc_auc_score, truth, chances) - 1",
    "average_precision": "against_rest(metrics.average_precision_score, truth, chances)",
}
_VALUES = {
    "r2": "metrics.r2_score(truth, predicted)",
    "explained_variance": "metrics.explained_variance_score(truth, predicted)",
    "d2_absolute_error": "metrics.d2_absolute_error_score(truth, predicted)",
    "mean_absolute_error": "metrics.mean_absolute_error(truth, predicted)",
    "median_absolute_error": "metrics.median_absolute_error(truth, predicted)",
    "mean_absolute_percentage_error": "metrics.mean_absolute_percentage_error(truth, predicted)",
    "mean_squared_error": "metrics.mean_squared_error(truth, predicted)",
    "root_mean_squared_error": "metrics.root_mean_squared_error(truth, predicted)",
    "max_error": "metrics.max_error(truth, predicted)",
}
_RANKS = {
    "ndcg": "mean_of_groups(ndcg, truth, predicted, sizes)",
    **{
        f"ndcg_{k}": f"mean_of_groups(ndcg, truth, predicted, sizes, most={k})"
        for k in (1, 3, 5, 10)
    },
    "mean_average_precision": "mean_of_groups(precision_of_ranks, truth, predicted, sizes)",
    "mean_reciprocal_rank": "mean_of_groups(reciprocal_rank, truth, predicted, sizes)",
}
_APART = {
    "silhouette": "apart(metrics.silhouette_score, matrix, predicted, most=2000)",
    "calinski_harabasz": "apart(metrics.calinski_harabasz_score, matrix, predicted)",
    "davies_bouldin": "apart(metrics.davies_bouldin_score, matrix, predicted)",
}
_AGREEMENTS = {
    name: f"metrics.{name}_score(truth, predicted)"
    for name in (
        "adjusted_rand", "adjusted_mutual_info", "normalized_mutual_info", "mutual_info", "rand",
        "homogeneity", "completeness", "v_measure", "fowlkes_mallows",
    )
}  # fmt: skip
_USUAL = "truth, predicted"
_AVERAGES = {f"{name}_{how}" for name in _AVERAGED for how in ("micro", "macro", "weighted")}
_KNOWN = {
    "classification": {**_FLAGS, **_CLASSES},
    "outliers": _FLAGS,
    "regression": _VALUES,
    "forecasting": _VALUES,
    "ranking": _RANKS,
    "clustering": {**_APART, **_AGREEMENTS},
}
KNOWN = {*_AVERAGED, *_AVERAGES, *(name for known in _KNOWN.values() for name in known)}


def measurable(model: Model) -> bool:
    return model.task is None or model.task in _KNOWN


def needs_truth(names: Sequence[str]) -> bool:
    """Whether metrics of clusters compare them with a grouping that is known."""
    return any(name not in _APART for name in names)


def measured(
    model: Model, matrix: str, names: Sequence[str], *, truth: bool = True
) -> Iterator[str]:
    """`predicted`, and `measured`: metrics by name. `truth` is there already, if it is known.

    names: without any, those usual for the task.
    """
    task = model.task or _task_of(names)
    predicted = family(model.known.family).predicted(model, matrix)
    if model.partition:
        predicted = f"{by_segment(model)}.to_numpy(zero_copy_only=False)"
    yield f"predicted = {predicted} < 0" if task == "outliers" else f"predicted = {predicted}"
    chances = family(model.known.family).chances(model, matrix)
    if task is None:
        yield f"chances = {chances} if {model.label}.classes is not None else None"
        yield f"measured = usual_measures(truth, predicted, chances, {model.label})"
        return
    if task != "classification":
        chances = ""
    elif chances:
        yield f"chances = {chances}"
    wanted = names or defaults_for(task, probabilities=bool(chances), truth=truth)
    yield "measured = {"
    yield f'    "loss": {_loss(task, chances)},'
    yield from (f'    "{name}": {_expression(name, task, model)},' for name in wanted)
    yield "}"


def scored(model: Model, matrix: str, name: str) -> Iterator[str]:
    """One metric, and of what it needs of the predictions no more. `truth` is there already."""
    writer = family(model.known.family)
    chances = writer.chances(model, matrix)
    task = model.task or (_task_of((name,)) if name else None)
    wanted = _expression(name, task, model) if task else f"usual_score({_USUAL}, {model.label})"
    if "predicted" in wanted:
        yield f"predicted = {writer.predicted(model, matrix)}"
    if "chances" in wanted:
        late = "" if task else f" if {model.label}.classes is not None else None"
        yield f"chances = {chances}{late}"
    yield f"return {wanted}"


def _task_of(names: Sequence[str]) -> str | None:
    if not names:
        return None
    return "regression" if any(name in _VALUES for name in names) else "classification"


def _loss(task: str, chances: str) -> str:
    if task in ("regression", "forecasting"):
        return _VALUES["mean_squared_error"]
    return _CLASSES["log_loss"] if task == "classification" and chances else "None"


def _expression(name: str, task: str, model: Model) -> str:
    known = _KNOWN[task].get(name)
    if known:
        return known
    if name in _AVERAGED:
        return f"{_AVERAGED[name]}, average={_average(task, model)}, zero_division=0)"
    stem, _, average = name.rpartition("_")
    return f'{_AVERAGED[stem]}, average="{average}", zero_division=0)'


def _average(task: str, model: Model) -> str:
    return '"binary"' if task == "outliers" else f"{model.label}.average"
