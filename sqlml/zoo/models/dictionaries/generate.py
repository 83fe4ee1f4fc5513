"""Writes sklearn.json from the installed scikit-learn; run it with `python -m`.

Types, ranges, choices and defaults are those that the library itself checks; the words are ours.
"""

import inspect
import json
import math
import warnings
from collections.abc import Iterator, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from sqlml.zoo.models.dictionaries.sklearn_estimators import ESTIMATORS
from sqlml.zoo.models.dictionaries.sklearn_parameters import LEFT_OUT, PARAMETERS, SPECIAL

TARGET = Path(__file__).with_name("sklearn.json")

# A matrix of distances is no table of features, and a Python function no text.
NOT_IN_SQL = {"precomputed", "precomputed_nearest_neighbors", "pyfunc"}
LARGEST_SEED = 2**32 - 1
PLACEHOLDERS = ("deprecated", "warn")


def generate() -> dict[str, Any]:
    """The dictionary: the library's version, and each estimator by its public path."""
    import sklearn
    from sklearn.utils import all_estimators

    classes = {name: cls for name, cls in all_estimators() if name in ESTIMATORS}
    entries = {_public_path(cls): _estimator(name, cls) for name, cls in classes.items()}
    return {"version": sklearn.__version__, "estimators": dict(sorted(entries.items()))}


def write(dictionary: Mapping[str, Any]) -> str:
    """The dictionary as JSON text with one parameter a line, so that a change is a short diff."""
    lines = [f'{{"version": {json.dumps(dictionary["version"])},', '"estimators": {']
    estimators = []
    for path, entry in dictionary["estimators"].items():
        head = {key: value for key, value in entry.items() if key != "parameters"}
        parameters = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(parameter, allow_nan=False)}"
            for name, parameter in entry["parameters"].items()
        )
        body = f"{{\n{parameters}}}" if parameters else "{}"
        estimators.append(f'{json.dumps(path)}: {json.dumps(head)[:-1]}, "parameters": {body}}}')
    return "\n".join([*lines, ",\n".join(estimators), "}}"]) + "\n"


def _public_path(cls: type) -> str:
    """`sklearn.cluster.KMeans` for what is defined in `sklearn.cluster._kmeans`."""
    packages = cls.__module__.split(".")
    private = [i for i, package in enumerate(packages) if package.startswith("_")]
    return ".".join([*packages[: private[0] if private else None], cls.__name__])


