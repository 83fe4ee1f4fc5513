"""XGBoost's models: the boosters themselves, and those named like scikit-learn's classes."""

from collections.abc import Mapping
from dataclasses import replace

from sqlml.zoo.attributes import Dictionary, Value
from sqlml.zoo.library import XGBOOST
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.models.booster_family import BoosterFamily
from sqlml.zoo.models.dictionaries.booster_attributes import settings
from sqlml.zoo.models.dictionaries.xgboost_parameters import (
    CLASSIFIERS,
    RANKERS,
    REGRESSORS,
    dart_parameters,
    linear_parameters,
    tree_parameters,
    wrapper_parameters,
)

ALL_OBJECTIVES = (*CLASSIFIERS, *REGRESSORS, *RANKERS)

# What the random forests of `xgboost.XGBRF…` set unless told otherwise.
FOREST: Mapping[str, Value] = {
    "num_parallel_tree": 100,
    "eta": 1.0,
    "subsample": 0.8,
    "colsample_bynode": 0.8,
    "lambda": 1e-5,
}


def task_of(objective: str) -> Task:
    """What a model with that objective does."""
    match objective.partition(":")[0]:
        case "binary" | "multi":
            return "classification"
        case "rank":
            return "ranking"
        case _:
            return "regression"


def own_defaults(model: str) -> Mapping[str, Value]:
    """The parameters that the model sets where its library would choose another value."""
    match model.removeprefix("xgboost."):
        case "XGBRFClassifier" | "XGBRFRegressor":
            return FOREST
        case "gblinear" | "dart" as booster:
            return {"booster": booster}
        case _:
            return {}


def _forest_parameters(*objectives: str) -> Dictionary:
    known = wrapper_parameters(*objectives)
    aliases = {"num_parallel_tree": ("n_estimators",)}
    changed = (
        replace(known[name], default=value, aliases=aliases.get(name, known[name].aliases))
        for name, value in FOREST.items()
    )
    return known.merge(Dictionary(changed))


def _model(
    name: str, task: Task | None, parameters: Dictionary, train: Dictionary, doc: str
) -> ModelType:
    return ModelType(
        name=f"xgboost.{name}",
        family="xgboost",
        libraries=(XGBOOST,),
        task=task,
        parameters=parameters,
        settings=train,
        trainer="sqlml.zoo.models.xgboost_trainer:XGBoostTrainer",
        categories="onehot" if name == "gblinear" else "native",
        missing=True,
        sparse=True,
        multilabel=True,
        dtype="float32",
        layout="columns",
        doc=doc,
    )


_PLAIN = settings(10, round_aliases=("n_estimators",), others=("disk_cache",))
_WRAPPED = settings(100, round_aliases=("n_estimators",), others=("disk_cache",))
_FOREST = Dictionary(
    attribute
    for name, attribute in settings(1, round_aliases=(), others=("disk_cache",)).items()
    if name != "early_stopping_rounds"
)

FAMILY = BoosterFamily(
    (
        _model(
            "gbtree",
            None,
            tree_parameters(*ALL_OBJECTIVES),
            _PLAIN,
            "Gradient boosted trees.",
        ),
        _model(
            "dart",
            None,
            dart_parameters(*ALL_OBJECTIVES),
            _PLAIN,
            "Gradient boosted trees with dropout of trees.",
        ),
        _model(
            "gblinear",
            None,
            linear_parameters(*ALL_OBJECTIVES),
            _PLAIN,
            "A linear model found by boosting.",
        ),
        _model(
            "XGBClassifier",
            "classification",
            wrapper_parameters(*CLASSIFIERS),
            _WRAPPED,
            "Gradient boosted trees for classes.",
        ),
        _model(
            "XGBRegressor",
            "regression",
            wrapper_parameters(*REGRESSORS),
            _WRAPPED,
            "Gradient boosted trees for numbers.",
        ),
        _model(
            "XGBRanker",
            "ranking",
            wrapper_parameters(*RANKERS),
            _WRAPPED,
            "Gradient boosted trees that rank the rows of a group.",
        ),
        _model(
            "XGBRFClassifier",
            "classification",
            _forest_parameters(*CLASSIFIERS),
            _FOREST,
            "A random forest for classes: many trees, grown in one round.",
        ),
        _model(
            "XGBRFRegressor",
            "regression",
            _forest_parameters(*REGRESSORS),
            _FOREST,
            "A random forest for numbers: many trees, grown in one round.",
        ),
    ),
    task_of,
)
