"""The lines of a plain script that make features and train models."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlml.workflow.ir import Train
from sqlml.zoo.bundle import model_type


@dataclass(frozen=True, slots=True)
class Column:
    column: str
    kind: str  # number, codes or flags

    @property
    def is_category(self) -> bool:
        return self.kind != "number"

    def text(self, values: str) -> str:
        match self.kind:
            case "number":
                return f"number(rows, {self.column!r})"
            case "codes":
                return f"codes(rows, {self.column!r}, {values})"
            case _:
                return f"*flags(rows, {self.column!r}, {values})"


def columns_of(specs: list[Any], *, native: bool) -> Iterator[Column | None]:
    """None for what the script has no words for."""
    for spec in specs:
        match spec:
            case {"function": "NUMERIC", "column": {"column": name}}:
                yield Column(name, "number")
            case {"function": "TEXT", "of": {"column": {"column": name}}}:
                yield Column(name, "codes" if native else "flags")
            case {"function": "INDICATOR", "of": {"function": "VOCABULARY", "other": False,
                  "column": {"column": name}, **rest}} if not rest.get("values"):  # fmt: skip
                yield Column(name, "flags")
            case _:
                yield None


def xgboost_lines(name: str, train: Train, features: list[Column]) -> Iterator[str]:
    given = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in train.parameters.items()
        if name != "num_class"
    }
    parameters = {**given, "seed": train.settings.get("seed") or 0}
    kinds = [
        f"*['q'] * len({name}_values_{place})" if one.kind == "flags"
        else repr("c" if one.kind == "codes" else "q")
        for place, one in enumerate(features)
    ]  # fmt: skip
    default = model_type(train.estimator).settings["num_boost_round"].default
    rounds = train.settings.get("num_boost_round", default)
    yield f"parameters = {parameters!r}"
    if "objective" not in given:
        yield f"if {name}_classes is None:"
        yield '    parameters["objective"] = "reg:squarederror"'
        yield f"elif len({name}_classes) == 2:"
        yield '    parameters["objective"] = "binary:logistic"'
        yield "else:"
        yield '    parameters["objective"] = "multi:softprob"'
    yield 'if parameters["objective"] == "multi:softprob":'
    yield f'    parameters["num_class"] = len({name}_classes)'
    yield "matrix = xgb.QuantileDMatrix("
    yield f"    {name}_features(rows), label, feature_types=[{', '.join(kinds)}],"
    yield "    enable_categorical=True,"
    yield ")"
    yield f"{name} = xgb.train(parameters, matrix, {rounds})"


def sklearn_lines(name: str, train: Train) -> Iterator[str]:
    module, _, kind = train.estimator.rpartition(".")
    given = dict(train.parameters)
    yield f"from {module} import {kind}  # noqa: E402"
    yield f"{name} = {kind}({', '.join(f'{n}={v!r}' for n, v in given.items())})"
    if "random_state" not in given:
        yield f'if "random_state" in {name}.get_params():'
        yield f"    {name}.set_params(random_state={train.settings.get('seed') or 0})"
    yield f"{name}.fit({name}_features(rows), label)"
