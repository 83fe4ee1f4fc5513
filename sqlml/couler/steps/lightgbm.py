"""LightGBM: trees trained on a table."""

from collections.abc import Mapping
from typing import Any

from sqlml.couler.outputs import StepOutputs
from sqlml.couler.steps.estimator import Estimator
from sqlml.couler.steps.table import Dataset, train_on_table

__all__ = ["Dataset", "LightGBMEstimator", "train"]


class LightGBMEstimator(Estimator):
    """Gradient boosted trees of LightGBM, grown leaf by leaf."""

    estimator = "lightgbm.gbdt"


def train(
    datasource: Dataset,
    model_params: Mapping[str, Any] | None = None,
    train_params: Mapping[str, Any] | None = None,
    *,
    model_path: str | None = None,
    step_name: str | None = None,
    image: str | None = None,
) -> StepOutputs:
    """Train on a table; gives the model.

    model_params, train_params: as LightGBM names them. model_path: the model's name, that of the
    function if not given. The step is run by a worker of sqlml, which needs no other image.
    """
    parameters = {**(model_params or {}), **(train_params or {})}
    return train_on_table(
        LightGBMEstimator.estimator, datasource, parameters, model_path, step_name
    )
