"""SHOW TRAIN, SHOW MODELS, DESCRIBE MODEL, DROP MODEL."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa

from sqlml.errors import Diagnostic, StepError, did_you_mean
from sqlml.zoo.bundle import Manifest, read_manifest
from sqlml.zoo.context import Context
from sqlml.zoo.label import class_name
from sqlml.zoo.steps.outcome import Outcome

Property = tuple[str, str, str]


def run(
    context: Context,
    *,
    action: Literal["show-train", "show-models", "describe", "drop"],
    model: str = "",
    if_exists: bool = False,
) -> Outcome:
    """Look at or drop stored models; `model` is `name` or `name@version`.

    Raises:
        StepError: there is no such model.
    """
    match action:
        case "show-models":
            table = _models(context)
        case "show-train":
            chosen = _chosen(context, model)
            table = pa.table({"Model": [model], "Train Statement": [chosen.statement]})
        case "describe":
            table = _description(context, _chosen(context, model))
        case "drop":
            return _drop(context, model, if_exists=if_exists)
    context.result(table)
    return Outcome(summary=_count(table.num_rows, "row"), rows=table.num_rows)


def _models(context: Context) -> pa.Table:
    newest = [read_manifest(context.models.versions(name)[-1]) for name in context.models.names()]
    return pa.table(
        {
            "model": pa.array([one.name for one in newest], pa.string()),
            "version": pa.array([one.version for one in newest], pa.int32()),
            "estimator": pa.array([one.estimator for one in newest], pa.string()),
            "task": pa.array([one.task for one in newest], pa.string()),
            "label": pa.array([_labels(one) for one in newest], pa.string()),
            "rows": pa.array([one.rows for one in newest], pa.int64()),
            "metrics": pa.array([_shown(one.metrics) for one in newest], pa.string()),
            "created": pa.array([one.created for one in newest], pa.string()),
        }
    )


def _description(context: Context, chosen: Manifest) -> pa.Table:
    versions = context.models.versions(chosen.name)
    properties = [
        *_about(chosen),
        *_schema(chosen),
        *(("metric", name, f"{value:.6g}") for name, value in chosen.metrics.items()),
        *(("parameter", name, _plain(value)) for name, value in chosen.parameters.items()),
        *(("setting", name, _plain(value)) for name, value in chosen.settings.items()),
        *_lineage(chosen),
        *_versions(versions),
    ]
    sections, names, values = zip(*properties, strict=True)
    return pa.table({"section": sections, "property": names, "value": values})


def _about(chosen: Manifest) -> Iterator[Property]:
    yield "model", "name", chosen.name
    yield "model", "version", str(chosen.version)
    yield "model", "estimator", chosen.estimator
    yield "model", "task", chosen.task
    yield "model", "rows", str(chosen.rows)
    if chosen.validation_rows:
        yield "model", "validation rows", str(chosen.validation_rows)


def _schema(chosen: Manifest) -> Iterator[Property]:
    for feature in chosen.pipeline[""]["features"]:
        columns = list(_columns(feature))
        types = ", ".join(dict.fromkeys(column["type"] for column in columns))
        names = ", ".join(dict.fromkeys(column["column"] for column in columns))
        yield "feature", names, f"{feature['function']} of {types}"
    for column in chosen.label:
        yield "label", column["name"], column["type"]
    if chosen.classes is not None:
        yield "label", "classes", ", ".join(map(class_name, chosen.classes))


def _columns(spec: Any) -> Iterator[Mapping[str, str]]:
    """The columns in a feature's JSON, those of nested features included."""
    if isinstance(spec, Mapping):
        if "column" in spec and "function" not in spec:
            yield spec
        else:
            for value in spec.values():
                yield from _columns(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from _columns(value)


def _lineage(chosen: Manifest) -> Iterator[Property]:
    yield "lineage", "run", chosen.run
    if chosen.base:
        yield "lineage", "continues", chosen.base
    yield "lineage", "data", chosen.fingerprint
    for library, version in chosen.libraries.items():
        yield "lineage", library, version
    yield "lineage", "sqlml", chosen.sqlml
    yield "lineage", "statement", chosen.statement


def _versions(contents: Sequence[Mapping[str, Any]]) -> Iterator[Property]:
    for content in reversed(contents):
        one = read_manifest(content)
        yield (
            "version",
            _reference(one),
            ", ".join(filter(None, (one.created, _shown(one.metrics)))),
        )


def _drop(context: Context, model: str, *, if_exists: bool) -> Outcome:
    name, version = _parsed(model)
    dropped = context.models.drop(name, version)
    if not dropped and not if_exists:
        raise _unknown(context, model)
    return Outcome(
        summary=f"{_count(dropped, 'version')} dropped" if dropped else "nothing to drop"
    )


def _chosen(context: Context, model: str) -> Manifest:
    name, version = _parsed(model)
    for content in reversed(context.models.versions(name)):
        if version is None or content["version"] == version:
            return read_manifest(content)
    raise _unknown(context, model)


def _unknown(context: Context, model: str) -> StepError:
    name, version = _parsed(model)
    known = [content["version"] for content in context.models.versions(name)]
    if version is not None and known:
        hint = f"its versions: {', '.join(map(str, known))}"
    else:
        hint = did_you_mean(name, context.models.names()) or "list them with SHOW MODELS"
    return StepError(Diagnostic("E0426", f"there is no model `{model}`", hint=hint, about="model"))


def _parsed(model: str) -> tuple[str, int | None]:
    name, at, version = model.rpartition("@")
    return (name, int(version)) if at and version.isdecimal() else (model, None)


def _reference(chosen: Manifest) -> str:
    return f"{chosen.name}@{chosen.version}"


def _labels(chosen: Manifest) -> str:
    return ", ".join(label.name for label in chosen.labels)


def _shown(metrics: Mapping[str, float]) -> str:
    """The validation metrics, or where there are none the training metrics."""
    validation = {k: v for k, v in metrics.items() if k.startswith("validation_")}
    return ", ".join(f"{name} {value:.3f}" for name, value in (validation or metrics).items())


def _plain(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case list() | tuple():
            return "[" + ", ".join(map(_plain, value)) + "]"
        case _:
            return str(value)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
