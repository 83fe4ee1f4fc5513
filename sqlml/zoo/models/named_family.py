"""A family of a few models, each known by one name that may stand behind several prefixes."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from sqlml.errors import Diagnostic
from sqlml.zoo.attributes import Value
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.remarks import Remark

Remarks = Callable[[ModelType, Mapping[str, Value]], Iterable[Remark]]


class NamedFamily:
    """See zoo.model.Family and ChecksParameters, and zoo.remarks.Remarking.

    A model `family.ARIMA` is found as `ARIMA`, and as `prefix.ARIMA` for the family and every one
    of `prefixes`; case and underscores do not matter.
    """

    def __init__(
        self,
        models: tuple[ModelType, ...],
        *,
        prefixes: tuple[str, ...] = (),
        remarks: Remarks = lambda _model, _given: (),
    ) -> None:
        self._models = {_fold(model.name.rpartition(".")[2]): model for model in models}
        self._prefixes = {"", models[0].family, *prefixes}
        self._remarks = remarks

    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self._models.values())

    def find(self, name: str) -> ModelType | None:
        prefix, _, last = name.rpartition(".")
        return self._models.get(_fold(last)) if prefix.casefold() in self._prefixes else None

    def task(self, model: ModelType, parameters: Mapping[str, Value]) -> Task | None:
        return model.task

    def check(self, model: ModelType, parameters: Mapping[str, Value]) -> Iterator[Diagnostic]:
        given = {f"model.{name}": value for name, value in parameters.items()}
        for told in self._remarks(model, given):
            if told.is_fault:
                yield Diagnostic(told.code, told.message, hint=told.hint, about=told.about)

    def remarks(self, model: ModelType, given: Mapping[str, Value]) -> Iterable[Remark]:
        return self._remarks(model, given)


def _fold(name: str) -> str:
    return name.casefold().replace("_", "")
