"""What a family says about attributes, one by one or together, before anything runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sqlml.zoo.attributes import Value
from sqlml.zoo.model import ModelType


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on one attribute, `model.order`; without one, on the model.

    is_fault: the attributes cannot stand like this; otherwise it is worth knowing only. code: of
    the fault.
    """

    attribute: str
    message: str
    hint: str = ""
    is_fault: bool = True
    code: str = "E0225"

    @property
    def about(self) -> str:
        return f"attribute {self.attribute}" if self.attribute else "model"


@runtime_checkable
class Remarking(Protocol):
    """A family that knows more about its attributes than their dictionaries tell."""

    def remarks(self, model: ModelType, given: Mapping[str, Value]) -> Iterable[Remark]:
        """Remarks on what was given, by full names such as `model.order`."""
        ...


def without_effect(names: Mapping[str, str], given: Mapping[str, Value]) -> Iterable[Remark]:
    """A remark on each attribute that is accepted and does nothing; `names` say why."""
    for name in given:
        if reason := names.get(name):
            yield Remark(name, f"`{name}` has no effect here: {reason}", is_fault=False)
