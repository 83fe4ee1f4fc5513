"""What a stored model is made of: a manifest, fitted preprocessing, and the library's own files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle_format import FORMAT
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import ClassValue, Label
from sqlml.zoo.model import Estimator, ModelType, Task, Trainer
from sqlml.zoo.models import find_model

FILE = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All that is known about a model but its parameters' values; `manifest.json` in its folder.

    estimator: canonical name. pipeline: fitted features as JSON, by target. columns: the query's
    columns that they need, and label: the labels, each `{"name", "type"}` with the database's type,
    and `length` where its values list several numbers. classes: original values by class number.
    history: metrics per round, oldest first. base: the version that the training went on from.
    trials: those of a search, the best one marked. partition_by and segments: the columns of the
    key and what is known of each segment's model, where there is one model per segment. The store
    adds name, version, created, run, the size of the files in bytes, and, as they are now, aliases
    and tags.
    """

    estimator: str
    family: str
    task: Task
    pipeline: Mapping[str, Any]
    columns: tuple[Mapping[str, str], ...]
    label: tuple[Mapping[str, Any], ...] = ()
    classes: tuple[ClassValue, ...] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    statement: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: tuple[Mapping[str, float], ...] = ()
    rows: int = 0
    validation_rows: int = 0
    fingerprint: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    sqlml: str = ""
    base: str | None = None
    trials: tuple[Mapping[str, Any], ...] = ()
    facts: tuple[Mapping[str, str], ...] = ()
    partition_by: tuple[Mapping[str, str], ...] = ()
    segments: tuple[Mapping[str, Any], ...] = ()
    format: int = FORMAT
    name: str = ""
    version: int = 0
    created: str = ""
    run: str = ""
    bytes: int = 0
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[Label, ...]:
        return tuple(
            Label(one["name"], one["type"], self.classes, one.get("length")) for one in self.label
        )

    def to_json(self) -> dict[str, Any]:
        """The manifest as a trainer writes it: what only the store knows is left out."""
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: known[name] for name in known if name not in _OF_THE_STORE}


_OF_THE_STORE = ("name", "version", "created", "run", "bytes", "aliases", "tags")
_LASTING = (*_OF_THE_STORE, "estimator", "task", "statement")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A stored model, ready to use."""

    manifest: Manifest
    pipeline: Pipeline
    estimator: Estimator


def read_manifest(content: Mapping[str, Any]) -> Manifest:
    """The manifest of a stored model from its JSON.

    Raises:
        StepError: it was written by a newer sqlml.
    """
    if content.get("format", FORMAT) > FORMAT:
        reference, maker = f"{content['name']}@{content['version']}", content.get("sqlml", "")
        raise StepError(
            Diagnostic(
                "E0505",
                f"model `{reference}` was made by a newer sqlml {maker}".rstrip(),
                label=f"its format is {content['format']}, this sqlml reads {FORMAT}",
                hint="`pip install --upgrade sqlml`, or train it again",
                about="model",
            )
        )
    known = {one.name for one in fields(Manifest)}
    values = {name: value for name, value in content.items() if name in known}
    for name in (
        "columns", "label", "classes", "history", "aliases", "trials", "facts", "partition_by",
        "segments",
    ):  # fmt: skip
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return Manifest(**values)


def outline(content: Mapping[str, Any]) -> Manifest:
    """As `read_manifest`; of a newer sqlml's, no more than what must mean the same there."""
    if content.get("format", FORMAT) <= FORMAT:
        return read_manifest(content)
    needed = {"estimator": "", "family": "", "task": "", "pipeline": {}, "columns": ()}
    return Manifest(**needed | {name: content[name] for name in _LASTING if name in content})


def load(folder: Path) -> Bundle:
    """The model stored in a folder.

    Raises:
        StepError: it was written by a newer sqlml, or its estimator is not known here.
    """
    manifest = read_manifest(json.loads((folder / FILE).read_text("utf-8")))
    if manifest.segments:
        from sqlml.zoo.segments import load_together

        return load_together(manifest, folder)
    pipeline = Pipeline.from_json(manifest.pipeline[""])
    return Bundle(manifest, pipeline, trainer_of(model_type(manifest.estimator)).load(folder))


def model_type(name: str) -> ModelType:
    """The model of that name.

    Raises:
        StepError: there is none here, as when a plugin is not installed.
    """
    found = find_model(name)
    if found is None:
        raise StepError(
            Diagnostic(
                "E0427",
                f"there is no model type `{name}` here",
                hint="install the package that adds it, or name its folder: `--zoo DIR`",
                about="model",
            )
        )
    return found


def trainer_of(model: ModelType) -> Trainer:
    """The trainer of a kind of model; this is what loads its library."""
    module, _, name = model.trainer.partition(":")
    trainer: Trainer = getattr(import_module(module), name)()
    return trainer


def library_versions(model: ModelType) -> dict[str, str]:
    """The versions of the model's libraries."""
    return {one.module: one.version for one in model.made_with if one.version}
