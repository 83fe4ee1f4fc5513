"""scikit-learn's models in a plain script."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.python.families.tabular import Tabular
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.zoo.models.sklearn import dictionary

_METHODS = {"transformation": "transform", "density": "score_samples"}
_EXTRAS = {
    "score": "{0}.decision_function({1})",
    "distance": "{0}.transform({1}).min(axis=1)",
    "log_density": "{0}.score_samples({1})",
    "deviation": "{0}.predict({1}, return_std=True)[1]",
}

# Classifiers that give no probabilities, or only with a parameter that has one of these values.
UNLIKELY: Mapping[str, tuple[str, tuple[Any, ...]]] = {
    "LinearSVC": ("", ()),
    "NuSVC": ("probability", (True,)),
    "PassiveAggressiveClassifier": ("", ()),
    "Perceptron": ("", ()),
    "RidgeClassifier": ("", ()),
    "RidgeClassifierCV": ("", ()),
    "SGDClassifier": ("loss", ("log_loss", "modified_huber")),
    "SVC": ("probability", (True,)),
}


class Sklearn(Tabular):
    """See model.Family."""

    def refusals(self, model: Model) -> Iterator[str]:
        if dictionary()["estimators"][model.train.estimator].get("memorizes"):
            yield f"`{model.train.estimator}` has no rule for new rows"

    def imports(self, model: Model) -> Iterator[str]:
        module, _, kind = model.train.estimator.rpartition(".")
        yield f"from {module} import {kind}"

    def fit(self, model: Model) -> Iterator[str]:
        kind = model.train.estimator.rpartition(".")[2]
        given = {name: _value(name, value) for name, value in model.train.parameters.items()}
        if "random_state" in model.known.parameters and given.get("random_state") is None:
            given["random_state"] = model.seed
        if kind == "LocalOutlierFactor":
            given["novelty"] = True
        given.pop("n_jobs", None)
        told = {name: literal(value) for name, value in given.items()}
        kinds = model.kinds
        if kinds:
            yield f"kinds = {kinds}"
            told["categorical_features"] = '[i for i, kind in enumerate(kinds) if kind == "c"]'
        yield f"{model.name} = {call(kind, **told)}"
        label = ["label"] if model.column else []
        named = {"sample_weight": model.weights} if model.weights else {}
        yield call(f"{model.name}.fit", "matrix", *label, **named)

    def predicted(self, model: Model, matrix: str) -> str:
        return f"{model.name}.{_METHODS.get(model.task or '', 'predict')}({matrix})"

    def chances(self, model: Model, matrix: str) -> str:
        kind = model.train.estimator.rpartition(".")[2]
        if model.task != "classification":
            return ""
        if kind in UNLIKELY:
            parameter, likely = UNLIKELY[kind]
            if model.train.parameters.get(parameter) not in likely:
                return ""
        return f"{model.name}.predict_proba({matrix})"

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return _EXTRAS.get(name, "").format(model.name, matrix)


FAMILY = Sklearn()


def _value(name: str, value: Any) -> Any:
    return dict(enumerate(value)) if name == "class_weight" and isinstance(value, tuple) else value
