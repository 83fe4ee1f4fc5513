"""Recurrent networks: the same as Keras gives by hand, sequence by sequence."""

from typing import Any

import numpy as np
import pytest

from sqlml.errors import StepError
from sqlml.zoo.model import Part
from sqlml.zoo.models.keras_library import keras
from sqlml.zoo.models.keras_trainer import KerasTrainer

draw = np.random.default_rng(5)
ROWS, LENGTH, IDS = 120, 6, 9
COUNTS = draw.integers(1, LENGTH + 1, ROWS)
PLACES = draw.integers(1, IDS + 1, (ROWS, LENGTH)) * (np.arange(LENGTH) < COUNTS[:, None])
PLACES = PLACES.astype(np.float32)
# The order decides, which no bag of ids can tell.
RISES = (PLACES[:, 0] < PLACES[np.arange(ROWS), COUNTS - 1]).astype(np.int32)
STEPS = Part("steps", 0, LENGTH, "sequence", IDS, dimension=4, combiner="mean")
KINDS = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
BOTH_WAYS = keras.layers.Bidirectional


def train(fit: Any, model: str, data: Any, task: str, parameters: Any, **given: Any) -> Any:
    given.setdefault("settings", {"batch_size": 32})
    return fit(KerasTrainer(), f"keras.{model}", data, task, parameters, **given)


@pytest.mark.parametrize(
    ("kind", "both", "units"),
    [("rnn", False, (5,)), ("lstm", True, (5, 3)), ("gru", False, (5,))],
)
def test_a_sequence_is_read_as_if_it_stood_alone(
    fit: Any, dataset: Any, kind: str, both: bool, units: tuple[int, ...]
) -> None:
    """Each row by itself, without any padding, through layers with the same weights."""
    parameters = {
        "model_type": kind,
        "bidirectional": both,
        "stack_units": units,
        "hidden_size": 4,
    }
    found = train(
        fit, "StackedRNNClassifier", dataset(PLACES, RISES), "classification", parameters,
        parts=(STEPS,), settings={"batch_size": ROWS},
    )  # fmt: skip
    layers: list[Any] = [KINDS[kind](size, return_sequences=True) for size in units[:-1]]
    layers.append(KINDS[kind](units[-1]))
    if both:
        layers = [BOTH_WAYS(layer) for layer in layers]
    layers += [keras.layers.Dense(4, "relu"), keras.layers.Dense(1, "sigmoid")]
    by_hand = keras.Sequential([keras.layers.Embedding(IDS, 4), *layers])
    rows = [row[:count].astype(int) - 1 for row, count in zip(PLACES, COUNTS, strict=True)]
    by_hand(rows[0][None])
    by_hand.set_weights(found.network.get_weights())
    some = range(6)
    expected = [float(by_hand(rows[i][None])[0, 0]) for i in some]
    np.testing.assert_allclose(found.probabilities(PLACES[some])[:, 1], expected, atol=1e-5)


def test_it_is_trained_as_keras_trains_with_a_mask(fit: Any, dataset: Any) -> None:
    found = train(
        fit, "StackedRNNClassifier", dataset(PLACES, RISES), "classification",
        {"model_type": "gru", "stack_units": (6,), "hidden_size": 4},
        parts=(STEPS,), settings={"batch_size": ROWS, "epoch": 5}, seed=3,
    )  # fmt: skip
    keras.utils.set_random_seed(3)
    normal = keras.initializers.TruncatedNormal(stddev=1 / 2)
    ids, mask = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="bool")
    values = keras.layers.Embedding(IDS, 4, embeddings_initializer=normal)(ids)
    values = keras.layers.GRU(6)(values, mask=mask)
    values = keras.layers.Dense(4, "relu")(values)
    by_hand = keras.Model([ids, mask], keras.layers.Dense(1, "sigmoid")(values))
    by_hand.compile("adam", "binary_crossentropy", jit_compile=False)
    arrays = [np.maximum(PLACES - 1, 0).astype(np.int32), PLACES > 0]
    by_hand.fit(arrays, RISES, batch_size=ROWS, epochs=5, verbose=0)
    np.testing.assert_allclose(
        found.probabilities(PLACES)[:, 1], by_hand.predict(arrays, verbose=0)[:, 0], atol=1e-4
    )


