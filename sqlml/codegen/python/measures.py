"""The lines of a plain script that measure a model."""

from collections.abc import Iterator, Sequence

from sqlml.zoo.metrics import defaults_for

_AVERAGED = {
    "f1": "metrics.f1_score(truth, predicted",
    "f2": "metrics.fbeta_score(truth, predicted, beta=2.0",
    "f0_5": "metrics.fbeta_score(truth, predicted, beta=0.5",
    "precision": "metrics.precision_score(truth, predicted",
    "recall": "metrics.recall_score(truth, predicted",
    "jaccard": "metrics.jaccard_score(truth, predicted",
}
_OF_CLASSES = {
    "accuracy": "metrics.accuracy_score(truth, predicted)",
    "balanced_accuracy": "metrics.balanced_accuracy_score(truth, predicted)",
    "matthews_corrcoef": "metrics.matthews_corrcoef(truth, predicted)",
    "cohen_kappa": "metrics.cohen_kappa_score(truth, predicted)",
    "zero_one_loss": "metrics.zero_one_loss(truth, predicted)",
    "true_positives": "np.sum((truth > 0) & (predicted > 0))",
    "false_positives": "np.sum((truth == 0) & (predicted > 0))",
    "true_negatives": "np.sum((truth == 0) & (predicted == 0))",
    "false_negatives": "np.sum((truth > 0) & (predicted == 0))",
    "log_loss": "log_loss(truth, chances)",
    "roc_auc": "against_rest(metrics.roc_auc_score, truth, chances)",
    "roc_auc_weighted": "against_rest(metrics.roc_auc_score, truth, chances, weighted=True)",
    "gini": "2 * against_rest(metrics.roc_auc_score, truth, chances) - 1",
    "average_precision": "against_rest(metrics.average_precision_score, truth, chances)",
}
_OF_VALUES = {
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
KNOWN = (
    *_OF_CLASSES, *_OF_VALUES, *_AVERAGED,
    *(f"{name}_{how}" for name in _AVERAGED for how in ("micro", "macro", "weighted")),
)  # fmt: skip


def measured(model: str, matrix: str, task: str | None, names: Sequence[str]) -> Iterator[str]:
    """`measured`: metrics by name, `predicted` being beside the `truth`. model: its variable.

    task: None where the label decides it. names: without any, those usual for the task.
    """
    if names and task is None:
        task = "regression" if any(name in _OF_VALUES for name in names) else "classification"
    if task is not None:
        yield from _of_task(model, matrix, task, names)
    else:
        yield f"if {model}_classes is None:"
        yield from _indented(_of_task(model, matrix, "regression", ()))
        yield "else:"
        yield from _indented(_of_task(model, matrix, "classification", ()))
    yield "for name, value in measured.items():"
    yield "    print(name, value)"


def _of_task(model: str, matrix: str, task: str, names: Sequence[str]) -> Iterator[str]:
    is_classifier = task == "classification"
    loss = "log_loss(truth, chances)" if is_classifier else _OF_VALUES["mean_squared_error"]
    if is_classifier:
        yield f"chances = chances_of({model}, {matrix})"
    yield "measured = {"
    yield f'    "loss": {loss},'
    sure = names or defaults_for(task, probabilities=False)
    yield from (f'    "{name}": {_expression(name, model)},' for name in sure)
    yield "}"
    unsure = [name for name in defaults_for(task) if name not in sure] if not names else []
    if unsure:
        yield "if chances is not None:"
        yield from (f'    measured["{name}"] = {_expression(name, model)}' for name in unsure)


def _indented(lines: Iterator[str]) -> Iterator[str]:
    yield from (f"    {line}" for line in lines)


def _expression(name: str, model: str) -> str:
    known = _OF_CLASSES.get(name) or _OF_VALUES.get(name)
    if known:
        return known
    if name in _AVERAGED:
        average = f'"binary" if len({model}_classes) == 2 else "macro"'
        return f"{_AVERAGED[name]}, average={average}, zero_division=0)"
    stem, _, average = name.rpartition("_")
    return f'{_AVERAGED[stem]}, average="{average}", zero_division=0)'
