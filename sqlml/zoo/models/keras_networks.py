"""The networks of TensorFlow's estimators, built of Keras layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

from sqlml.zoo.model import FitJob, Part
from sqlml.zoo.models.keras import FAMILY, chosen
from sqlml.zoo.models.keras_inputs import NUMBERS, Inputs
from sqlml.zoo.models.keras_library import keras

LINEAR_LEARNING_RATE = 0.2
DNN_LEARNING_RATE = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """How a kind of network is made.

    looked_up: those parts whose ids are looked up in a table of vectors. build: from the inputs by
    name to what goes into the last activation, of shape (rows, outputs). rates: the learning rate
    by optimizer where it is not Keras' own.
    """

    looked_up: Callable[[tuple[Part, ...]], tuple[Part, ...]]
    build: "Callable[[FitJob, Inputs, Mapping[str, Any], int], Any]"
    rates: Callable[[FitJob], Mapping[str, float]]


def embedded(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts with trained vectors of a dimension."""
    return tuple(part for part in parts if part.dimension)


def with_ids(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.size)


def deep(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    """Hidden layers over numbers and embeddings, as in tf.estimator's DNN models."""
    layers = keras.layers
    found = [given[NUMBERS], *(embedding(inputs, p, given) for p in embedded(inputs.parts))]
    values = layers.Concatenate()(found) if len(found) > 1 else found[0]
    return layers.Dense(outputs, name="logits")(hidden(job, values))


def hidden(job: FitJob, values: Any) -> Any:
    """`values` through the hidden layers that the parameters ask for."""
    layers, parameters = keras.layers, job.parameters
    activation = parameters.get("activation_fn") or "relu"
    for number, units in enumerate(parameters["hidden_units"], 1):  # type: ignore[arg-type]
        values = layers.Dense(units, activation=activation, name=f"hidden_{number}")(values)
        if parameters.get("dropout"):
            values = layers.Dropout(parameters["dropout"], name=f"dropout_{number}")(values)
        if parameters.get("batch_norm"):
            values = layers.BatchNormalization(name=f"batch_norm_{number}")(values)
    return values


def linear(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    """A weight for each number and each category, all zero at first."""
    layers = keras.layers
    found = [given[NUMBERS]]
    sums = []
    for part in inputs.looked_up:
        if part.dimension:
            found.append(embedding(inputs, part, given))
        else:
            weights = replace(part, dimension=outputs, initializer="zeros")
            sums.append(embedding(inputs, weights, given, of=part))
    values = layers.Concatenate()(found) if len(found) > 1 else found[0]
    dense = layers.Dense(outputs, kernel_initializer="zeros", name="linear")(values)
    return layers.Add()([dense, *sums]) if sums else dense


def embedding(inputs: Inputs, part: Part, given: Mapping[str, Any], of: Part | None = None) -> Any:
    """The weighted sum of the vectors of a row's ids."""
    source = of or part
    number = inputs.parts.index(source)
    table = keras.layers.Embedding(
        part.size,
        part.dimension,
        embeddings_initializer=_initializer(part),
        name=f"embedding_{number}",
    )
    vectors = table(given[inputs.ids_name(source)])
    weights = given[inputs.weights_name(source)]
    return keras.layers.Dot(axes=(1, 1), name=f"sum_{number}")([weights, vectors])


def _initializer(part: Part) -> Any:
    """As TensorFlow's embedding_column: normal, cut at two deviations of 1/√dimension."""
    if part.initializer:
        return part.initializer
    return keras.initializers.TruncatedNormal(stddev=1 / sqrt(part.dimension))


def _linear_rates(job: FitJob) -> Mapping[str, float]:
    features = max(len(job.parts), 1)
    return {"Ftrl": min(LINEAR_LEARNING_RATE, 1 / sqrt(features))}


DEEP = Plan(embedded, deep, lambda _job: {"Adagrad": DNN_LEARNING_RATE})
LINEAR = Plan(with_ids, linear, _linear_rates)


def network(job: FitJob, plan: Plan, inputs: Inputs, outputs: int) -> Any:
    """The network, not compiled; classes come as probabilities, two as that of the second."""
    given = {
        name: keras.Input((length,), dtype=kind, name=name)
        for name, (length, kind) in inputs.shapes().items()
    }
    values = plan.build(job, inputs, given, outputs)
    if job.task == "classification":
        activation = "sigmoid" if outputs == 1 else "softmax"
        values = keras.layers.Activation(activation, name="probabilities")(values)
    return keras.Model(given, values)


def compiled(model: Any, job: FitJob, plan: Plan, outputs: int) -> None:
    """Give the network its loss, its optimizer and what is measured in every epoch."""
    metrics = []
    if job.task == "classification":
        kind = keras.metrics.BinaryAccuracy if outputs == 1 else keras.metrics.CategoricalAccuracy
        metrics = [kind(name="accuracy")]
    model.compile(
        optimizer=optimizer(job, plan.rates(job)),
        loss=loss(job, outputs),
        weighted_metrics=metrics,
        jit_compile=False,
    )


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
