"""The lines of a plain script that make features and train models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.quoting import identifier
from sqlml.workflow.ir import Train
from sqlml.zoo.bundle import model_type

_EXACT = frozenset(  # types whose values Arrow writes as DuckDB does
    {"VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT",
     "UINTEGER", "UBIGINT"}
)  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Cross:
    """A category for each combination of others, as flags. parts: how the script says them."""

    parts: Sequence[str]
    n: int
    kind: str = "flags"

    def known(self) -> str:
        return ""

    def text(self, _known: str) -> str:
        return f"*flags(crossed([{', '.join(self.parts)}], {self.n}), {self.n})"

    def count(self, _known: str) -> str:
        return str(self.n)


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that are not trained on. share: of those given; else they are those of a query.

    patience: rounds without a better score on them after which training stops; 0: never.
    """

    share: float = 0.0
    query: str = ""
    patience: int = 0
    seed: int = 0

    def lines(self, name: str, label: str) -> Iterator[str]:
        """`matrix` and `label` are to be trained on, `held_matrix` and `held_label` not."""
        yield f"matrix = {name}_features(rows)"
        if self.query:
            yield f"held_rows = fetch({self.query})"
            yield f"held_matrix = {name}_features(held_rows)"
            yield f"held_label = encoded(held_rows[{label!r}], {name}_classes)"
        else:
            yield f"held = held_back(label, {name}_classes, {self.share!r}, {self.seed})"
            yield "held_matrix, held_label = matrix[held], label[held]"
            yield "matrix, label = matrix[~held], label[~held]"


def columns_of(specs: list[Any], *, native: bool) -> Iterator[Column | Cross | None]:
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
            case {"function": "INDICATOR", "of": {"function": "CROSS", "parts": parts, "n": n}}:
                told = [*map(_crossed_part, parts)]
                yield None if None in told else Cross([one for one in told if one], n)
            case {"function": "INDICATOR", "of": {"function": "VOCABULARY", "other": False,
                  "column": {"column": name}, **rest}} if not rest.get("values"):  # fmt: skip
                yield Column(name, "flags")
            case _:
                yield None


def _crossed_part(part: Any) -> str | None:
    match part:
        case {"column": str(name), "type": str(kind)} if kind in _EXACT:
            return f"texts(rows, {name!r})"
        case {"function": "BUCKET", "boundaries": [*limits], "of": {"function": "NUMERIC"} as of}:
            return f"ranges(rows, {of['column']['column']!r}, {limits!r})"
        case _:
            return None


def _ranges(bucket: Any, kind: str) -> Column | None:
    """The ranges of a column of numbers; None for those of several at once."""
    of = bucket["of"]
    limits = bucket.get("boundaries") or bucket.get("n")
    return Column(of["column"]["column"], kind, limits) if of["function"] == "NUMERIC" else None


def xgboost_lines(
    name: str, train: Train, features: list[Column | Cross], held: Held | None
) -> Iterator[str]:
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
    given_matrix = "matrix" if held else f"{name}_features(rows)"
    yield f"    {given_matrix}, label, feature_types=[{', '.join(kinds)}],"
    yield "    enable_categorical=True,"
    yield ")"
    if not (held and held.patience):
        yield f"{name} = xgb.train(parameters, matrix, {rounds})"
        return
    yield "measured_on = xgb.QuantileDMatrix("
    yield f"    held_matrix, held_label, feature_types=[{', '.join(kinds)}],"
    yield "    enable_categorical=True, ref=matrix,"
    yield ")"
    yield f"{name} = xgb.train("
    yield f"    parameters, matrix, {rounds}, evals=[(measured_on, 'validation')],"
    yield f"    early_stopping_rounds={held.patience}, verbose_eval=False,"
    yield ")"
    yield f"{name} = {name}[: {name}.best_iteration + 1]"


def lightgbm_lines(
    name: str, train: Train, features: list[Column | Cross], held: Held | None
) -> Iterator[str]:
    seed = train.settings.get("seed") or 0
    fixed = {"verbosity": -1, "deterministic": True, "data_random_seed": seed, "seed": seed}
    given = {name: value for name, value in train.parameters.items() if name != "num_class"}
    default = model_type(train.estimator).settings["num_boost_round"].default
    if held is None:
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
    rounds = train.settings.get("num_boost_round", default)
    stops = held is not None and held.patience
    if stops:
        yield "trained_on = lightgbm.Dataset("
        yield "    matrix, label, categorical_feature=places, params=dict(parameters)"
        yield ")"
        yield "measured_on = lightgbm.Dataset(held_matrix, held_label, reference=trained_on)"
    yield f"{name} = lightgbm.train("
    yield "    parameters,"
    if stops and held:
        yield f"    trained_on, {rounds}, valid_sets=[measured_on],"
        yield f"    callbacks=[lightgbm.early_stopping({held.patience}, verbose=False)],"
        yield ")"
        yield f"best = {name}.model_to_string(num_iteration={name}.best_iteration)"
        yield f"{name} = lightgbm.Booster(model_str=best)"
        return
    yield "    lightgbm.Dataset("
    yield "        matrix, label, categorical_feature=places, params=dict(parameters)"
    yield "    ),"
    yield f"    {rounds},"
    yield ")"


def sklearn_lines(name: str, train: Train, held: Held | None) -> Iterator[str]:
    module, _, kind = train.estimator.rpartition(".")
    given = dict(train.parameters)
    yield f"from {module} import {kind}  # noqa: E402"
    yield f"{name} = {kind}({', '.join(f'{n}={v!r}' for n, v in given.items())})"
    if "random_state" not in given:
        yield f'if "random_state" in {name}.get_params():'
        yield f"    {name}.set_params(random_state={train.settings.get('seed') or 0})"
    yield f"{name}.fit({'matrix' if held else f'{name}_features(rows)'}, label)"
