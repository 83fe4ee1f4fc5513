"""The scikit-learn family: every estimator of the dictionary, found without loading the library."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from sqlml.zoo.attributes import Attribute, Dictionary, Value
from sqlml.zoo.library import SCIPY, SHAP, SKLEARN
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.settings import TRAIN

DICTIONARY = Path(__file__).with_name("dictionaries") / "sklearn.json"
TRAINER = "sqlml.zoo.models.sklearn_trainer:SklearnTrainer"


@cache
def dictionary() -> Mapping[str, Any]:
    """What `dictionaries/generate.py` wrote: version, and estimators by their public path."""
    read: Mapping[str, Any] = json.loads(DICTIONARY.read_text(encoding="utf-8"))
    return read


@dataclass(frozen=True)
class SklearnFamily:
    """scikit-learn's estimators, by path (`sklearn.cluster.KMeans`) or short name (`kmeans`)."""

    def names(self) -> tuple[str, ...]:
        return tuple(dictionary()["estimators"])

    def find(self, name: str) -> ModelType | None:
        path = self._spellings.get(name.casefold())
        return None if path is None else _model_type(path)

    def task(self, model: ModelType, parameters: Mapping[str, Value]) -> Task | None:
        return model.task

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """Path, `sklearn.KMeans`, `sqlflow_models.KMeans` and `KMeans`, folded, to the path."""
        spellings = {}
        for path in self.names():
            short = path.rpartition(".")[2]
            names = (path, f"sklearn.{short}", f"sqlflow_models.{short}", short)
            spellings.update({name.casefold(): path for name in names})
        return spellings


@cache
def _model_type(path: str) -> ModelType:
    entry = dictionary()["estimators"][path]
    parameters = Dictionary(_attribute(name, p) for name, p in entry["parameters"].items())
    settings = ["seed"] + ["weight"] * entry.get("weight", False)
    if entry["task"] == "classification" and ("class_weight" in parameters or "weight" in entry):
        settings.append("class_weight")
    return ModelType(
        path,
        "sklearn",
        entry["task"],
        parameters,
        TRAIN.only(*settings),
        TRAINER,
        categories="native" if entry.get("native") else "onehot",
        missing=entry.get("missing", False),
        sparse=entry.get("sparse", False),
        multilabel=entry.get("multilabel", False),
        doc=entry["doc"],
        libraries=(SKLEARN, SCIPY),
        explained_by=(SHAP,),
    )


def _attribute(name: str, entry: Mapping[str, Any]) -> Attribute:
    fields = {key: _tuples(value) for key, value in entry.items() if key != "also"}
    also = tuple(_attribute(name, form) for form in entry.get("also", ()))
    return Attribute(name, also=also, **fields)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


FAMILY = SklearnFamily()
