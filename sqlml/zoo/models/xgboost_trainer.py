"""Fits XGBoost's models."""

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sqlml.zoo.attributes import Value
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.booster_errors import refused, spellings_of, told_by
from sqlml.zoo.models.booster_job import (
    Nature,
    Objectives,
    check_base,
    choose_objective,
    constraint_indices,
    is_measured,
    number_of_classes,
    patience_of,
    rounds_of,
    seed_of,
    threads_of,
)
from sqlml.zoo.models.class_weight import weighed_by_class
from sqlml.zoo.models.lean_import import import_lean
from sqlml.zoo.models.xgboost import FAMILY, own_defaults
from sqlml.zoo.models.xgboost_estimator import XGBoostEstimator, estimator_of, load
from sqlml.zoo.models.xgboost_matrix import Form, build, check_categories

xgboost = import_lean("xgboost")

OBJECTIVES = Objectives(
    classes="multi:softprob",
    binary="binary:logistic",
    regression="reg:squarederror",
    ranking="rank:ndcg",
    two_classes=("binary:logistic", "binary:logitraw", "binary:hinge"),
    many_classes=("multi:softprob", "multi:softmax"),
)
BINNED_UPDATERS = ("grow_quantile_histmaker",)


class XGBoostTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> XGBoostEstimator:
        """Train, and keep the best round if training stopped early.

        Raises:
            StepError: E0460-E0466, the parameters do not fit each other, the label or the rows.
        """
        model = FAMILY.find(job.model)
        assert model is not None
        job = weighed_by_class(job)
        spellings = spellings_of(model.parameters, job.parameters)
        with told_by("xgboost", xgboost.core.XGBoostError, spellings):
            parameters = library_parameters(job)
            form = form_of(job, parameters)
            _check_parameters(parameters, job, spellings)
            default = model.settings["num_boost_round"].default
            assert isinstance(default, int)
            booster = _train(job, parameters, form, rounds_of(job, default))
        return estimator_of(booster, tuple(job.train.names))

    def load(self, folder: Path) -> XGBoostEstimator:
        with told_by("xgboost", xgboost.core.XGBoostError, {}):
            return load(folder)


def library_parameters(job: FitJob) -> dict[str, Any]:
    """The parameters as `xgboost.train` wants them.

    Raises:
        StepError: E0461, the objective or `num_class` does not fit the label; E0466, a constraint
            names no feature.
    """
    given: dict[str, Value] = {**own_defaults(job.model), **job.parameters}
    given.pop("num_class", None)
    objective = choose_objective(job, OBJECTIVES)
    if objective in OBJECTIVES.many_classes:
        given["num_class"] = number_of_classes(job)
    constraints = "interaction_constraints"
    if constraints in given:
        given[constraints] = constraint_indices(given[constraints], job.train.names, constraints)
    linear = given.get("booster") == "gblinear"
    one_thread = linear and given.get("updater", "shotgun") == "shotgun"
    parameters = {name: _library_value(name, value) for name, value in given.items()}
    return {
        "verbosity": 0,
        **parameters,
        "objective": objective,
        "seed": seed_of(job),
        "nthread": 1 if one_thread else threads_of(job, "nthread"),
    }


def form_of(job: FitJob, parameters: Mapping[str, Any]) -> Form:
    """How the rows must be held for these parameters.

    Raises:
        StepError: E0463, exact trees on categories; E0462, no such trees can be trained from disk.
    """
    method = str(parameters.get("tree_method", "auto"))
    updater = str(parameters.get("updater", "grow_quantile_histmaker"))
    linear = parameters.get("booster") == "gblinear"
    quantized = (
        not linear
        and method in ("auto", "hist")
        and updater in BINNED_UPDATERS
        and parameters.get("process_type", "default") == "default"
    )
    exact = not linear and (method == "exact" or "grow_colmaker" in updater)
    if exact:
        check_categories(job.train, "exact")
    cached = bool(job.settings.get("disk_cache"))
    if job.base is not None and not cached:  # an earlier model looks at values, not at their bins
        quantized = False
    if cached and (linear or exact):
        raise refused(
            "E0462",
            "`disk_cache` has no effect here: "
            + ("`gblinear`" if linear else "`tree_method = 'exact'`")
            + " needs all rows in memory",
            "attribute disk_cache",
            hint="use trees with `tree_method = 'hist'`, or leave `disk_cache` out",
        )
    return Form(
        quantized=quantized,
        cached=cached,
        survival=parameters["objective"] == "survival:aft",
        max_bin=int(parameters.get("max_bin", 256)),
        threads=job.threads,
    )