def _estimator(name: str, cls: Any) -> dict[str, Any]:
    task = _task(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tags = cls().__sklearn_tags__()
    entry: dict[str, Any] = {"task": task, "doc": ESTIMATORS[name]}
    facts = {
        "missing": tags.input_tags.allow_nan,
        "sparse": tags.input_tags.sparse,
        "native": "categorical_features" in inspect.signature(cls).parameters,
        "multilabel": task == "regression" and tags.target_tags.multi_output,
        "weight": "sample_weight" in inspect.signature(cls.fit).parameters,
        "resume": _resumes(cls),
        "memorizes": not hasattr(cls, "predict")
        and not hasattr(cls, "transform")
        and not hasattr(cls, "score_samples"),
    }
    entry.update({fact: True for fact, holds in facts.items() if holds})
    entry["parameters"] = dict(_parameters(name, cls))
    return entry


def _task(cls: type) -> str:
    roles = {base.__name__ for base in cls.__mro__}
    if "ClassifierMixin" in roles:
        return "classification"
    if "RegressorMixin" in roles:
        return "regression"
    if "OutlierMixin" in roles:
        return "outliers"
    if "ClusterMixin" in roles and (hasattr(cls, "predict") or not hasattr(cls, "transform")):
        return "clustering"
    if "DensityMixin" in roles:
        return "clustering"
    if hasattr(cls, "transform") or hasattr(cls, "fit_transform"):
        return "transformation"
    return "density"


def _resumes(cls: type) -> bool:
    return hasattr(cls, "partial_fit") or "warm_start" in inspect.signature(cls).parameters


def _parameters(estimator: str, cls: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    constraints = cls._parameter_constraints
    for parameter in inspect.signature(cls).parameters.values():
        name = parameter.name
        if name in LEFT_OUT:
            continue
        entry = _forms(name, constraints[name])
        if not entry:
            continue
        doc = SPECIAL.get((estimator, name), PARAMETERS[name])
        if parameter.default in PLACEHOLDERS:
            doc += " scikit-learn is giving it up." if parameter.default == "deprecated" else ""
        elif parameter.default is not None and not _is_endless(parameter.default):
            entry["default"] = parameter.default
        entry["doc"] = doc
        yield name, entry


def _forms(name: str, constraints: list[Any]) -> dict[str, Any]:
    """What `constraints` allow, as fields of an Attribute; empty when SQL can say none of it."""
    ranges: list[dict[str, Any]] = []
    kinds: list[str] = []
    choices: list[Any] = []
    for constraint in constraints:
        form = _constraint(constraint) or {}
        choices += form.pop("choices", ())
        if set(form) == {"kinds"}:
            kinds += form["kinds"]
        elif form:
            ranges.append(form)
    if name == "class_weight":
        kinds.append("list")
    entry = _merged(ranges, kinds)
    real = [choice for choice in choices if choice is not None]
    if not entry and not real:
        return {}
    if choices:
        entry["choices"] = sorted(real, key=str) + [None] * (None in choices)
    return entry


def _merged(ranges: list[dict[str, Any]], kinds: list[str]) -> dict[str, Any]:
    """The first form, and the `also` forms beside it; a whole number goes before a share."""
    forms = sorted(ranges, key=lambda form: form["kinds"])
    if kinds:
        forms.append({"kinds": sorted(set(kinds))})
    distinct = [form for i, form in enumerate(forms) if form not in forms[:i]]
    if not distinct:
        return {}
    first, *others = distinct
    return {**first, "also": others} if others else dict(first)


def _constraint(constraint: Any) -> dict[str, Any] | None:
    """One constraint of scikit-learn's; None for what has no form in SQL."""
    from sklearn.utils._param_validation import Interval, Options, StrOptions

    match constraint:
        case None:
            return {"choices": [None]}
        case "boolean":
            return {"kinds": ["boolean"]}
        case "verbose":
            return {"kinds": ["integer"], "minimum": 0, "choices": [True, False]}
        case "random_state":
            return {
                "kinds": ["integer"],
                "minimum": 0,
                "maximum": LARGEST_SEED,
                "choices": [None],
            }
        case "cv_object":
            return {"kinds": ["integer"], "minimum": 2, "choices": [None]}
        case "array-like":
            return {"kinds": ["list"]}
        case StrOptions() | Options():
            unwanted = {*NOT_IN_SQL, *PLACEHOLDERS, *getattr(constraint, "deprecated", ())}
            kept = [_plain(option) for option in constraint.options if option not in unwanted]
            return {"choices": [option for option in kept if not _is_endless(option)]}
        case Interval():
            return _interval(constraint)
        case type():
            return _type(constraint)
    return None


def _interval(interval: Any) -> dict[str, Any]:
    form: dict[str, Any] = {"kinds": ["integer" if interval.type is Integral else "number"]}
    for side, limit in (("minimum", interval.left), ("maximum", interval.right)):
        if limit is not None and math.isfinite(limit):
            form[side] = _plain(limit)
            if interval.closed not in ({"minimum": "left", "maximum": "right"}[side], "both"):
                form[f"open_{side}"] = True
    return form


def _type(wanted: type) -> dict[str, Any] | None:
    if wanted is Integral:
        return {"kinds": ["integer"]}
    if wanted in (Real, float):
        return {"kinds": ["number"]}
    if wanted is str:
        return {"kinds": ["text"]}
    return {"kinds": ["list"]} if wanted in (tuple, list) else None


def _plain(value: Any) -> Any:
    """Python's own number for one of numpy's."""
    return value.item() if hasattr(value, "item") else value


def _is_endless(value: Any) -> bool:
    """NaN or infinity, which JSON does not have."""
    return isinstance(value, float) and not math.isfinite(value)


if __name__ == "__main__":
    TARGET.write_text(write(generate()), encoding="utf-8")
