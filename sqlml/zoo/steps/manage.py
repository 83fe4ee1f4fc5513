"""SHOW TRAIN, SHOW MODELS, DESCRIBE MODEL, DROP MODEL."""

import json
from typing import Literal

import pyarrow as pa

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Manifest, outline, read_manifest
from sqlml.zoo.context import Context
from sqlml.zoo.steps.describe import describe, overview
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.stored import chosen_version, find_version, reference, unknown

_PLANNED_BY = ("estimator", "task", "columns", "label", "classes", "parameters", "partition_by")


def run(
    context: Context,
    *,
    action: Literal["show-train", "show-models", "describe", "drop"],
    model: str = "",
    if_exists: bool = False,
    version: int | str | None = None,
) -> Outcome:
    """Look at or drop stored models. version: a number or an alias; None is the newest, or all.

    Raises:
        StepError: there is no such model.
    """
    match action:
        case "show-models":
            table = overview(context.models)
        case "show-train":
            chosen = outline(chosen_version(context.models, model, version))
            table = pa.table(
                {"Model": [reference(model, version)], "Train Statement": [chosen.statement]}
            )
        case "describe":
            content = chosen_version(context.models, model, version)
            table = describe(context.models, read_manifest(content))
        case "drop":
            return _drop(context, model, version, if_exists=if_exists)
    context.result(table)
    return Outcome(summary=_count(table.num_rows, "row"), rows=table.num_rows)


def _drop(context: Context, name: str, version: int | str | None, *, if_exists: bool) -> Outcome:
    content = find_version(context.models, name, version)
    if content is None:
        if not if_exists:
            raise unknown(context.models, name, version)
        return Outcome(summary="nothing to drop")
    found = outline(content)
    if version is not None and found.aliases:
        raise _aliased(found)
    dropped = context.models.drop(name, None if version is None else found.version)
    lost = reference(name, None if version is None else found.version)
    outputs = {"dropped": lost, "known": _known(found)}
    return Outcome(summary=f"{_count(dropped, 'version')} dropped", outputs=outputs)


def _known(found: Manifest) -> str:
    """What a program that used the model must know of it to be planned again."""
    known = found.to_json()
    return json.dumps({"version": found.version, **{name: known[name] for name in _PLANNED_BY}})


def _aliased(found: Manifest) -> StepError:
    alias = found.aliases[0]
    hint = f"`ALTER MODEL {found.name} DROP ALIAS {alias}` first"
    message = f"the alias `{alias}` stands for `{reference(found.name, found.version)}`"
    return StepError(Diagnostic("E0282", message, hint=hint, about="model"))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
