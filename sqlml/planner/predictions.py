"""Predicted trainings as a search asks for them (`tune.strategy = llm`)."""

from sqlml.planner.attributes import Attributes
from sqlml.planner.scope import Scope
from sqlml.zoo.model import ModelType
from sqlml.zoo.settings import TUNE


def plan_predictions(scope: Scope, attributes: Attributes, model: ModelType) -> int:
    """How many trainings are predicted for each trial; 0: none. Faults are told to the scope."""
    asked = attributes.find("tune", "strategy")
    if asked is None or asked.value != "llm":
        if (given := attributes.find("tune", "predictions")) is not None:
            message = "`tune.predictions` has no effect where nobody predicts"
            scope.fault("E0956", message, given.span, hint="add `tune.strategy = llm`")
        return 0
    if model.candidates:
        message = f"`{model.name}` chooses among estimators, and predictions are for one"
        scope.fault("E0957", message, asked.span, hint="name one estimator")
    if (pruner := attributes.find("tune", "pruner")) is not None and pruner.value != "none":
        message = "a pruner compares trials that Optuna has chosen"
        scope.fault("E0952", message, pruner.span, hint="leave `tune.pruner` out")
    predictions = attributes.value("tune", "predictions") or TUNE["predictions"].default
    assert isinstance(predictions, int)
    return predictions
