"""Successive halving as a training asks for it: what trials get more of, or what is wrong."""

from sqlml.planner.attributes import Attributes
from sqlml.planner.scope import Scope
from sqlml.source import Span
from sqlml.zoo.halving import ROWS, Halving
from sqlml.zoo.model import ModelType
from sqlml.zoo.settings import TUNE

_RESOURCES = ("num_boost_round", "epoch")
_OF_ALL_ROWS = ("statsmodels", "graph")  # rows follow each other, or are joined to each other


def plan_halving(
    scope: Scope, attributes: Attributes, model: ModelType, trials: int, place: Span
) -> Halving | None:
    """The bracket; None where none is asked for, or something is wrong, which the scope is told."""
    asked = attributes.find("tune", "strategy")
    if asked is None or asked.value != "halving":
        _refuse_idle_reduction(scope, attributes)
        return None
    if model.candidates or model.family in _OF_ALL_ROWS:
        message = f"`{model.name}` has no rounds, nor a meaning with some of the rows alone"
        scope.fault("E0950", message, asked.span, hint="leave `tune.strategy` out")
        return None
    resource = next((name for name in _RESOURCES if name in model.settings), None)
    given = None if resource is None else attributes.find("train", resource)
    if given is not None and given.space is not None:
        message = f"`train.{resource}` is what halving gives to trials, nothing to search for"
        scope.fault("E0951", message, given.span, hint="give one value: what the best trials get")
        return None
    if (pruner := attributes.find("tune", "pruner")) is not None and pruner.value != "none":
        message = "halving itself says which trials are given up"
        scope.fault("E0952", message, pruner.span, hint="leave `tune.pruner` out")
        return None
    reduction = attributes.value("tune", "reduction") or TUNE["reduction"].default
    assert isinstance(reduction, int)
    if resource is None:
        halving = Halving(trials, ROWS, 1, reduction)
    else:
        most = model.settings[resource].default if given is None else given.value
        assert isinstance(most, int)
        halving = Halving(trials, f"train.{resource}", most, reduction)
    if len(halving.rungs) == 1:
        few = f"{trials} trials" if trials < reduction else f"`train.{resource} = {halving.most}`"
        message = f"{few} cannot be divided by {reduction}: there is nothing to halve"
        hint = f"raise {'`tune.trials`' if trials < reduction else f'`train.{resource}`'}"
        scope.fault("E0953", message, place, hint=hint)
    return halving


def _refuse_idle_reduction(scope: Scope, attributes: Attributes) -> None:
    if (given := attributes.find("tune", "reduction")) is not None:
        message = "`tune.reduction` has no effect without halving"
        scope.fault("E0954", message, given.span, hint="add `tune.strategy = halving`")
