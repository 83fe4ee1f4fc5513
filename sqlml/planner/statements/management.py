"""SHOW TRAIN, SHOW MODELS, DESCRIBE MODEL, DROP MODEL: models that are there at this point."""

from sqlml.grammar import ast
from sqlml.planner.plan import Manage, ModelUse
from sqlml.planner.references import use_model
from sqlml.planner.scope import Scope

_NONE = "no model is stored beside this database: is it the right one (`--db`)?"

Management = ast.ShowTrain | ast.ShowModels | ast.DescribeModel | ast.DropModel


def plan_manage(scope: Scope, statement: Management) -> Manage:
    """What a statement about models does. A dropped model is unknown to later statements."""
    match statement:
        case ast.ShowModels():
            return Manage(statement, "show-models")
        case ast.ShowTrain():
            return Manage(statement, "show-train", use_model(scope, statement.model, _NONE)[0])
        case ast.DescribeModel():
            return Manage(statement, "describe", use_model(scope, statement.model, _NONE)[0])
        case ast.DropModel():
            return _drop(scope, statement)


def _drop(scope: Scope, statement: ast.DropModel) -> Manage:
    name = statement.model
    if statement.if_exists and scope.models.find(name.text, name.version) is None:
        use = ModelUse(name.text, name.version)
    else:
        use, _ = use_model(
            scope, name, "no model is stored here; DROP MODEL IF EXISTS goes on then"
        )
    aliases = _aliases(scope, name)
    if aliases:
        scope.fault(
            "E0282",
            f"the alias `{aliases[0]}` stands for this version of `{use.name}`",
            name.span,
            hint=f"`ALTER MODEL {use.name} DROP ALIAS {aliases[0]}` first, or let the alias stand"
            " for another version",
        )
    elif not isinstance(name.version, str):
        scope.models.drop(name.text, name.version)
    return Manage(statement, "drop", use, statement.if_exists)


def _aliases(scope: Scope, name: ast.Name) -> tuple[str, ...]:
    """The aliases that stand for the version that is named; with all versions, they may go."""
    match name.version:
        case None:
            return ()
        case str(alias):
            return (alias,) if scope.models.find(name.text, alias) else ()
        case int(number):
            return scope.models.aliases(name.text, number)
