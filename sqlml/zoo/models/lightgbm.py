"""LightGBM's models: the ways of boosting, and those named like scikit-learn's classes."""

from collections.abc import Mapping
from dataclasses import replace

from sqlml.zoo.attributes import Dictionary, Value
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.models.booster_family import BoosterFamily
from sqlml.zoo.models.dictionaries.booster_attributes import settings
from sqlml.zoo.models.dictionaries.lightgbm_parameters import (
    CLASSIFIERS,
    OBJECTIVES,
    RANKERS,
    REGRESSORS,
    ROUND_ALIASES,
    STOPPING_ALIASES,
    parameters,
)

ALL_OBJECTIVES = (*REGRESSORS, *CLASSIFIERS, *RANKERS)
BOOSTINGS = ("gbdt", "dart", "goss", "rf")


def task_of(objective: str) -> Task:
    """What a model with that objective does."""
    if objective in CLASSIFIERS:
        return "classification"
    return "ranking" if objective in RANKERS else "regression"


def canonical_objective(objective: str) -> str:
    """The name that the library writes into a model for any spelling of an objective."""
    return next(
        name
        for names in OBJECTIVES.values()
        for name, others in names.items()
        if objective == name or objective in others
    )


def own_defaults(model: str) -> Mapping[str, Value]:
    """The parameters that the model sets where its library would choose another value.

    A forest must draw rows; 0.632 is the share of distinct rows in a bootstrap sample.
    """
    match model.removeprefix("lightgbm."):
        case "rf":
            return {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.632}
        case "dart" | "goss" as boosting:
            return {"boosting": boosting}
        case _:
            return {}


def _settings(rounds: int) -> Dictionary:
    aliases = {
        "weight": ("weight_column",),
        "group": ("group_column", "group_id", "query_column", "query", "query_id"),
    }
    known = settings(rounds, round_aliases=ROUND_ALIASES, stopping_aliases=STOPPING_ALIASES)
    return known.merge(Dictionary(replace(known[n], aliases=a) for n, a in aliases.items()))


def _model(
    name: str, task: Task | None, known: Dictionary, train: Dictionary, doc: str
) -> ModelType:
    own = own_defaults(name)
    changed = Dictionary(replace(known[parameter], default=own[parameter]) for parameter in own)
    return ModelType(
        name=f"lightgbm.{name}",
        family="lightgbm",
        task=task,
        parameters=known.merge(changed),
        settings=train,
        trainer="sqlml.zoo.models.lightgbm_trainer:LightGBMTrainer",
        categories="native",
        missing=True,
        sparse=True,
        doc=doc,
    )


_PLAIN = _settings(10)
_WRAPPED = _settings(100)

FAMILY = BoosterFamily(
    (
        _model(
            "gbdt",
            None,
            parameters(ALL_OBJECTIVES, ("gbdt",)),
            _PLAIN,
            "Gradient boosted trees that grow leaf by leaf.",
        ),
        _model(
            "dart",
            None,
            parameters(ALL_OBJECTIVES, ("dart",)),
            _PLAIN,
            "Gradient boosted trees with dropout of trees.",
        ),
        _model(
            "goss",
            None,
            parameters(ALL_OBJECTIVES, ("goss",)),
            _PLAIN,
            "Gradient boosted trees on the rows with the largest gradients.",
        ),
        _model(
            "rf",
            None,
            parameters(ALL_OBJECTIVES, ("rf",)),
            _PLAIN,
            "A random forest.",
        ),
        _model(
            "LGBMClassifier",
            "classification",
            parameters(CLASSIFIERS, BOOSTINGS),
            _WRAPPED,
            "Gradient boosted trees for classes.",
        ),
        _model(
            "LGBMRegressor",
            "regression",
            parameters(REGRESSORS, BOOSTINGS),
            _WRAPPED,
            "Gradient boosted trees for numbers.",
        ),
        _model(
            "LGBMRanker",
            "ranking",
            parameters(RANKERS, BOOSTINGS),
            _WRAPPED,
            "Gradient boosted trees that rank the rows of a group.",
        ),
    ),
    task_of,
)
