"""What a model's family says about the attributes of a TRAIN statement."""

from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes
from sqlml.planner.scope import Scope
from sqlml.zoo import MODELS
from sqlml.zoo.model import ModelType
from sqlml.zoo.remarks import Remarking

_NAMESPACES = ("model", "train", "validation")


def tell_remarks(
    scope: Scope, statement: ast.Train, model: ModelType, attributes: Attributes
) -> None:
    """Tell the scope what does not go together, and what is worth knowing."""
    family = MODELS.load(model.family)
    if not isinstance(family, Remarking):
        return
    given = {
        f"{namespace}.{name}": value
        for namespace in _NAMESPACES
        for name, value in attributes.values(namespace).items()
    }
    for remark in family.remarks(model, given):
        namespace, _, name = remark.attribute.partition(".")
        found = attributes.find(namespace, name)
        span = statement.model.span if found is None else found.span
        if remark.is_fault:
            scope.fault(remark.code, remark.message, span, hint=remark.hint)
        else:
            scope.note(remark.message, span)
