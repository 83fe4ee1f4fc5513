"""A linear model and a network that are trained together (wide & deep, Cheng et al. 2016)."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from sqlml.zoo.model import FitJob, Part
from sqlml.zoo.models.keras import DEEP, LINEAR
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_library import keras, tensorflow
from sqlml.zoo.models.keras_networks import (
    DNN_LEARNING_RATE,
    Plan,
    hidden,
    loss,
    metrics,
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


class Combined(keras.Model):  # type: ignore[misc]
    """Trains a network whose linear part has an optimizer of its own."""

    def __init__(self, network: Any, linear_optimizer: Any) -> None:
        super().__init__()
        self.network = network
        self.linear_optimizer = linear_optimizer
        self.linear_optimizer.build(self._variables(of_linear=True))

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.network(inputs, training=training)

    def train_step(self, data: Any) -> Any:
        inputs, targets, weights = data
        with tensorflow.GradientTape(persistent=True) as tape:
            said = self(inputs, training=True)
            value = self.compute_loss(inputs, targets, said, weights)
        for chosen, of_linear in ((self.linear_optimizer, True), (self.optimizer, False)):
            variables = self._variables(of_linear=of_linear)
            if variables:
                chosen.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
        self._loss_tracker.update_state(value, sample_weight=tensorflow.shape(weights)[0])
        return self.compute_metrics(inputs, targets, said, weights)

    def _variables(self, *, of_linear: bool) -> list[Any]:
        return [
            variable
            for layer in self.network.layers
            if layer.name.startswith("linear") == of_linear
            for variable in layer.trainable_variables
        ]


def ready(network: Any, job: FitJob, plan: Plan, outputs: int) -> Any:
    """The network with an optimizer for each of its two parts."""
    del plan
    features = max(sum(part.target == LINEAR for part in job.parts), 1)
    rates = {"Ftrl": min(LINEAR_LEARNING_RATE, 1 / sqrt(features))}
    combined = Combined(network, optimizer(job, rates, "linear_optimizer"))
    combined.compile(
        optimizer=optimizer(job, {"Adagrad": DNN_LEARNING_RATE}, "dnn_optimizer"),
        loss=loss(job, outputs),
        weighted_metrics=metrics(job, outputs),
        jit_compile=False,
    )
    return combined


COMBINED = Plan(looked_up, build, lambda _job: {}, ready)
