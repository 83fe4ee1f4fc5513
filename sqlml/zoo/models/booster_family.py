"""A family of boosting models, known by their names without loading the library."""

from collections.abc import Callable, Mapping

from sqlml.zoo.attributes import Value
from sqlml.zoo.model import ModelType, Task


class BoosterFamily:
    """Models whose `objective` says what they do; see zoo.model.Family.

    Names such as `xgboost.XGBClassifier` are known by their last part, too.
    """

    def __init__(self, models: tuple[ModelType, ...], task_of: Callable[[str], Task]) -> None:
        self._models = models
        self._task_of = task_of
        self._by_name = {spelling: model for model in models for spelling in _spellings(model.name)}

    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self._models)

    def find(self, name: str) -> ModelType | None:
        return self._by_name.get(name.casefold())

    def task(self, model: ModelType, parameters: Mapping[str, Value]) -> Task | None:
        objective = parameters.get("objective")
        return self._task_of(objective) if isinstance(objective, str) else model.task


def _spellings(name: str) -> tuple[str, ...]:
    """The folded names; a last part with capitals, such as `XGBClassifier`, stands for itself."""
    last = name.rpartition(".")[2]
    return (name.casefold(),) if last.islower() else (name.casefold(), last.casefold())