def test_the_order_of_ids_is_learnt_beside_other_features(
    fit: Any, dataset: Any, tmp_path: Any
) -> None:
    """And is the same after it was stored, a row without any id included."""
    number = draw.normal(size=(ROWS, 1)).astype(np.float32)
    classes = RISES + (number[:, 0] > 0)
    matrix = np.c_[number, PLACES]
    matrix[0, 1:] = 0
    parts = (Part("x", 0, 1), Part("steps", 1, 1 + LENGTH, "sequence", IDS, dimension=6))
    found = train(
        fit, "StackedBiLSTMClassifier", dataset(matrix, classes), "classification",
        {"optimizer.learning_rate": 0.02}, parts=parts, settings={"batch_size": 16, "epoch": 25},
    )  # fmt: skip
    assert (found.predict(matrix) == classes).mean() > 0.9
    assert sum("recurrent" in layer.name for layer in found.network.layers) == 1
    assert isinstance(found.network.get_layer("recurrent_1_1"), BOTH_WAYS)
    folder = tmp_path / "model"
    folder.mkdir()
    found.save(folder)
    again = KerasTrainer().load(folder)
    np.testing.assert_array_equal(again.probabilities(matrix), found.probabilities(matrix))


def test_the_next_values_of_a_series_are_told(fit: Any, dataset: Any) -> None:
    """Two series beside each other, as Keras has it by hand with the same seed."""
    time = np.arange(200)
    waves = np.stack([np.sin(time / 4), np.cos(time / 3)])
    windows = np.stack([waves[:, i : i + 5].ravel() for i in range(150)]).astype(np.float32)
    following = np.stack([waves[0, i + 5 : i + 7] for i in range(150)])
    found = train(
        fit, "RNNBasedTimeSeriesModel", dataset(windows, following), "regression",
        {"n_in": 5, "n_out": 2, "stack_units": (8,), "model_type": "gru"},
        labels=2, settings={"batch_size": 150, "epoch": 4}, seed=2,
        parts=(Part("a", 0, 5), Part("b", 5, 10)),
    )  # fmt: skip
    keras.utils.set_random_seed(2)
    by_hand = keras.Sequential([keras.Input((5, 2)), keras.layers.GRU(8), keras.layers.Dense(2)])
    by_hand.compile("adam", "mse", jit_compile=False)
    series = windows.reshape(-1, 2, 5).transpose(0, 2, 1)
    by_hand.fit(series, following, batch_size=150, epochs=4, verbose=0)
    np.testing.assert_allclose(
        found.predict(windows), by_hand.predict(series, verbose=0), atol=1e-4
    )


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({"n_in": 4}, "E0531"), ({"n_in": 5, "n_out": 3}, "E0532")],
)
def test_other_lengths_than_the_rows_have_are_refused(
    fit: Any, dataset: Any, parameters: Any, code: str
) -> None:
    data = dataset(np.ones((8, 10), np.float32), np.ones((8, 2)))
    with pytest.raises(StepError) as caught:
        train(fit, "RNNBasedTimeSeriesModel", data, "regression", parameters, labels=2)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.about.split(".")[0]) == (code, "attribute model")


def test_the_functional_model_has_layers_of_its_own(fit: Any, dataset: Any) -> None:
    given = {"settings": {"batch_size": 120, "epoch": 3}, "seed": 4}
    data = dataset(PLACES, RISES)
    plain = train(fit, "dnnclassifier_functional_model", data, "classification", {}, **given)
    deep = train(
        fit, "DNNClassifier", data, "classification",
        {"hidden_units": (128, 64), "optimizer.learning_rate": 0.001}, **given,
    )  # fmt: skip
    np.testing.assert_array_equal(plain.probabilities(PLACES), deep.probabilities(PLACES))
