"""The versions of the code that does a step, as the model families and solvers declare it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlml import __version__
from sqlml.config import current
from sqlml.workflow.ir import (
    Check,
    Evaluate,
    Explain,
    Node,
    Query,
    Relation,
    Run,
    Solve,
    Train,
    Trial,
)
from sqlml.zoo.library import DUCKDB, MATPLOTLIB, OPTUNA, SCIPY, SKLEARN, Library
from sqlml.zoo.models import find_model
from sqlml.zoo.search import Search
from sqlml.zoo.solving import SOLVERS
from sqlml.zoo.steps.explainers import find_explainer


def versions(node: Node) -> Mapping[str, str]:
    """The versions of all whose change could change what the step gives.

    Of a stored model that it uses, `versions_of_use` tells.
    """
    found = {"sqlml": __version__}
    estimators: list[str] = []
    match node.operation:
        case Train(estimator=estimator):
            estimators = [estimator]
        case Trial(search=search):
            asked = Search.from_json(search)
            if asked.predictions:
                found["advisor"] = current().advisor
            estimators = [candidate.estimator for candidate in asked.candidates]
        case Solve(solver=solver) if solver in SOLVERS:
            found[solver] = SOLVERS.load(solver).version
    for model in filter(None, map(find_model, estimators)):
        found |= _told(model.made_with)
        if model.revision:
            found[model.name] = model.revision
    return found | _told(_used(node))


def versions_of_use(node: Node, manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """The versions of all whose change could change what the step gives with a stored model."""
    model = find_model(manifest.get("estimator", ""))
    if model is None:
        return {}
    found = [*model.made_with]
    match node.operation:
        case Explain(explainer=explainer) if find_explainer(explainer) == "shap":
            found += model.explained_by
        case Evaluate() if manifest.get("task") == "clustering":
            found.append(SKLEARN)  # whose formulas measure clusters
    return _told(found) | ({model.name: model.revision} if model.revision else {})


def _used(node: Node) -> Iterator[Library]:
    """What a step uses besides models."""
    if any(isinstance(value, Relation) for value in node.inputs.values()):
        yield DUCKDB
    match node.operation:
        case Query() | Run(ready_made=True):
            yield DUCKDB
        case Trial():
            yield OPTUNA
        case Check():
            yield SCIPY  # for the probabilities of its tests
        case Explain(into=None) | Evaluate(plots=(_, *_)):
            yield MATPLOTLIB


def _told(libraries: Iterable[Library]) -> dict[str, str]:
    return {one.module: one.version for one in libraries}
