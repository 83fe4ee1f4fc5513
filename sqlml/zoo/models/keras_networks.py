"""The networks of TensorFlow's estimators, built of Keras layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

from sqlml.zoo.model import FitJob, Part
from sqlml.zoo.models.keras import FAMILY, chosen
from sqlml.zoo.models.keras_inputs import Inputs, numbers_name
from sqlml.zoo.models.keras_library import keras

LINEAR_LEARNING_RATE = 0.2
DNN_LEARNING_RATE = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """How a kind of network is made.

    looked_up: those parts whose ids are looked up in a table of vectors. combiner: the parameter
    that says how a linear model weighs several of a row's ids. build: from the inputs by
    name to what goes into the last activation, of shape (rows, outputs). optimizers: for a network,
    each with the variables that it changes.
    """

    looked_up: Callable[[tuple[Part, ...]], tuple[Part, ...]]
    build: Callable[[FitJob, Inputs, Mapping[str, Any], int], Any]
    optimizers: Callable[[FitJob, Any], list[tuple[Any, list[Any]]]]
    combiner: str = ""


def embedded(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts with trained vectors of a dimension."""
    return tuple(part for part in parts if part.dimension)


def with_ids(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.size)


def deep(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    """Hidden layers over numbers and embeddings, as in tf.estimator's DNN models."""
    values = hidden(told(inputs, given), job.parameters)
    return keras.layers.Dense(outputs, name="logits")(values)


def told(inputs: Inputs, given: Mapping[str, Any], target: str = "") -> Any:
    """The numbers and the embeddings of a target, beside each other."""
    parts = (p for p in inputs.looked_up if p.dimension and p.target == target)
    found = [given[numbers_name(target)], *(embedding(inputs, part, given) for part in parts)]
    return keras.layers.Concatenate()(found) if len(found) > 1 else found[0]


def hidden(values: Any, parameters: Mapping[str, Any], prefix: str = "") -> Any:
    """`values` through the hidden layers that the parameters ask for."""
    layers = keras.layers
    activation = parameters.get(f"{prefix}activation_fn") or "relu"
    dropout = parameters.get(f"{prefix}dropout")
    normalized = parameters.get(f"{prefix}batch_norm")
    for number, units in enumerate(parameters[f"{prefix}hidden_units"], 1):
        values = layers.Dense(units, activation=activation, name=f"hidden_{number}")(values)
        if dropout:
            values = layers.Dropout(dropout, name=f"dropout_{number}")(values)
        if normalized:
            values = layers.BatchNormalization(name=f"batch_norm_{number}")(values)
    return values


def linear(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    """A weight for each number and each category, all zero at first."""
    del job
    return weighed(inputs, given, outputs)


def weighed(inputs: Inputs, given: Mapping[str, Any], outputs: int, target: str = "") -> Any:
    """The sum of what a target's numbers and categories count, each for itself."""
    layers = keras.layers
    dense = layers.Dense(outputs, kernel_initializer="zeros", name="linear")
    sums = [dense(told(inputs, given, target))]
    for part in inputs.looked_up:
        if part.target == target and not part.dimension:
            weights = replace(part, dimension=outputs, initializer="zeros")
            sums.append(embedding(inputs, weights, given, of=part))
    return layers.Add()(sums) if len(sums) > 1 else sums[0]


def embedding(inputs: Inputs, part: Part, given: Mapping[str, Any], of: Part | None = None) -> Any:
    """The weighted sum of the vectors of a row's ids.

    of: the part among the inputs, where `part` differs from it for being a linear model's weights.
    """
    source = of or part
    weights = given[inputs.weights_name(source)]
    name = f"sum_{inputs.parts.index(source)}"
    return keras.layers.Dot(axes=(1, 1), name=name)([weights, vectors(inputs, part, given, of)])


def vectors(inputs: Inputs, part: Part, given: Mapping[str, Any], of: Part | None = None) -> Any:
    """The vector of each of a row's ids: see `embedding`."""
    source = of or part
    number = inputs.parts.index(source)
    table = keras.layers.Embedding(
        part.size,
        part.dimension,
        embeddings_initializer=_initializer(part),
        name=f"linear_{number}" if of else f"{part.target}_embedding_{number}".lstrip("_"),
    )
    return table(given[inputs.ids_name(source)])


def _initializer(part: Part) -> Any:
    """As TensorFlow's embedding_column: normal, cut at two deviations of 1/√dimension."""
    if part.initializer:
        return part.initializer
    return keras.initializers.TruncatedNormal(stddev=1 / sqrt(part.dimension))


def _linear_rates(job: FitJob) -> Mapping[str, float]:
    features = max(len(job.parts), 1)
    return {"Ftrl": min(LINEAR_LEARNING_RATE, 1 / sqrt(features))}


def network(job: FitJob, plan: Plan, inputs: Inputs, outputs: int) -> Any:
    """The network, not compiled; classes come as probabilities, two as that of the second."""
    given = given_to(inputs)
    return keras.Model(given, activated(job, plan.build(job, inputs, given, outputs), outputs))


def activated(job: FitJob, values: Any, outputs: int) -> Any:
    """What goes into the last activation as what comes out: classes become probabilities."""
    if job.task != "classification":
        return values
    activation = "sigmoid" if outputs == 1 else "softmax"
    return keras.layers.Activation(activation, name="probabilities")(values)


def given_to(inputs: Inputs) -> dict[str, Any]:
    """The inputs of a network, by name."""
    return {
        name: keras.Input((length,), dtype=kind, name=name)
        for name, (length, kind) in inputs.shapes().items()
    }


def trained_with(
    rates: Callable[[FitJob], Mapping[str, float]],
) -> Callable[[FitJob, Any], list[tuple[Any, list[Any]]]]:
    """One optimizer for all. rates: the learning rate by optimizer where it is not Keras' own."""

    def optimizers(job: FitJob, model: Any) -> list[tuple[Any, list[Any]]]:
        chosen_one = optimizer(job, rates(job))
        model.compile(optimizer=chosen_one)  # so that they are stored together
        return [(chosen_one, model.trainable_variables)]

    return optimizers


def value_of(job: FitJob, name: str) -> Any:
    """A parameter's value, its default if it is not given."""
    model = FAMILY.find(job.model)
    assert model is not None
    return job.parameters.get(name, model.parameters[name].default)


def metrics(job: FitJob, outputs: int) -> list[Any]:
    """What is measured beside the loss."""
    if job.task != "classification":
        return []
    kind = keras.metrics.BinaryAccuracy if outputs == 1 else keras.metrics.CategoricalAccuracy
    return [kind(name="accuracy")]


def optimizer(job: FitJob, rates: Mapping[str, float], which: str = "optimizer") -> Any:
    """The optimizer that the parameters ask for. rates: learning rates other than Keras' own."""
    model = FAMILY.find(job.model)
    assert model is not None
    name = chosen(model, job.parameters, which)
    given = _given(job, which)
    if name in rates:
        given.setdefault("learning_rate", rates[name])
    return getattr(keras.optimizers, name)(**given)


def loss(job: FitJob, outputs: int) -> Any:
    """The loss that the parameters ask for."""
    given = _given(job, "loss")
    if job.task != "classification":
        name = str(job.parameters.get("loss") or "mean_squared_error")
        return getattr(keras.losses, _REGRESSION[name])(**given)
    kind = "Binary" if outputs == 1 else "Categorical"
    focal = "Focal" if job.parameters.get("loss") == "focal" else ""
    if focal and kind == "Binary" and "alpha" in given:
        given["apply_class_balancing"] = True
    return getattr(keras.losses, f"{kind}{focal}Crossentropy")(**given)


def _given(job: FitJob, namespace: str) -> dict[str, Any]:
    """The attributes of a namespace that have a value."""
    return {
        name.removeprefix(f"{namespace}."): value
        for name, value in job.parameters.items()
        if name.startswith(f"{namespace}.") and value is not None
    }


_REGRESSION = {
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
}

DEEP = Plan(embedded, deep, trained_with(lambda _job: {"Adagrad": DNN_LEARNING_RATE}))
LINEAR = Plan(with_ids, linear, trained_with(_linear_rates), "sparse_combiner")
