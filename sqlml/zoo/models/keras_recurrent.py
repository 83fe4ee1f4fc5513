"""Recurrent networks: classes of sequences of ids, and what follows in a series of numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import FitJob, Part
from sqlml.zoo.models.keras_inputs import Inputs, numbers_name
from sqlml.zoo.models.keras_library import keras
from sqlml.zoo.models.keras_networks import Plan, embedded, told, trained_with, value_of, vectors


def build(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    """What each sequence ends in, and all other features beside it, through a hidden layer."""
    sequences = [part for part in inputs.looked_up if part.kind == "sequence"]
    found = [_end(job, inputs, part, given) for part in sequences]
    others = tuple(part for part in inputs.parts if part not in sequences)
    if others:
        bags = tuple(part for part in inputs.looked_up if part in others)
        found.append(told(replace(inputs, looked_up=bags), given))
    values = keras.layers.Concatenate()(found) if len(found) > 1 else found[0]
    size = value_of(job, "hidden_size")
    values = keras.layers.Dense(size, activation="relu", name="hidden")(values)
    return keras.layers.Dense(outputs, name="logits")(values)


def follow(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    """The next values of a series, from `n_in` steps of one or several series.

    Raises:
        StepError: E0531 the features are no whole series; E0532 `n_out` is not how many labels.
    """
    steps, width = value_of(job, "n_in"), sum(part.width for part in inputs.parts)
    if width % steps:
        raise _problem(
            "E0531",
            f"the features are {width} numbers a row, which are no series of {steps}",
            f"give each series as DENSE(column, {steps}), or set `model.n_in = {width}`",
            "attribute model.n_in",
        )
    if value_of(job, "n_out") not in (None, outputs):
        raise _problem(
            "E0532",
            f"`model.n_out` is {value_of(job, 'n_out')}, and the labels are {outputs}",
            "leave it out: labels are counted",
            "attribute model.n_out",
        )
    values = keras.layers.Reshape((width // steps, steps))(given[numbers_name("")])
    values = stacked(keras.layers.Permute((2, 1))(values), job)
    return keras.layers.Dense(outputs, name="logits")(values)


def stacked(values: Any, job: FitJob, mask: Any = None, name: str = "recurrent") -> Any:
    """What the last of the recurrent layers ends in; steps where the mask is false are left out."""
    kinds = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    kind, sizes = kinds[value_of(job, "model_type")], value_of(job, "stack_units")
    for number, size in enumerate(sizes, 1):
        layer = kind(size, return_sequences=number < len(sizes), name=f"{name}_{number}")
        if value_of(job, "bidirectional"):
            layer = keras.layers.Bidirectional(layer, name=f"{name}_{number}")
        values = layer(values, mask=mask)
    return values


def _end(job: FitJob, inputs: Inputs, part: Part, given: Mapping[str, Any]) -> Any:
    """A row without any id is one step of zeros: layers on a GPU cannot do without a step."""
    ops = keras.ops
    weights = given[inputs.weights_name(part)]
    is_there = ops.not_equal(weights, 0.0)
    is_first = ops.equal(ops.cumsum(ops.ones_like(weights), axis=1), 1.0)
    found = vectors(inputs, part, given) * ops.expand_dims(ops.cast(is_there, "float32"), -1)
    mask = ops.logical_or(is_there, is_first)
    return stacked(found, job, mask, f"recurrent_{inputs.parts.index(part)}")


def _problem(code: str, message: str, hint: str, about: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about=about))


ADAM = trained_with(lambda _job: {})  # and all others: with Keras' own learning rates
SEQUENCES = Plan(embedded, build, ADAM)
SERIES = Plan(lambda _parts: (), follow, ADAM)
