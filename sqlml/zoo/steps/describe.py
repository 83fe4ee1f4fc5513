"""SHOW MODELS and DESCRIBE MODEL: what is known about stored models, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sqlml.zoo.bundle import Manifest, outline
from sqlml.zoo.context import Models
from sqlml.zoo.label import class_name
from sqlml.zoo.steps.measure import MOST_ROWS_MEASURED
from sqlml.zoo.steps.stored import reference
from sqlml.zoo.steps.trial_result import in_words

Property = tuple[str, str, str]

_KIB = 1024


def describe(models: Models, chosen: Manifest) -> pa.Table:
    """One row for each thing that is known: its section, its name, and its value as text."""
    versions = models.versions(chosen.name)
    sources = models.sources(chosen.name, chosen.version)
    properties = [
        *_about(chosen),
        *(("tag", tag, value) for tag, value in chosen.tags.items()),
        *_schema(chosen),
        *_metrics(chosen),
        *_segments(chosen),
        *((one["section"], one["property"], one["value"]) for one in chosen.facts),
        *(("parameter", name, _plain(value)) for name, value in chosen.parameters.items()),
        *(("setting", name, _plain(value)) for name, value in chosen.settings.items()),
        *_trials(chosen),
        *_lineage(chosen, sources),
        *_versions(versions),
    ]
    sections, names, values = zip(*properties, strict=True)
    return pa.table({"section": sections, "property": names, "value": values})


def overview(models: Models) -> pa.Table:
    """One row for each model: its newest version, and the aliases of all."""
    newest = [outline(models.versions(name)[-1]) for name in models.names()]
    return pa.table(
        {
            "model": pa.array([one.name for one in newest], pa.string()),
            "version": pa.array([one.version for one in newest], pa.int32()),
            "estimator": pa.array([one.estimator for one in newest], pa.string()),
            "task": pa.array([one.task for one in newest], pa.string()),
            "label": pa.array([_labels(one) for one in newest], pa.string()),
            "rows": pa.array([one.rows for one in newest], pa.int64()),
            "metrics": pa.array([_shown(one.metrics) for one in newest], pa.string()),
            "aliases": pa.array([_aliases(models, one.name) for one in newest], pa.string()),
            "tags": pa.array([_tags(one) for one in newest], pa.string()),
            "created": pa.array([one.created for one in newest], pa.string()),
        }
    )


def _labels(chosen: Manifest) -> str:
    return ", ".join(label.name for label in chosen.labels)


def _aliases(models: Models, name: str) -> str:
    """All aliases of a model: `champion@3`."""
    versions = map(outline, models.versions(name))
    return ", ".join(f"{alias}@{one.version}" for one in versions for alias in one.aliases)


def _tags(chosen: Manifest) -> str:
    return ", ".join(f"{tag} = {value}" for tag, value in chosen.tags.items())


def _shown(metrics: Mapping[str, float]) -> str:
    """The metrics on rows that were held back, or where there are none all of them."""
    held = {k: v for k, v in metrics.items() if k.startswith(("validation_", "folds_"))}
    return ", ".join(f"{name} {value:.3f}" for name, value in (held or metrics).items())


def _about(chosen: Manifest) -> Iterator[Property]:
    yield "model", "name", chosen.name
    yield "model", "version", str(chosen.version)
    if chosen.aliases:
        yield "model", "aliases", ", ".join(chosen.aliases)
    yield "model", "estimator", chosen.estimator
    yield "model", "task", chosen.task
    if chosen.rows:
        yield "model", "rows", f"{chosen.rows:,}"
    if chosen.validation_rows:
        yield "model", "validation rows", f"{chosen.validation_rows:,}"
    yield "model", "created", chosen.created
    if seconds := sum(chosen.seconds.values()):
        yield "model", "training time", f"{seconds:.2f} s"
    if chosen.bytes:
        yield "model", "size", f"{chosen.bytes / _KIB:,.1f} KiB"


def _schema(chosen: Manifest) -> Iterator[Property]:
    for target, pipeline in chosen.pipeline.items():
        section = f"feature for {target}" if target else "feature"
        for feature in pipeline["features"]:
            columns = list(_columns(feature))
            types = ", ".join(dict.fromkeys(column["type"] for column in columns))
            names = ", ".join(dict.fromkeys(column["column"] for column in columns))
            yield section, names, f"{feature['function']} of {types}"
    for column in chosen.label:
        yield "label", column["name"], column["type"]
    if chosen.classes is not None:
        yield "label", "classes", ", ".join(map(class_name, chosen.classes))


def _segments(chosen: Manifest) -> Iterator[Property]:
    for column in chosen.partition_by:
        yield "partition", column["name"], column["type"]
    for one in chosen.segments:
        name = "all rows" if one["key"] is None else ", ".join(one["key"])
        found = (f"{one['rows']:,} rows", _shown(one["metrics"]))
        yield "segment", name, ", ".join(filter(None, found))


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


def _metrics(chosen: Manifest) -> Iterator[Property]:
    """Each metric, and the rows it was measured on."""
    some = f"about {MOST_ROWS_MEASURED:,} of " if chosen.rows > MOST_ROWS_MEASURED else ""
    rows = {
        "train": f"on {some}the {chosen.rows:,} training rows",
        "validation": f"on {chosen.validation_rows:,} validation rows",
        "folds": f"on {chosen.settings.get('validation.folds')} folds",
    }
    for name, value in chosen.metrics.items():
        yield "metric", name, f"{value:.6g} {rows.get(name.partition('_')[0], '')}".rstrip()


def _trials(chosen: Manifest) -> Iterator[Property]:
    for one in chosen.trials:
        known = f"{one['metric']} {one['score']:.4f}" if one["score"] is not None else one["state"]
        estimator = "" if one["estimator"] == chosen.estimator else f"{one['estimator']} "
        mark = " (best)" if one["best"] else ""
        told = f"{known}{mark}: {estimator}{in_words(one['values'])}"
        yield "trial", str(one["number"]), told + (f" – {one['failure']}" if one["failure"] else "")


def _lineage(chosen: Manifest, sources: Sequence[tuple[str, str, str]]) -> Iterator[Property]:
    if chosen.run:
        yield "lineage", "run", chosen.run
    if chosen.base:
        yield "lineage", "continues", chosen.base
    for kind, name, fingerprint in sources:
        if kind != "model":
            yield "lineage", kind, f"{name}  {fingerprint}".rstrip()
    if chosen.fingerprint:
        yield "lineage", "data", chosen.fingerprint
    for library, version in chosen.libraries.items():
        yield "lineage", library, version
    yield "lineage", "sqlml", chosen.sqlml
    yield "lineage", "statement", chosen.statement


def _versions(contents: Sequence[Mapping[str, Any]]) -> Iterator[Property]:
    for one in map(outline, reversed(contents)):
        told = (one.created, ", ".join(one.aliases), _shown(one.metrics))
        yield "version", reference(one.name, one.version), ", ".join(filter(None, told))


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
