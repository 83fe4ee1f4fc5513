"""The versions of the code that does a step."""

import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from sqlml import __version__
from sqlml.workflow.ir import Node, Solve, Train, Trial
from sqlml.zoo.advisor import VARIABLE
from sqlml.zoo.models import find_model
from sqlml.zoo.search import Search

LIBRARIES = {
    "xgboost": ("xgboost-cpu", "xgboost"),
    "lightgbm": ("lightgbm",),
    "sklearn": ("scikit-learn",),
    "highs": ("highspy",),
    "statsmodels": ("statsmodels",),
}


def versions(node: Node) -> Mapping[str, str]:
    """The versions of the libraries whose change could change what the step gives."""
    found = {"sqlml": __version__}
    match node.operation:
        case Train(estimator=estimator):
            estimators = [estimator]
        case Trial(search=search):
            found["optuna"], asked = _version("optuna"), Search.from_json(search)
            if asked.predictions:
                found["advisor"] = os.environ.get(VARIABLE, "")
            estimators = [candidate.estimator for candidate in asked.candidates]
        case Solve(solver=solver):
            found[solver], estimators = _library_version(solver), []
        case _:
            estimators = []
    for model in filter(None, map(find_model, estimators)):
        found[model.module] = model.revision or _library_version(model.module)
    return found


@cache
def _library_version(module: str) -> str:
    return next(filter(None, map(_version, LIBRARIES.get(module, ()))), "")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
