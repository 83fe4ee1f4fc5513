"""Grows TensorFlow's boosted trees with XGBoost."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sqlml.zoo.attributes import Value
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.boosted_trees import FAMILY
from sqlml.zoo.models.booster_errors import refused
from sqlml.zoo.models.xgboost_estimator import XGBoostEstimator
from sqlml.zoo.models.xgboost_trainer import XGBoostTrainer

MODELS = {"classification": "xgboost.XGBClassifier", "regression": "xgboost.XGBRegressor"}
START = {"classification": 0.5, "regression": 0.0}


class BoostedTreesTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> XGBoostEstimator:
        """Train as XGBoost's trainer does, with the parameters that mean the same.

        Raises:
            StepError: E0461, `n_classes` is too small; E0460-E0466 as of XGBoost's trainer.
        """
        _check_classes(job)
        known = FAMILY.find(job.model)
        assert known is not None
        given = known.parameters.filled(job.parameters)
        mapped = replace(
            job,
            model=MODELS[job.task],
            parameters=xgboost_parameters(given, job),
            settings={**job.settings, "num_boost_round": given["n_trees"]},
        )
        return XGBoostTrainer().fit(mapped)

    def load(self, folder: Path) -> XGBoostEstimator:
        return XGBoostTrainer().load(folder)


def xgboost_parameters(given: Mapping[str, Value], job: FitJob) -> dict[str, Value]:
    """XGBoost's parameters for TensorFlow's.

    TensorFlow's loss is a mean over rows, XGBoost's a sum, and of squares by half: what is added
    to gradients and hessians, or compared with them or with gains, is multiplied by `weight`.
    """
    weight = job.rows / (2 if job.task == "regression" else 1)
    prunes = given["pruning_mode"] != "none"
    start: dict[str, Value] = {} if given["center_bias"] else {"base_score": START[job.task]}
    return {
        "max_depth": given["max_depth"],
        "eta": given["learning_rate"],
        "alpha": _number(given["l1_regularization"]) * weight,
        "lambda": _number(given["l2_regularization"]) * weight,
        "gamma": prunes * _number(given["tree_complexity"]) * weight,
        "min_child_weight": _number(given["min_node_weight"]) * weight,
        "max_bin": max(round(1 / _number(given["quantile_sketch_epsilon"])), 2),
        **start,
    }


def _check_classes(job: FitJob) -> None:
    given = job.parameters.get("n_classes")
    if isinstance(given, int) and given < job.classes:
        raise refused(
            "E0461",
            f"`n_classes = {given}`, but the label has {job.classes} classes",
            "attribute n_classes",
            hint="leave `model.n_classes` out: classes are counted",
        )


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value
