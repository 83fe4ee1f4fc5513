"""Estimators of Couler's step zoo: hyperparameters first, then `fit`."""

from typing import Any, ClassVar, Self

from sqlml.couler.outputs import StepOutputs
from sqlml.couler.steps.table import Dataset, train_on_table


class Estimator:
    """Trains on a table. model_path: the name of the model, that of the function if not given."""

    estimator: ClassVar[str]

    def __init__(self, **hyperparameters: Any) -> None:
        self.hyperparameters = hyperparameters
        self.model_path: str | None = None

    def set_hyperparameters(self, **hyperparameters: Any) -> Self:
        """Set some of them, as the library names them."""
        self.hyperparameters |= hyperparameters
        return self

    def fit(self, data: Dataset, step_name: str | None = None) -> StepOutputs:
        """Write the step that trains; gives the model."""
        return train_on_table(
            self.estimator, data, self.hyperparameters, self.model_path, step_name
        )
