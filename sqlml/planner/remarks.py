"""What is worth knowing about the attributes of a TRAIN statement."""

from functools import cache

from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes
from sqlml.planner.locate import locate
from sqlml.planner.scope import Scope
from sqlml.zoo import MODELS
from sqlml.zoo.model import ModelType
from sqlml.zoo.remarks import Remarking

_NAMESPACES = ("model", "train")


def tell_notes(
    scope: Scope, statement: ast.Train, model: ModelType, attributes: Attributes
) -> None:
    """Tell the scope what the model's family notes about what was given."""
    family = _remarking(model.family)
    if family is None:
        return
    given = {
        f"{namespace}.{name}": value
        for namespace in _NAMESPACES
        for name, value in attributes.values(namespace).items()
    }
    for remark in family.remarks(model, given):
        if not remark.is_fault:
            scope.note(remark.message, locate(statement, remark.about))


@cache  # to look for a protocol's methods takes longer than most remarks
def _remarking(family: str) -> Remarking | None:
    loaded = MODELS.load(family)
    return loaded if isinstance(loaded, Remarking) else None
