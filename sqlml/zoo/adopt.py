"""A booster that was made elsewhere, as a model like those that TRAIN makes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sqlml import __version__
from sqlml.errors import Diagnostic, ProgramError
from sqlml.zoo.bundle import Manifest, library_versions, model_type
from sqlml.zoo.features.contract import ColumnReference, Encoding
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import ClassValue

_NO_NAMES = re.compile(r"Column_\d+|f\d+")  # what the libraries call columns without names
_TEXT_MODEL = b"tree\n"
_PICKLE = b"\x80"
_KINDS = "known are XGBoost's JSON and UBJSON and LightGBM's text files"


@dataclass(frozen=True, slots=True)
class Found:
    """A booster as its file has it. names: of its columns, empty where the file has none."""

    estimator: Any
    model: str
    names: tuple[str, ...]
    width: int
    classes: int


def adopt(
    file: Path,
    folder: Path,
    *,
    features: Sequence[str] = (),
    label: str = "label",
    classes: Sequence[str] = (),
) -> Manifest:
    """Write the booster of a file into an empty folder; returns what is known about it.

    features: the names of its columns, in their order, where the file has none or others. classes:
    what the classes are called; by default they are 0, 1 …

    Raises:
        ProgramError: E0584 the file is no booster, E0585 names or classes do not fit it.
    """
    found = _read(file)
    names = _names(found, features)
    estimator = _renamed(found, names)
    if estimator.predict(np.zeros((1, found.width), dtype=np.float32)).ndim > 1:
        raise _misfit("the model gives several numbers for each row")
    estimator.save(folder)
    task = estimator.task
    model = model_type(found.model)
    encoding = Encoding(
        model.categories, model.missing, model.sparse, dtype=model.dtype, layout=model.layout
    )
    numbers = tuple(Number(ColumnReference(name, "DOUBLE")) for name in names)
    values = _classes(found, classes) if task == "classification" else None
    return Manifest(
        estimator=model.name,
        family=model.family,
        task=task,
        pipeline={"": Pipeline(numbers, encoding).to_json()},
        columns=tuple({"name": name, "type": "DOUBLE"} for name in names),
        label=({"name": label, "type": _label_type(values)},),
        classes=values,
        statement=f"imported from {file.name}",
        libraries=library_versions(model),
        sqlml=__version__,
    )


def _read(file: Path) -> Found:
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _unreadable(f"`{file}` cannot be read: {reason}", "") from error
    if content.startswith(_TEXT_MODEL):
        return _lightgbm(file, content.decode("utf-8", "replace"))
    if content.startswith(b"{") and b"learner" in content[:4096]:
        return _xgboost(file, content)
    if content.startswith(_PICKLE):
        hint = "save the booster itself: `booster.save_model(…)`"
        raise _unreadable(f"`{file}` is a pickle, which could run any program when loaded", hint)
    raise _unreadable(f"`{file}` is no model file that sqlml knows", _KINDS)


def _xgboost(file: Path, content: bytes) -> Found:
    from sqlml.zoo.models.xgboost_estimator import estimator_of, xgboost

    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(content))
    except (xgboost.core.XGBoostError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise _unreadable(f"`{file}` is no XGBoost model: {reason}", _KINDS) from error
    if "c" in (booster.feature_types or ()):
        raise _misfit(f"`{file}` was trained on categories, whose codes the file does not tell")
    width = int(booster.num_features())
    given = tuple(booster.feature_names or ())
    estimator = estimator_of(booster, given)
    return Found(
        estimator, f"xgboost.{estimator.nature.kind}", given, width, estimator.nature.classes
    )


def _lightgbm(file: Path, text: str) -> Found:
    from sqlml.zoo.models.lightgbm_estimator import estimator_of, lightgbm

    if re.search(r"^num_cat=[1-9]", text, re.MULTILINE):
        raise _misfit(f"`{file}` was trained on categories, whose codes the file does not tell")
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise _unreadable(f"`{file}` is no LightGBM model: {error}", _KINDS) from error
    given = tuple(booster.feature_name())
    estimator = estimator_of(booster, given)
    boosting = re.search(r"^\[boosting: (\w+)\]$", text, re.MULTILINE)
    kind = boosting[1] if boosting and boosting[1] in ("dart", "rf") else "gbdt"
    return Found(estimator, f"lightgbm.{kind}", given, len(given), estimator.nature.classes)


def _names(found: Found, features: Sequence[str]) -> tuple[str, ...]:
    names = tuple(features) or found.names
    if not names or (not features and all(map(_NO_NAMES.fullmatch, names))):
        raise _misfit(
            f"the file does not name its {found.width} columns",
            f"`--features` gives their names in order: {_some(found.width)}",
        )
    if len(names) != found.width:
        raise _misfit(f"the model has {found.width} columns, but {len(names)} names were given")
    folded = [name.casefold() for name in names]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice is not None:
        raise _misfit(f"two columns are named `{twice}`", "give each a name with `--features`")
    return names


def _some(width: int) -> str:
    return ",".join("abcdefgh"[:width]) + (",…" if width > 8 else "")


def _renamed(found: Found, names: tuple[str, ...]) -> Any:
    nature = replace(found.estimator.nature, features=names)
    return replace(found.estimator, nature=nature)


def _classes(found: Found, given: Sequence[str]) -> tuple[ClassValue, ...]:
    count = max(found.classes, 2)
    if not given:
        return tuple(range(count))
    if len(given) != count or len(set(given)) != count:
        raise _misfit(f"the model has {count} classes; {len(set(given))} were named")
    return tuple(given)


def _label_type(classes: tuple[ClassValue, ...] | None) -> str:
    if classes is None:
        return "DOUBLE"
    return "VARCHAR" if isinstance(classes[0], str) else "BIGINT"


def _unreadable(message: str, hint: str) -> ProgramError:
    return ProgramError(Diagnostic("E0584", message, hint=hint))


def _misfit(message: str, hint: str = "") -> ProgramError:
    return ProgramError(Diagnostic("E0585", message, hint=hint))
