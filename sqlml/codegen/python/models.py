"""The lines of a plain script that make features and train models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.quoting import identifier
from sqlml.workflow.ir import Train
from sqlml.zoo.bundle import model_type


@dataclass(frozen=True, slots=True)
class Column:
    """kind: number; codes, the places of its values among those known; or flags, one for each of
    them. buckets: its ranges are meant, between these boundaries or so many learnt ones.
    """

    column: str
    kind: str
    buckets: Sequence[float] | int | None = None

    def known(self) -> str:
        """What is known of the column before its features are made; empty for nothing."""
        if isinstance(self.buckets, int):
            return f"learnt_boundaries(query, {identifier(self.column)!r}, {self.buckets})"
        if self.buckets is not None:
            return repr([*self.buckets])
        return "" if self.kind == "number" else f"known_values(query, {identifier(self.column)!r})"

    def text(self, known: str) -> str:
        """Its features. known: the variable with what is known."""
        if self.kind == "number" and self.buckets is None:
            return f"number(rows, {self.column!r})"
        function = "codes" if self.buckets is None else "buckets"
        places = f"{function}(rows, {self.column!r}, {known})"
        return f"*flags({places}, {self.count(known)})" if self.kind == "flags" else places

    def count(self, known: str) -> str:
        """How many values there are."""
        return f"len({known})" if self.buckets is None else f"len({known}) + 1"


def columns_of(specs: list[Any], *, native: bool) -> Iterator[Column | None]:
    """None for what the script has no words for."""
    for spec in specs:
        match spec:
            case {"function": "NUMERIC", "column": {"column": name}}:
                yield Column(name, "number")
            case {"function": "TEXT", "of": {"column": {"column": name}}}:
                yield Column(name, "codes" if native else "flags")
            case {"function": "BUCKET"} if native:
                yield _ranges(spec, "number")
            case {"function": "INDICATOR", "of": {"function": "BUCKET"} as ranges}:
                yield _ranges(ranges, "flags")
            case {"function": "INDICATOR", "of": {"function": "VOCABULARY", "other": False,
                  "column": {"column": name}, **rest}} if not rest.get("values"):  # fmt: skip
                yield Column(name, "flags")
            case _:
                yield None


def _ranges(bucket: Any, kind: str) -> Column | None:
    """The ranges of a column of numbers; None for those of several at once."""
    of = bucket["of"]
    limits = bucket.get("boundaries") or bucket.get("n")
    return Column(of["column"]["column"], kind, limits) if of["function"] == "NUMERIC" else None


def xgboost_lines(name: str, train: Train, features: list[Column]) -> Iterator[str]:
    given = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in train.parameters.items()
        if name != "num_class"
    }
    parameters = {**given, "seed": train.settings.get("seed") or 0}
    kinds = [
        f"*['q'] * ({one.count(f'{name}_values_{place}')})" if one.kind == "flags"
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


def lightgbm_lines(name: str, train: Train, features: list[Column]) -> Iterator[str]:
    seed = train.settings.get("seed") or 0
    fixed = {"verbosity": -1, "deterministic": True, "data_random_seed": seed, "seed": seed}
    given = {name: value for name, value in train.parameters.items() if name != "num_class"}
    default = model_type(train.estimator).settings["num_boost_round"].default
    yield f"matrix = {name}_features(rows)"
    yield f"parameters = {fixed | given!r}"
    yield 'parameters["force_row_wise" if matrix.shape[1] <= 256 else "force_col_wise"] = True'
    if "objective" not in given:
        yield f"if {name}_classes is None:"
        yield '    parameters["objective"] = "regression"'
        yield f"elif len({name}_classes) == 2:"
        yield '    parameters["objective"] = "binary"'
        yield "else:"
        yield '    parameters["objective"] = "multiclass"'
    yield 'if parameters["objective"] == "multiclass":'
    yield f'    parameters["num_class"] = len({name}_classes)'
    yield "places = []  # of the categories"
    yield "width = 0"
    for place, one in enumerate(features):
        if one.kind == "codes":
            yield "places.append(width)"
        counted = one.count(f"{name}_values_{place}") if one.kind == "flags" else "1"
        yield f"width += {counted}"
    yield f"{name} = lightgbm.train("
    yield "    parameters,"
    yield "    lightgbm.Dataset("
    yield "        matrix, label, categorical_feature=places, params=dict(parameters)"
    yield "    ),"
    yield f"    {train.settings.get('num_boost_round', default)},"
    yield ")"


def sklearn_lines(name: str, train: Train) -> Iterator[str]:
    module, _, kind = train.estimator.rpartition(".")
    given = dict(train.parameters)
    yield f"from {module} import {kind}  # noqa: E402"
    yield f"{name} = {kind}({', '.join(f'{n}={v!r}' for n, v in given.items())})"
    if "random_state" not in given:
        yield f'if "random_state" in {name}.get_params():'
        yield f"    {name}.set_params(random_state={train.settings.get('seed') or 0})"
    yield f"{name}.fit({name}_features(rows), label)"
