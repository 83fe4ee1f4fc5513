"""LightGBM's models in a plain script."""

from collections.abc import Iterator
from typing import Any

from sqlml.codegen.python.families.tabular import Tabular
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.zoo.models.lightgbm import own_defaults

_MANY = ("multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr")
_NARROW = 256  # columns, up to which rows are read one by one


class LightGBM(Tabular):
    """See model.Family."""

    def refusals(self, model: Model) -> Iterator[str]:
        for name in ("interaction_constraints", "auc_mu_weights"):
            if name in model.train.parameters:
                yield f"it has the parameter `{name}`"

    def imports(self, model: Model) -> Iterator[str]:
        yield from ()

    def fit(self, model: Model) -> Iterator[str]:
        name, given = model.name, model.train.parameters
        yield f"parameters = {_written_parameters(model)}"
        if not (given.get("force_col_wise") or given.get("force_row_wise")):
            way = f'"force_row_wise" if matrix.shape[1] <= {_NARROW} else "force_col_wise"'
            yield f"parameters[{way}] = True"
        named = {"weight": model.weights} if model.weights else {}
        if model.task == "ranking":
            named["group"] = "sizes"
        kinds = model.kinds
        if kinds:
            yield f"kinds = {kinds}"
            named["categorical_feature"] = (
                '[place for place, kind in enumerate(kinds) if kind == "c"]'
            )
        yield f"data = {call('lightgbm.Dataset', 'matrix', 'label', **named, params='parameters')}"
        yield from self._trained(model, name)

    def _trained(self, model: Model, name: str) -> Iterator[str]:
        settings, given = model.train.settings, model.train.parameters
        rounds: Any = settings.get("num_boost_round")
        rounds = literal(rounds or model.known.settings["num_boost_round"].default)
        patience = settings.get("early_stopping_rounds")
        if not (patience and model.held):
            yield f"{name} = {call('lightgbm.train', 'parameters', 'data', rounds)}"
            return
        yield "held_data = lightgbm.Dataset(held_matrix, held_label, reference=data)"
        more = {"verbose": "False"}
        if given.get("first_metric_only"):
            more["first_metric_only"] = "True"
        if "early_stopping_min_delta" in given:
            more["min_delta"] = literal(given["early_stopping_min_delta"])
        stopping = {
            "valid_sets": "[held_data]",
            "callbacks": f"[{call('lightgbm.early_stopping', literal(patience), **more)}]",
        }
        yield f"{name} = {call('lightgbm.train', 'parameters', 'data', rounds, **stopping)}"
        best = f"{name}.model_to_string(num_iteration={name}.best_iteration)"
        yield f"{name} = lightgbm.Booster(model_str={best})"

    def predicted(self, model: Model, matrix: str) -> str:
        values = f"{model.name}.predict({matrix})"
        if model.is_decided_late or model.task == "classification":
            return call("likeliest", values, model.label)
        return values

    def chances(self, model: Model, matrix: str) -> str:
        if model.task in ("regression", "ranking"):
            return ""
        return call("of_each_class", f"{model.name}.predict({matrix})")

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return ""


FAMILY = LightGBM()


def _written_parameters(model: Model) -> str:
    given = {**own_defaults(model.train.estimator), **model.train.parameters}
    seed = given.get("seed", model.seed)
    told: dict[str, Any] = {"verbosity": -1, "deterministic": True, "data_random_seed": seed}
    told |= {name: value for name, value in given.items() if name != "num_class"}
    told["seed"] = seed
    if model.task == "ranking":
        told.setdefault("objective", "lambdarank")
    elif model.task == "regression":
        told.setdefault("objective", "regression")
    text = literal(told)
    if "objective" not in told:
        return f"{{**lightgbm_objective({model.label}), {text[1:]}"
    if told["objective"] in _MANY:
        return f'{text[:-1]}, "num_class": len({model.label}.classes)}}'
    return text