def _train(job: FitJob, parameters: dict[str, Any], form: Form, rounds: int) -> Any:
    base = _base_of(job, parameters)
    train = build(job.train, job, form)
    evaluated = [(train, "train")] if is_measured(job, "eval_metric") else []
    if job.validation is not None:
        evaluated.append((build(job.validation, job, form, train), "validation"))
    callbacks: list[Any] = [_Progress(job, rounds)]
    patience = patience_of(job)
    if patience:
        callbacks.append(xgboost.callback.EarlyStopping(rounds=patience))
    booster = xgboost.train(
        parameters,
        train,
        rounds,
        evals=evaluated,
        callbacks=callbacks,
        xgb_model=base,
        verbose_eval=False,
    )
    if patience and parameters.get("booster") != "gblinear":
        booster = booster[: booster.best_iteration + 1]
    return booster


def _base_of(job: FitJob, parameters: Mapping[str, Any]) -> Any:
    """The booster to continue, if there is one."""
    if job.base is None:
        return None
    ours = job.base if isinstance(job.base, XGBoostEstimator) else None
    nature = Nature(
        kind=parameters.get("booster", "gbtree"),
        objective=parameters["objective"],
        classes=parameters.get("num_class", 0),
        features=tuple(job.train.names),
    )
    check_base(None if ours is None else ours.nature, nature)
    return None if ours is None else ours.booster


class _Progress(xgboost.callback.TrainingCallback):  # type: ignore[misc, name-defined]
    """Reports each round, with what was measured in it."""

    def __init__(self, job: FitJob, rounds: int) -> None:
        super().__init__()
        self._report = job.report
        self._rounds = rounds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        measured = {
            f"{rows}_{metric}": float(scores[-1])
            for rows, metrics in evals_log.items()
            for metric, scores in metrics.items()
        }
        self._report(epoch + 1, self._rounds, measured)
        return False


def _check_parameters(
    parameters: Mapping[str, Any], job: FitJob, spellings: Mapping[str, str]
) -> None:
    """Let the library look at the parameters before any row is read.

    Raises:
        StepError: E0462, one would have no effect.
    """
    sample = xgboost.DMatrix(np.zeros((1, max(job.train.width, 1))), label=[0.5])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        booster = xgboost.Booster({**parameters, "verbosity": 1}, [sample])
        booster.save_config()
    told = "\n".join(str(warning.message) for warning in caught)
    unused = re.search(r"Parameters: \{(.*)\} are not used", told)
    for name in re.findall(r'"([^"]+)"', unused[1]) if unused else ():
        if name in spellings:
            raise refused(
                "E0462",
                f"`{name}` has no effect with `objective = '{parameters['objective']}'`"
                f" and `booster = '{parameters.get('booster', 'gbtree')}'`",
                f"attribute {spellings[name]}",
                hint=f"leave `{name}` out",
            )
    if "Device is changed" in told:
        raise refused(
            "E0462",
            f"`device = '{parameters['device']}'`: XGBoost finds no such device",
            "attribute device",
            hint="leave `device` out; a GPU needs XGBoost's GPU build: pip install xgboost",
        )


def _library_value(name: str, value: Value) -> Any:
    match value:
        case bool():
            return int(value)
        case tuple() if name == "monotone_constraints":
            return "(" + ",".join(str(item) for item in value) + ")"
        case tuple() if name == "eval_metric":
            return list(value)
        case tuple():
            return json.dumps(value)
        case _:
            return value
