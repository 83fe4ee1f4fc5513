"""A model as a plain script has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlml.codegen.python.features import Columns
from sqlml.workflow.ir import Train
from sqlml.zoo.bundle import model_type
from sqlml.zoo.model import Task
from sqlml.zoo.models.sklearn import dictionary

OBJECTIVES: Mapping[str, tuple[str | None, ...]] = {  # that boosters may have
    "xgboost.gbtree": (None, "reg:squarederror", "binary:logistic", "multi:softprob"),
    "xgboost.XGBClassifier": (None, "binary:logistic", "multi:softprob"),
    "xgboost.XGBRegressor": (None, "reg:squarederror"),
    "xgboost.XGBRanker": (None, "rank:ndcg", "rank:pairwise", "rank:map"),
    "lightgbm.gbdt": (None, "regression", "binary", "multiclass"),
}
UNLABELLED = ("clustering", "outliers", "density", "transformation")
_CALLS = {"transformation": "transform", "density": "score_samples"}


@dataclass(frozen=True, slots=True)
class Model:
    """name: of the variable. label: the column. task: None where the label decides it."""

    name: str
    label: str
    estimator: str
    task: Task | None
    features: Sequence[Columns]

    @property
    def family(self) -> str:
        return model_type(self.estimator).family

    @property
    def is_booster(self) -> bool:
        return self.estimator in OBJECTIVES

    @property
    def matrix(self) -> str:
        return f"{self.name}_features(rows)"

    def predicted(self, matrix: str = "matrix") -> str:
        call = "inplace_predict" if self.family == "xgboost" else _CALLS.get(self.task or "")
        told = f"{self.name}.{call or 'predict'}({matrix})"
        is_label = self.is_booster and self.task != "ranking"
        return f"likeliest({told}, {self.name}_classes)" if is_label else told


def task_of(train: Train) -> Task | None:
    """None where the label decides it."""
    objective = str(train.parameters.get("objective", ""))
    if train.estimator in OBJECTIVES and objective.startswith("reg"):
        return "regression"
    if train.estimator in OBJECTIVES and objective.startswith(("binary", "multi")):
        return "classification"
    return model_type(train.estimator).task


def memorizes(estimator: str) -> bool:
    """Whether it only sorts the rows that it was trained on."""
    return bool(dictionary()["estimators"][estimator].get("memorizes"))
