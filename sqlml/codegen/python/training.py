"""The lines of a plain script that train models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlml.codegen.python.features import Columns
from sqlml.workflow.ir import Train
from sqlml.zoo.bundle import model_type


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
        """`rows` are to be trained on, `held_rows` not."""
        if self.query:
            yield f"held_rows = fetch({self.query})"
            return
        told = f"encoded(rows[{label!r}], {name}_classes), {name}_classes"
        yield f"held = held_back({told}, {self.share!r}, {self.seed})"
        yield "held_rows, rows = rows.filter(held), rows.filter(~held)"


def xgboost_lines(
    name: str, train: Train, features: Sequence[Columns], held: Held | None
) -> Iterator[str]:
    given = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in train.parameters.items()
        if name != "num_class"
    }
    parameters = {**given, "seed": train.settings.get("seed") or 0}
    kinds = ", ".join(map(_kinds, features))
    known = model_type(train.estimator)
    rounds = train.settings.get("num_boost_round", known.settings["num_boost_round"].default)
    yield f"parameters = {parameters!r}"
    if known.task == "ranking":
        yield 'parameters.setdefault("objective", "rank:ndcg")'
    elif "objective" not in given:
        yield f"if {name}_classes is None:"
        yield '    parameters["objective"] = "reg:squarederror"'
        yield f"elif len({name}_classes) == 2:"
        yield '    parameters["objective"] = "binary:logistic"'
        yield "else:"
        yield '    parameters["objective"] = "multi:softprob"'
    if "objective" not in given and known.task in (None, "classification"):
        yield 'if parameters["objective"] == "multi:softprob":'
        yield f'    parameters["num_class"] = len({name}_classes)'
    elif given.get("objective") == "multi:softprob":
        yield f'parameters["num_class"] = len({name}_classes)'
    yield f"kinds = [{kinds}]"
    more = ", group=sizes" if known.task == "ranking" else ", enable_categorical=True"
    yield f"data = xgb.QuantileDMatrix(matrix, label, feature_types=kinds{more})"
    if not (held and held.patience):
        yield f"{name} = xgb.train(parameters, data, {rounds})"
        return
    yield "measured_on = xgb.QuantileDMatrix("
    yield "    held_matrix, held_label, feature_types=kinds, enable_categorical=True, ref=data"
    yield ")"
    yield f"{name} = xgb.train("
    yield f"    parameters, data, {rounds}, evals=[(measured_on, 'validation')],"
    yield f"    early_stopping_rounds={held.patience}, verbose_eval=False,"
    yield ")"
    yield f"{name} = {name}[: {name}.best_iteration + 1]"


def _kinds(one: Columns) -> str:
    """How XGBoost sees them."""
    if one.is_code:
        return "'c'"
    if one.width == "1":
        return "'q'"
    return f"*['q'] * {one.width if one.width.isalnum() else f'({one.width})'}"


def lightgbm_lines(
    name: str, train: Train, features: Sequence[Columns], held: Held | None
) -> Iterator[str]:
    seed = train.settings.get("seed") or 0
    fixed = {"verbosity": -1, "deterministic": True, "data_random_seed": seed, "seed": seed}
    given = {name: value for name, value in train.parameters.items() if name != "num_class"}
    default = model_type(train.estimator).settings["num_boost_round"].default
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
    elif given["objective"] == "multiclass":
        yield f'parameters["num_class"] = len({name}_classes)'
    yield "places = []  # of the categories"
    if any(one.is_code for one in features):
        yield "width = 0"
        for one in features:
            if one.is_code:
                yield "places.append(width)"
            yield f"width += {one.width}"
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


def sklearn_lines(name: str, train: Train) -> Iterator[str]:
    module, _, kind = train.estimator.rpartition(".")
    given = dict(train.parameters)
    if "random_state" in model_type(train.estimator).parameters:
        given.setdefault("random_state", train.settings.get("seed") or 0)
    if kind == "LocalOutlierFactor":
        given["novelty"] = True
    yield f"from {module} import {kind}  # noqa: E402"
    yield f"{name} = {kind}({', '.join(f'{n}={v!r}' for n, v in given.items())})"
    yield f"{name}.fit(matrix{', label' if train.label else ''})"
