"""Names of trained models in a statement: `m`, `m@3`, `m@champion`."""

from sqlml.errors import did_you_mean
from sqlml.grammar import ast
from sqlml.planner.models import Model
from sqlml.planner.plan import ModelUse
from sqlml.planner.scope import Scope
from sqlml.source import Span
from sqlml.zoo.bundle_format import FORMAT


def use_model(scope: Scope, name: ast.Name, way_out: str = "") -> tuple[ModelUse, Model | None]:
    """The model that a name means, and what is known of it: None where there is no such model.

    That is told to the scope. way_out: what to do where there are no models at all.
    """
    model = scope.models.find(name.text, name.version)
    if model is None:
        _tell_unknown(scope, name, way_out or f"train it first: TO TRAIN … INTO {name.text}")
        return ModelUse(name.text, name.version), None
    return ModelUse(model.name, model.version, model.trained_by), model


def usable_model(scope: Scope, name: ast.Name) -> tuple[ModelUse, Model | None]:
    """As `use_model`, for a statement that needs more of the model than its name."""
    use, model = use_model(scope, name)
    if model is not None and not model.is_readable:
        scope.fault(
            "E0505",
            f"model `{use.reference}` was made by a newer sqlml",
            name.span,
            label=f"its format is {model.format}, this sqlml reads {FORMAT}",
            hint="`pip install --upgrade sqlml`, or train it again",
        )
    return use, model


def has_alias(scope: Scope, model: str, alias: str, span: Span) -> bool:
    """Whether a model that is there has an alias; if it has not, that is told to the scope."""
    known = scope.models.aliases(model)
    if alias.casefold() in known:
        return True
    hint = did_you_mean(alias, known) or (
        f"its aliases: {', '.join(known)}"
        if known
        else f"`ALTER MODEL {model} SET ALIAS {alias} = 1` makes it stand for version 1"
    )
    scope.fault("E0281", f"model `{model}` has no alias `{alias}`", span, hint=hint)
    return False


def _tell_unknown(scope: Scope, name: ast.Name, way_out: str) -> None:
    models = scope.models
    known = name.version is not None and models.find(name.text) is not None
    if known and isinstance(name.version, str):
        has_alias(scope, models.spelling(name.text), name.version, name.span)
        return
    if not known:
        job = scope.job_models.get(name.text.casefold())
        hint = (
            f"job `{job}` trains it when it runs; its program is one statement, or BEGIN …; …; END"
            if job
            else did_you_mean(name.text, models.names())
        )
        if not hint:
            some = ", ".join(f"`{known}`" for known in list(models.names())[:10])
            hint = f"models: {some}" if some else way_out
        scope.fault("E0202", f"there is no trained model `{name.text}`", name.span, hint=hint)
        return
    newest = models.newest(name.text)
    message = f"model `{name.text}` has no version {name.version}"
    if newest is None:
        hint = f"`{name.text}` is trained further up: write its name without a version"
    else:
        hint = f"the newest stored version is `{name.text}@{newest}`"
    scope.fault("E0210", message, name.span, hint=hint)
