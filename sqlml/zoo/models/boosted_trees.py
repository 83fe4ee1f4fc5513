"""The boosted trees of TensorFlow's estimators, by their names and attributes, grown by XGBoost."""

from collections.abc import Iterable, Mapping

from sqlml.zoo.attributes import Dictionary, Value
from sqlml.zoo.library import XGBOOST
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.models.dictionaries.boosted_trees_parameters import (
    NO_EFFECT,
    SETTINGS,
    classifier_parameters,
    regressor_parameters,
)
from sqlml.zoo.models.named_family import NamedFamily
from sqlml.zoo.remarks import Remark, without_effect


def remarks(_model: ModelType, given: Mapping[str, Value]) -> Iterable[Remark]:
    """What has no effect, and pruning without the gain that a split must have."""
    yield from without_effect(NO_EFFECT, given)
    complexity, mode = "model.tree_complexity", given.get("model.pruning_mode", "none")
    if mode != "none" and not given.get(complexity):
        yield Remark(
            "model.pruning_mode",
            f"pruning cuts splits that gain less than `{complexity}`, which is 0",
            f"add `{complexity} = 0.01`, or leave `model.pruning_mode` out",
        )
    if mode == "none" and given.get(complexity):
        yield Remark(
            complexity,
            f"`{complexity}` has no effect without `model.pruning_mode = 'pre'` or `'post'`",
            is_fault=False,
        )


def _model(name: str, task: Task, parameters: Dictionary, doc: str) -> ModelType:
    return ModelType(
        name=f"boosted_trees.{name}",
        family="boosted_trees",
        libraries=(XGBOOST,),
        task=task,
        parameters=parameters,
        settings=SETTINGS,
        trainer="sqlml.zoo.models.boosted_trees_trainer:BoostedTreesTrainer",
        categories="native",
        missing=True,
        sparse=True,
        dtype="float32",
        layout="columns",
        doc=doc,
    )


FAMILY = NamedFamily(
    (
        _model(
            "BoostedTreesClassifier",
            "classification",
            classifier_parameters(),
            "TensorFlow's boosted trees for classes, grown by XGBoost.",
        ),
        _model(
            "BoostedTreesRegressor",
            "regression",
            regressor_parameters(),
            "TensorFlow's boosted trees for numbers, grown by XGBoost.",
        ),
    ),
    prefixes=("estimator", "tf.estimator", "tensorflow.estimator"),
    remarks=remarks,
)
