"""A linear model and a network that are trained together (wide & deep, Cheng et al. 2016)."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from sqlml.zoo.model import FitJob, Part
from sqlml.zoo.models.keras import DEEP, LINEAR
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_library import keras
from sqlml.zoo.models.keras_networks import (
    DNN_LEARNING_RATE,
    Plan,
    hidden,
    optimizer,
    told,
    weighed,
)

LINEAR_LEARNING_RATE = 0.005


def looked_up(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.dimension or (part.target == LINEAR and part.size))


def build(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    """The sum of what the linear model and the network say; each only if it has an input."""
    targets = {part.target for part in inputs.parts}
    sums = [weighed(inputs, given, outputs, LINEAR)] if LINEAR in targets else []
    if DEEP in targets:
        values = hidden(told(inputs, given, DEEP), job.parameters, "dnn_")
        sums.append(keras.layers.Dense(outputs, name="logits")(values))
    return keras.layers.Add()(sums) if len(sums) > 1 else sums[0]


def optimizers(job: FitJob, network: Any) -> list[tuple[Any, list[Any]]]:
    """One for the linear part, and one for the rest."""
    features = max(sum(part.target == LINEAR for part in job.parts), 1)
    rates = {"Ftrl": min(LINEAR_LEARNING_RATE, 1 / sqrt(features))}
    pairs = [
        (optimizer(job, rates, "linear_optimizer"), _variables(network, of_linear=True)),
        (
            optimizer(job, {"Adagrad": DNN_LEARNING_RATE}, "dnn_optimizer"),
            _variables(network, of_linear=False),
        ),
    ]
    return [(chosen, variables) for chosen, variables in pairs if variables]


def _variables(network: Any, *, of_linear: bool) -> list[Any]:
    return [
        variable
        for layer in network.layers
        if layer.name.startswith("linear") == of_linear
        for variable in layer.trainable_variables
    ]


COMBINED = Plan(looked_up, build, optimizers, "linear_sparse_combiner")
