"""The stored models as functions that SQL can call, loaded when the first row arrives."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import RLock

import pyarrow as pa

from sqlml.config import Settings, in_force
from sqlml.databases.database import Function
from sqlml.grammar.model_functions import SPELLED, Kind, ModelFunction, mentioned
from sqlml.runtime.context import model_is_gone
from sqlml.store.models import Version
from sqlml.store.store import Store
from sqlml.zoo.bundle import load, read_manifest
from sqlml.zoo.function import function_of, result_type

MOST_LOADED = 16

Compute = Callable[[pa.StructArray], pa.Array]


class ModelFunctions:
    """Implements `databases.database.Functions` over a store's models.

    A model is loaded once per version, kept while it is among the MOST_LOADED that were used last,
    and let go of when it is dropped. A plain name means the newest version at every call.
    """

    spelled = SPELLED

    def __init__(self, store: Store, settings: Settings) -> None:
        """settings: in force while models predict, in whichever thread of the database."""
        self._models = store.models
        self._settings = settings
        self._loaded: OrderedDict[tuple[Kind, str], Compute] = OrderedDict()
        self._newest: dict[str, Version] = {}
        self._seen = -1
        self._turn = RLock()

    def names(self) -> Iterable[str]:
        kinds: tuple[Kind, ...] = ("predict", "predict_proba")
        models = self._models.names()
        return [ModelFunction(kind, model).name for model in models for kind in kinds]

    def changes(self) -> int:
        return self._models.changes

    def find(self, name: str) -> Function | None:
        """The function `sqlml_predict:m`; None where there is no such model."""
        (function,) = mentioned(f'"{name.replace(chr(34), chr(34) * 2)}"')
        version = self._version(function.model)
        if version is None:
            return None
        manifest = read_manifest(version.manifest)
        return Function(
            result_type(manifest, function.kind), lambda records: self._call(function, records)
        )

    def _call(self, function: ModelFunction, records: pa.StructArray) -> pa.Array:
        version = self._version(function.model)
        if version is None:
            raise model_is_gone(function.model)
        with in_force(self._settings):
            return self._compute(function.kind, version)(records)

    def _compute(self, kind: Kind, version: Version) -> Compute:
        key = (kind, version.reference)
        with self._turn:
            if key not in self._loaded:
                self._models.verify(version)
                self._loaded[key] = function_of(load(version.folder), kind)
                if len(self._loaded) > MOST_LOADED:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(key)
            return self._loaded[key]

    def _version(self, model: str) -> Version | None:
        """The version that a name means now; the store is asked again when it has changed."""
        with self._turn:
            if self._seen != self._models.changes:
                self._seen = self._models.changes
                self._newest.clear()
                self._forget_dropped()
            found = self._newest.get(model)
            if found is None:
                name, _, version = model.partition("@")
                wanted = int(version) if version.isdecimal() else version or None
                found = self._models.find(name, wanted)
                if found is not None:
                    self._newest[model] = found
            return found

    def _forget_dropped(self) -> None:
        for kind, reference in list(self._loaded):
            name, _, number = reference.rpartition("@")
            if self._models.find(name, int(number)) is None:
                del self._loaded[kind, reference]
