"""COLUMN … FOR: which of a model's inputs each clause feeds, and what they need."""

from collections.abc import Mapping, Sequence

from sqlml.errors import did_you_mean
from sqlml.grammar import ast
from sqlml.planner.older_names import instead_of_input
from sqlml.planner.scope import Scope
from sqlml.source import Span
from sqlml.zoo.features.contract import Feature
from sqlml.zoo.model import ModelType

ALL_FEATURES = ""  # the target of a model with a single input


def items_by_target(
    scope: Scope, clauses: Sequence[ast.ColumnClause], model: ModelType
) -> Mapping[str, Sequence[ast.ColumnItem]]:
    """What each input of the model is fed with: all inputs with everything, without a clause."""
    if not clauses:
        return dict.fromkeys(model.inputs or (ALL_FEATURES,), ())
    return {_target(scope, clause, model): clause.items for clause in clauses}


def check_sequence(
    scope: Scope, features: Mapping[str, Sequence[Feature]], model: ModelType, place: Span
) -> None:
    """Whether a model that reads ids in their order is given any; if not, the scope is told."""
    if any(feature.is_sequence for several in features.values() for feature in several):
        return
    scope.fault(
        "E0530",
        f"`{model.name}` reads ids in their order, and no feature gives it any",
        place,
        hint="write `COLUMN EMBEDDING(SEQ_CATEGORY_ID(column, n), dimension)`",
    )


def _target(scope: Scope, clause: ast.ColumnClause, model: ModelType) -> str:
    """The input that a clause feeds; a wrong one is told to the scope."""
    written = clause.target
    if not model.inputs:
        if written is not None:
            scope.fault(
                "E0217",
                f"`{model.name}` has a single input, which has no name",
                written.span,
                hint=f"leave out `FOR {written.text}`, and put all columns into one COLUMN",
            )
        return ALL_FEATURES
    listed = " and ".join(f"`{name}`" for name in model.inputs)
    if written is None:
        scope.fault(
            "E0235",
            f"`{model.name}` has several inputs: {listed}",
            clause.span,
            label="which of them is it for?",
            hint=f"write `COLUMN … FOR {model.inputs[0]}`",
        )
        return ALL_FEATURES
    known = {name.casefold(): name for name in model.inputs}
    found = known.get(written.text.casefold())
    if found is None:
        hint = did_you_mean(written.text, model.inputs) or instead_of_input(written.text)
        scope.fault(
            "E0235",
            f"`{model.name}` has no input `{written.text}`: it has {listed}",
            written.span,
            hint=hint or f"write `COLUMN … FOR {model.inputs[0]}`",
        )
    return found or ALL_FEATURES
