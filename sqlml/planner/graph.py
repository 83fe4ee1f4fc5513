"""Graphs: which columns hold a node's number and the ends of an edge."""

from collections.abc import Mapping
from dataclasses import replace

from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes
from sqlml.planner.features import Columns, resolve_features
from sqlml.planner.inputs import ALL_FEATURES
from sqlml.planner.scope import Scope
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import ColumnReference, Feature
from sqlml.zoo.features.number import Number
from sqlml.zoo.model import ModelType
from sqlml.zoo.models.graph import COLUMNS


def resolve_graph(
    scope: Scope, statement: ast.Train, attributes: Attributes, columns: Columns, model: ModelType
) -> Mapping[str, tuple[Feature, ...]]:
    """A node's number, the ends of its edge, then the features; faults are told to the scope."""
    found: dict[str, Feature] = {}
    for setting in COLUMNS:
        given = attributes.find("model", setting)
        name = str(model.parameters[setting].default if given is None else given.value)
        span = statement.model.span if given is None else given.written.value.span
        column = columns.schema.find(name.rpartition(".")[2])
        if column is None:
            message = f"the query has no column `{name}` for `model.{setting}`"
            hint = f"name the column with `model.{setting}`, or select it under that name"
            scope.fault("E0229", message, span, hint=hint)
            continue
        try:
            reference = ColumnReference(column.name, column.type)
            found[column.name.casefold()] = Number.parse((reference,))
        except AttributeProblem as problem:
            hint = "number the nodes in the query, as with `dense_rank() OVER (ORDER BY name)`"
            scope.fault("E0229", problem.message, span, hint=hint)
    roles = {**columns.roles, **dict.fromkeys(found, "number of a node")}
    features = resolve_features(scope, statement.columns, replace(columns, roles=roles), model)
    return {ALL_FEATURES: (*found.values(), *features[ALL_FEATURES])}
