"""What a user's fitted estimator is made of, kept as data: no pickle, nothing that is run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.models import sklearn_files

STATE, ARRAYS = "state.json", "arrays.npz"
OWN = "own"  # the folder for what the class saves by itself
_ARRAY, _ESTIMATOR, _TUPLE, _KEYS = "$array", "$estimator", "$tuple", "$keys"


def save(fitted: Any, folder: Path, name: str) -> None:
    """Write a fitted estimator: by its own `save(folder)`, else its attributes.

    Raises:
        StepError: E0635, an attribute is neither number, text, list, dict nor array, nor a
            scikit-learn estimator.
    """
    if hasattr(fitted, "save"):
        (folder / OWN).mkdir()
        fitted.save(folder / OWN)
        return
    writer = _Writer(folder, name)
    state = {key: writer.told(key, value) for key, value in vars(fitted).items()}
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
    np.savez(folder / ARRAYS, **writer.arrays)


def load(kind: Any, folder: Path) -> Any:
    """The estimator of a class that `save` wrote."""
    if (folder / OWN).is_dir():
        return kind.load(folder / OWN)
    fitted = kind.__new__(kind)
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        for key, value in state.items():
            setattr(fitted, key, _restored(value, arrays, folder))
    return fitted


class _Writer:
    def __init__(self, folder: Path, name: str) -> None:
        self.arrays: dict[str, Any] = {}
        self._folder = folder
        self._name = name
        self._estimators = 0

    def told(self, path: str, value: Any) -> Any:
        """A value as JSON; `path` is where it is, for people."""
        match value:
            case None | bool() | int() | float() | str():
                return value
            case np.ndarray() | np.generic() if value.dtype != object:
                self.arrays[f"a{len(self.arrays)}"] = value
                return {_ARRAY: f"a{len(self.arrays) - 1}"}
            case list():
                return [self.told(f"{path}[{i}]", item) for i, item in enumerate(value)]
            case tuple():
                return {_TUPLE: [self.told(f"{path}[{i}]", item) for i, item in enumerate(value)]}
            case Mapping():
                keys = [self.told(f"a key of {path}", key) for key in value]
                return {
                    _KEYS: keys,
                    "values": [self.told(f"{path}[{k!r}]", value[k]) for k in value],
                }
            case _ if type(value).__module__.startswith("sklearn."):
                self._estimators += 1
                name = f"estimator_{self._estimators}"
                (self._folder / name).mkdir()
                sklearn_files.save(value, self._folder / name)
                return {_ESTIMATOR: name}
            case _:
                raise StepError(
                    Diagnostic(
                        "E0635",
                        f"`{self._name}` cannot be stored: `{path}` is a {type(value).__name__}",
                        hint="keep numbers, text, lists, dicts, NumPy arrays and scikit-learn "
                        "estimators only, or give the class `save(folder)` and `load(folder)`",
                        about="model",
                    )
                )


def _restored(value: Any, arrays: Any, folder: Path) -> Any:
    match value:
        case list():
            return [_restored(item, arrays, folder) for item in value]
        case {"$array": name}:
            array = arrays[name]
            return array if array.ndim else array[()]
        case {"$estimator": name}:
            return sklearn_files.load(folder / name)
        case {"$tuple": items}:
            return tuple(_restored(item, arrays, folder) for item in items)
        case {"$keys": keys, "values": values}:
            pairs = zip(keys, values, strict=True)
            return {_restored(k, arrays, folder): _restored(v, arrays, folder) for k, v in pairs}
        case _:
            return value
