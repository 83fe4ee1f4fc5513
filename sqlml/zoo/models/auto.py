"""auto.classifier and auto.regressor: a search among several families, within a time budget."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.zoo.attributes import Attribute, Dictionary, Value
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.search import Candidate, Choice, Dimension, Range
from sqlml.zoo.settings import TRAIN

BUDGET = Attribute(
    "budget",
    ("number",),
    default=60,
    minimum=0,
    open_minimum=True,
    doc="Seconds to look for a good model; `tune.timeout` goes before it.",
)


@dataclass(frozen=True, slots=True)
class AutoFamily:
    """Models that become the best of others; what is stored is that one."""

    models: tuple[ModelType, ...]

    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    def find(self, name: str) -> ModelType | None:
        return next((one for one in self.models if one.name == name.casefold()), None)

    def task(self, model: ModelType, parameters: Mapping[str, Value]) -> Task | None:
        return model.task


_ROUNDS = "train.num_boost_round"
_LIGHTGBM: Mapping[str, Dimension] = {
    _ROUNDS: Range(20, 400, log=True),
    "model.learning_rate": Range(0.02, 0.3, log=True),
    "model.num_leaves": Range(4, 128, log=True),
    "model.min_data_in_leaf": Range(2, 100, log=True),
    "model.feature_fraction": Range(0.4, 1.0),
    "model.lambda_l2": Range(1e-3, 10.0, log=True),
}
_XGBOOST: Mapping[str, Dimension] = {
    _ROUNDS: Range(20, 400, log=True),
    "model.eta": Range(0.02, 0.3, log=True),
    "model.max_depth": Range(2, 10),
    "model.min_child_weight": Range(0.1, 20.0, log=True),
    "model.subsample": Range(0.5, 1.0),
    "model.colsample_bytree": Range(0.4, 1.0),
    "model.lambda": Range(1e-3, 10.0, log=True),
}
_FOREST: Mapping[str, Dimension] = {
    "model.n_estimators": Range(100, 400, log=True),
    "model.max_features": Range(0.1, 1.0),
    "model.min_samples_leaf": Range(1, 50, log=True),
}
_NEIGHBORS: Mapping[str, Dimension] = {
    "model.n_neighbors": Range(1, 50, log=True),
    "model.weights": Choice(("uniform", "distance")),
}
_MOST_NEIGHBORS = 50_000  # rows; each prediction looks at all of them


def _candidates(linear: Candidate, suffix: str, share: float) -> tuple[Candidate, ...]:
    """The families; what is fast comes first. share: of the features, for a forest's trees."""
    boosted: Mapping[str, Value] = {_ROUNDS: 100}
    forest = {"model.n_estimators": 100, "model.max_features": share, "model.min_samples_leaf": 1}
    return (
        linear,
        Candidate(
            "lightgbm.gbdt",
            _LIGHTGBM,
            {
                **boosted,
                "model.learning_rate": 0.1,
                "model.num_leaves": 31,
                "model.min_data_in_leaf": 20,
                "model.feature_fraction": 1.0,
                "model.lambda_l2": 1e-3,
            },
        ),
        Candidate(
            "xgboost.gbtree",
            _XGBOOST,
            {
                **boosted,
                "model.eta": 0.1,
                "model.max_depth": 6,
                "model.min_child_weight": 1.0,
                "model.subsample": 1.0,
                "model.colsample_bytree": 1.0,
                "model.lambda": 1.0,
            },
        ),
        Candidate(f"sklearn.ensemble.RandomForest{suffix}", _FOREST, forest),
        Candidate(f"sklearn.ensemble.ExtraTrees{suffix}", _FOREST, forest),
        Candidate(
            f"sklearn.neighbors.KNeighbors{suffix}",
            _NEIGHBORS,
            {"model.n_neighbors": 5, "model.weights": "uniform"},
            standardized=True,
            most_rows=_MOST_NEIGHBORS,
        ),
    )


def _model(name: str, task: Task, candidates: tuple[Candidate, ...], doc: str) -> ModelType:
    return ModelType(
        name=f"auto.{name}",
        family="auto",
        task=task,
        parameters=Dictionary(()),
        settings=TRAIN.only("seed", "weight").merge(Dictionary((BUDGET,))),
        trainer="",  # each candidate has its own
        missing=True,
        candidates=candidates,
        doc=doc,
    )


FAMILY = AutoFamily(
    (
        _model(
            "classifier",
            "classification",
            _candidates(
                Candidate(
                    "sklearn.linear_model.LogisticRegression",
                    {"model.C": Range(1e-3, 100.0, log=True), "model.max_iter": Choice((1000,))},
                    {"model.C": 1.0, "model.max_iter": 1000},
                    standardized=True,
                ),
                "Classifier",
                0.3,
            ),
            "The best of boosters, forests, a linear model and neighbours, cross-validated.",
        ),
        _model(
            "regressor",
            "regression",
            _candidates(
                Candidate(
                    "sklearn.linear_model.Ridge",
                    {"model.alpha": Range(1e-3, 100.0, log=True)},
                    {"model.alpha": 1.0},
                    standardized=True,
                ),
                "Regressor",
                1.0,
            ),
            "The best of boosters, forests, a linear model and neighbours, cross-validated.",
        ),
    )
)
