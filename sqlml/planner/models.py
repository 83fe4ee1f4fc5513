"""Trained models as the statements of a program know them: stored before, or trained further up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlml.databases.database import Column
from sqlml.planner.catalog import Catalog
from sqlml.planner.outputs import names_of_stored
from sqlml.zoo.bundle_format import FORMAT
from sqlml.zoo.model import Task


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model before the program runs.

    version: as it was written, a number or an alias; None is the newest. estimator: empty where the
    statement that trains it is wrong. columns: what its features need. classes: None where there
    are none, or where only the run can tell. trained_by: the index of the statement that trains it;
    None for a stored one. format: of what is stored. partition: the columns of the key, where there
    is one model per segment. outputs: gives the names of the matrix columns that are known by now.
    """

    name: str
    version: int | str | None = None
    estimator: str = ""
    task: Task | None = None
    columns: tuple[Column, ...] = ()
    labels: tuple[Column, ...] = ()
    classes: tuple[str | int | bool, ...] | None = None
    trained_by: int | None = None
    format: int = FORMAT
    parameters: Mapping[str, Any] = field(default_factory=dict)
    partition: tuple[str, ...] = ()
    outputs: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False)

    @property
    def is_understood(self) -> bool:
        return bool(self.estimator)

    @property
    def is_readable(self) -> bool:
        """Whether this sqlml, and not only a newer one, can use what is stored."""
        return self.format <= FORMAT


class Models:
    """The models that statements can name, in any case; told in order of what becomes of them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._stored = {name.casefold(): name for name in catalog.models()}
        self._kept_as = dict(self._stored)  # the name that the catalog knows
        self._read: dict[tuple[str, int | None], Mapping[str, Any] | None] = {}
        self._trained: dict[str, Model] = {}
        self._dropped: set[tuple[str, int | None]] = set()
        self._aliases: dict[str, dict[str, int | Model]] = {}

    def find(self, name: str, version: int | str | None = None) -> Model | None:
        """The model, or None when there is none, or none any more, at this point of the program."""
        key = name.casefold()
        if version is None and key in self._trained:
            return self._trained[key]
        if isinstance(version, str):
            return self._aliased(key, version)
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

    def aliases(self, name: str, version: int | None = None) -> tuple[str, ...]:
        """The aliases of a model, or of one version of it."""
        known = self._aliases_of(name.casefold())
        return tuple(alias for alias, of in known.items() if version in (None, of))

    def set_alias(self, model: Model, alias: str) -> None:
        """From here on, the alias stands for the version that `model` is."""
        known = self._aliases_of(model.name.casefold())
        match model:
            case Model(version=int(number)):
                known[alias.casefold()] = number
            case Model(version=str(other)):
                known[alias.casefold()] = known[other.casefold()]
            case _:
                newest = None if model.trained_by is not None else self.newest(model.name)
                known[alias.casefold()] = newest or model

    def drop_alias(self, name: str, alias: str) -> None:
        """From here on, the alias stands for nothing."""
        self._aliases_of(name.casefold()).pop(alias.casefold(), None)

    def rename(self, name: str, to: str) -> None:
        """From here on, the model, with all its versions and aliases, has another name."""
        key, new = name.casefold(), to.casefold()
        aliases = self._aliases_of(key)
        dropped = {(n, v) for n, v in self._dropped if n == key and v is not None}
        trained = self._trained.pop(key, None)
        kept_as = self._kept_as.pop(key, None)
        self._stored.pop(key, None)
        self._dropped = {(n, v) for n, v in self._dropped if n not in (key, new)}
        self._read = {k: found for k, found in self._read.items() if k[0] not in (key, new)}
        if kept_as is not None:
            self._stored[new], self._kept_as[new] = to, kept_as
            self._dropped |= {(new, version) for _, version in dropped}
        if trained is not None:  # by the name it is trained under nobody finds it any more
            self._trained[new] = replace(trained, name=to, trained_by=None)
        self._aliases[key], self._aliases[new] = {}, aliases

    def train(self, model: Model) -> None:
        """From here on, the plain name means this model."""
        self._trained[model.name.casefold()] = model

    def drop(self, name: str, version: int | None) -> None:
        """From here on, the model, or one version of it, is gone."""
        key = name.casefold()
        self._dropped.add((key, version))
        if version is None:
            self._trained.pop(key, None)
            self._aliases[key] = {}

    def _aliased(self, key: str, alias: str) -> Model | None:
        """What an alias stands for. Only the run can tell the number of what the program trains."""
        target = self._aliases_of(key).get(alias.casefold())
        match target:
            case None:
                return None
            case int():
                found = self.find(key, target)
            case _:
                found = target
        return None if found is None else replace(found, version=alias, trained_by=None)

    def _aliases_of(self, key: str) -> dict[str, int | Model]:
        if key not in self._aliases:
            stored = key in self._stored and (key, None) not in self._dropped
            known = self._catalog.aliases(self._kept_as[key]) if stored else {}
            self._aliases[key] = dict(known)
        return self._aliases[key]

    def _newest(self, key: str) -> int | None:
        manifest = self._manifest(key, None)
        newest = 0 if manifest is None else int(manifest["version"])
        return next((number for number in range(newest, 0, -1) if self._stands(key, number)), None)

    def _stands(self, key: str, number: int) -> bool:
        return (key, number) not in self._dropped and self._manifest(key, number) is not None

    def _manifest(self, key: str, version: int | None) -> Mapping[str, Any] | None:
        if (key, version) not in self._read:
            self._read[key, version] = self._catalog.model(self._kept_as[key], version)
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
        parameters=manifest.get("parameters", {}),
        partition=tuple(one["name"] for one in manifest.get("partition_by") or ()),
        outputs=partial(names_of_stored, manifest.get("pipeline", {})),
    )


def _columns(entries: list[Mapping[str, str]]) -> tuple[Column, ...]:
    return tuple(Column(entry["name"], entry["type"]) for entry in entries)
