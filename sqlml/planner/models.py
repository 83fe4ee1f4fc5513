"""Trained models as the statements of a program know them: stored before, or trained further up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlml.databases.database import Column
from sqlml.planner.catalog import Catalog
from sqlml.zoo.bundle import FORMAT
from sqlml.zoo.model import Task


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model before the program runs.

    version: as it was written; None is the newest. estimator: empty where the statement that trains
    it is wrong. columns: what its features need. classes: None where there are none, or where only
    the run can tell. trained_by: the index of the statement that trains it; None for a stored one.
    format: of what is stored.
    """

    name: str
    version: int | None = None
    estimator: str = ""
    task: Task | None = None
    columns: tuple[Column, ...] = ()
    labels: tuple[Column, ...] = ()
    classes: tuple[str | int | bool, ...] | None = None
    trained_by: int | None = None
    format: int = FORMAT

    @property
    def is_understood(self) -> bool:
        return bool(self.estimator)

    @property
    def is_readable(self) -> bool:
        """Whether this sqlml, and not only a newer one, can use what is stored."""
        return self.format <= FORMAT


class Models:
    """The models that statements can name, in any case; told of training and dropping in order."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._stored = {name.casefold(): name for name in catalog.models()}
        self._read: dict[tuple[str, int | None], Mapping[str, Any] | None] = {}
        self._trained: dict[str, Model] = {}
        self._dropped: set[tuple[str, int | None]] = set()

    def find(self, name: str, version: int | None = None) -> Model | None:
        """The model, or None when there is none, or none any more, at this point of the program."""
        key = name.casefold()
        if version is None and key in self._trained:
            return self._trained[key]
        if key not in self._stored or (key, None) in self._dropped:
            return None
        number = self._newest(key) if version is None else version
        if number is None or (key, number) in self._dropped:
            return None
        manifest = self._manifest(key, number)
        return None if manifest is None else _model(self._stored[key], version, manifest)

    def spelling(self, name: str) -> str:
        """The name as the model of that name was first spelt; as it is where there is none."""
        key = name.casefold()
        if key in self._trained:
            return self._trained[key].name
        return self._stored.get(key, name)

    def names(self) -> Iterator[str]:
        """All names that `find` knows."""
        stored = (name for key, name in self._stored.items() if (key, None) not in self._dropped)
        yield from {**dict.fromkeys(stored), **{m.name: None for m in self._trained.values()}}

    def newest(self, name: str) -> int | None:
        """The number of the newest stored version."""
        key = name.casefold()
        if key not in self._stored or (key, None) in self._dropped:
            return None
        return self._newest(key)

    def train(self, model: Model) -> None:
        """From here on, the plain name means this model."""
        self._trained[model.name.casefold()] = model

    def drop(self, name: str, version: int | None) -> None:
        """From here on, the model, or one version of it, is gone."""
        key = name.casefold()
        self._dropped.add((key, version))
        if version is None:
            self._trained.pop(key, None)

    def _newest(self, key: str) -> int | None:
        manifest = self._manifest(key, None)
        newest = 0 if manifest is None else int(manifest["version"])
        return next((number for number in range(newest, 0, -1) if self._stands(key, number)), None)

    def _stands(self, key: str, number: int) -> bool:
        return (key, number) not in self._dropped and self._manifest(key, number) is not None

    def _manifest(self, key: str, version: int | None) -> Mapping[str, Any] | None:
        if (key, version) not in self._read:
            self._read[key, version] = self._catalog.model(self._stored[key], version)
        return self._read[key, version]


def _model(name: str, version: int | None, manifest: Mapping[str, Any]) -> Model:
    if manifest.get("format", FORMAT) > FORMAT:
        return Model(name, version, format=manifest["format"])
    classes = manifest.get("classes")
    return Model(
        name,
        version,
        manifest["estimator"],
        manifest["task"],
        _columns(manifest["columns"]),
        _columns(manifest["label"]),
        None if classes is None else tuple(classes),
    )


def _columns(entries: list[Mapping[str, str]]) -> tuple[Column, ...]:
    return tuple(Column(entry["name"], entry["type"]) for entry in entries)
