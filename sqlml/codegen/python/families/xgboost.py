"""XGBoost's models in a plain script."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.python.families.tabular import Tabular
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.workflow.ir import Train
from sqlml.zoo.models.xgboost import own_defaults

_CLASSES = {  # objectives: how their classes are told from what they predict
    "binary:logistic": "likeliest({0}, {1})",
    "multi:softprob": "likeliest({0}, {1})",
    "binary:logitraw": "({0} > 0).astype(int)",
    "binary:hinge": "{0}.astype(int)",
    "multi:softmax": "{0}.astype(int)",
}
_LIKELY = (None, "binary:logistic", "multi:softprob")
_BINNED = {"tree_method": ("auto", "hist"), "updater": ("grow_quantile_histmaker",),
           "process_type": ("default",)}  # fmt: skip


class XGBoost(Tabular):
    """See model.Family."""

    def refusals(self, model: Model) -> Iterator[str]:
        if model.train.parameters.get("objective") == "survival:aft":
            yield "its objective is `survival:aft`"
        if "interaction_constraints" in model.train.parameters:
            yield "it has the parameter `interaction_constraints`"

    def imports(self, model: Model) -> Iterator[str]:
        yield from ()

    def fit(self, model: Model) -> Iterator[str]:
        names, patience = model.name, model.train.settings.get("early_stopping_rounds")
        yield f"parameters = {_written_parameters(model)}"
        kinds = model.kinds
        if kinds:
            yield f"kinds = {kinds}"
        kind = "xgb.QuantileDMatrix" if _is_binned(model.train) else "xgb.DMatrix"
        named = {"feature_types": "kinds", "enable_categorical": "True"} if kinds else {}
        if kind == "xgb.QuantileDMatrix" and "max_bin" in model.train.parameters:
            named["max_bin"] = literal(model.train.parameters["max_bin"])
        own = {"weight": model.weights} if model.weights else {}
        if model.task == "ranking":
            own["group"] = "sizes"
        yield f"data = {call(kind, 'matrix', 'label', **own, **named)}"
        rounds = literal(_rounds(model))
        if not (patience and model.held):
            yield f"{names} = {call('xgb.train', 'parameters', 'data', rounds)}"
            return
        of_same_bins = {"ref": "data"} if kind == "xgb.QuantileDMatrix" else {}
        held = call(kind, "held_matrix", "held_label", **named, **of_same_bins)
        yield f"held_data = {held}"
        stopping = {
            "evals": '[(held_data, "held")]',
            "early_stopping_rounds": literal(patience),
            "verbose_eval": "False",
        }
        yield f"{names} = {call('xgb.train', 'parameters', 'data', rounds, **stopping)}"
        if not _is_linear(model):
            yield f"{names} = {names}[: {names}.best_iteration + 1]"

    def predicted(self, model: Model, matrix: str) -> str:
        values = _values(model, matrix)
        if model.is_decided_late:
            return call("likeliest", values, model.label)
        told = _CLASSES.get(_objective(model) or "", "{0}")
        if _objective(model) is None and model.task == "classification":
            told = "likeliest({0}, {1})"
        return told.format(values, model.label)

    def chances(self, model: Model, matrix: str) -> str:
        if model.task in ("regression", "ranking") or _objective(model) not in _LIKELY:
            return ""
        return call("of_each_class", _values(model, matrix))

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return ""


FAMILY = XGBoost()


def _values(model: Model, matrix: str) -> str:
    if _is_linear(model):
        return f"{model.name}.predict(xgb.DMatrix({matrix}))"
    return f"{model.name}.inplace_predict({matrix})"


def _objective(model: Model) -> str | None:
    given = model.train.parameters.get("objective")
    return str(given) if given is not None else None


def _rounds(model: Model) -> Any:
    default = model.known.settings["num_boost_round"].default
    return model.train.settings.get("num_boost_round") or default


def _is_linear(model: Model) -> bool:
    return model.train.estimator == "xgboost.gblinear"


def _is_binned(train: Train) -> bool:
    if train.estimator == "xgboost.gblinear":
        return False
    given = train.parameters
    return all(given.get(name, known[0]) in known for name, known in _BINNED.items())


def _written_parameters(model: Model) -> str:
    given: Mapping[str, Any] = {**own_defaults(model.train.estimator), **model.train.parameters}
    told = {name: _value(name, value) for name, value in given.items() if name != "num_class"}
    told.setdefault("seed", model.seed)
    if _is_linear(model) and told.get("updater", "shotgun") == "shotgun":
        told["nthread"] = 1
    if model.task == "ranking":
        told.setdefault("objective", "rank:ndcg")
    elif model.task == "regression":
        told.setdefault("objective", "reg:squarederror")
    text = literal(told)
    if "objective" not in told:
        return f"{{**xgboost_objective({model.label}), {text[1:]}"
    if str(told["objective"]).startswith("multi:"):
        return f'{text[:-1]}, "num_class": len({model.label}.classes)}}'
    return text


def _value(name: str, value: Any) -> Any:
    match value:
        case bool():
            return int(value)
        case tuple() if name == "monotone_constraints":
            return f"({','.join(map(str, value))})"
        case tuple() if name == "eval_metric":
            return list(value)
        case tuple():
            return json.dumps(value)
        case _:
            return value
