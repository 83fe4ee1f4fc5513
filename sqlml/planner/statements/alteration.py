"""ALTER MODEL: aliases, tags and names of models that are there at this point."""

from dataclasses import replace
from typing import assert_never

from sqlml.grammar import ast
from sqlml.planner.plan import Alter
from sqlml.planner.references import has_alias, use_model
from sqlml.planner.scope import Scope
from sqlml.planner.wording import plain


def plan_alter(scope: Scope, statement: ast.AlterModel) -> Alter:
    """What ALTER MODEL does; later statements know the model with what was changed."""
    change = statement.change
    if isinstance(change, ast.SetAlias):
        return _set_alias(scope, statement, change)
    use, model = use_model(scope, statement.model)
    match change:
        case ast.DropAlias():
            alias = change.alias
            if model is not None and has_alias(scope, model.name, alias.text, alias.span):
                scope.models.drop_alias(model.name, alias.text)
            return Alter(statement, "drop-alias", use, alias.text)
        case ast.SetTag():
            value = change.value
            text = value.text if isinstance(value, ast.Word) else plain(value.value)
            return Alter(statement, "set-tag", use, change.tag.text, text)
        case ast.DropTag():
            return Alter(statement, "drop-tag", use, change.tag.text)
        case ast.Rename():
            if model is not None:
                _rename(scope, model.name, change.name)
            return Alter(statement, "rename", use, change.name.text)
        case _:
            assert_never(change)


def _set_alias(scope: Scope, statement: ast.AlterModel, change: ast.SetAlias) -> Alter:
    name = statement.model
    if change.version is not None and scope.models.find(name.text) is not None:
        name = replace(name, version=change.version, span=change.span)
    use, model = use_model(scope, name)
    if model is not None:
        scope.models.set_alias(model, change.alias.text)
    return Alter(statement, "set-alias", use, change.alias.text)


def _rename(scope: Scope, name: str, to: ast.Name) -> None:
    if name.casefold() != to.text.casefold() and scope.models.find(to.text) is not None:
        scope.fault(
            "E0283",
            f"there is a model `{scope.models.spelling(to.text)}` already",
            to.span,
            hint="choose another name, or drop that model first",
        )
    else:
        scope.models.rename(name, to.text)
