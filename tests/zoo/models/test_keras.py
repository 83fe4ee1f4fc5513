"""Keras models: the same as Keras, or a formula, gives by hand on the same matrix."""

import inspect
import re
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from sqlml.errors import StepError
from sqlml.zoo.model import Batch, Part
from sqlml.zoo.models.dictionaries.keras_optimizers import OPTIMIZERS
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_library import keras, tensorflow
from sqlml.zoo.models.keras_stream import in_multiples, shuffled
from sqlml.zoo.models.keras_trainer import KerasTrainer

ROWS = 400
draw = np.random.default_rng(1)
X = draw.normal(size=(ROWS, 3)).astype(np.float32)
Y = X @ np.array([1.5, -2.0, 0.5]) + 0.7 + draw.normal(0, 0.1, ROWS)
TWO = (Y > 0.7).astype(np.int32)
THREE = np.digitize(Y, [-1.0, 2.0]).astype(np.int32)
WEIGHT = draw.uniform(0.2, 3.0, ROWS).astype(np.float32)
ALL_AT_ONCE = {"batch_size": ROWS}
SGD = {"optimizer": "SGD", "optimizer.learning_rate": 0.1}
LAYERS = {"hidden_units": (8, 4)}


def train(fit: Any, model: str, data: Any, task: str, parameters: Any = None, **given: Any) -> Any:
    return fit(KerasTrainer(), f"keras.{model}", data, task, parameters, **given)


def refusal(*arguments: Any, **given: Any) -> Any:
    with pytest.raises(StepError) as caught:
        train(*arguments, **given)
    return caught.value.diagnostics[0]


def descent(
    slope: Any, epochs: int, rate: float, matrix: np.ndarray = X
) -> tuple[np.ndarray, float]:
    """Weights and constant after full-batch gradient descent from zero."""
    weights, constant = np.zeros(matrix.shape[1]), 0.0
    for _ in range(epochs):
        error = slope(matrix @ weights + constant)
        weights, constant = weights - rate * matrix.T @ error, constant - rate * error.sum()
    return weights, constant


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def test_a_linear_regressor_is_what_gradient_descent_finds(fit: Any, dataset: Any) -> None:
    found = train(
        fit, "LinearRegressor", dataset(X, Y, WEIGHT), "regression", SGD,
        settings={**ALL_AT_ONCE, "epoch": 20},
    )  # fmt: skip
    weights, constant = descent(lambda told: 2 * WEIGHT / ROWS * (told - Y), 20, 0.1)
    np.testing.assert_allclose(found.predict(X), X @ weights + constant, atol=1e-4)


def test_a_linear_classifier_is_what_gradient_descent_finds(fit: Any, dataset: Any) -> None:
    found = train(
        fit,
        "LinearClassifier",
        dataset(X, TWO),
        "classification",
        SGD,
        settings={**ALL_AT_ONCE, "epoch": 15},
    )
    weights, constant = descent(lambda told: (sigmoid(told) - TWO) / ROWS, 15, 0.1)
    second = sigmoid(X @ weights + constant)
    np.testing.assert_allclose(found.probabilities(X), np.c_[1 - second, second], atol=1e-5)
    np.testing.assert_array_equal(found.predict(X), second > 0.5)


def test_class_weights_weigh_the_rows_of_their_classes(fit: Any, dataset: Any) -> None:
    settings = {**ALL_AT_ONCE, "epoch": 5, "class_weight": (1.0, 4.0)}
    counts = tuple(np.bincount(TWO).tolist())
    found = train(
        fit, "LinearClassifier", dataset(X, TWO), "classification", SGD,
        settings=settings, class_counts=counts,
    )  # fmt: skip
    factor = np.array([1.0, 4.0])[TWO] / ROWS
    weights, constant = descent(lambda told: factor * (sigmoid(told) - TWO), 5, 0.1)
    np.testing.assert_allclose(
        found.probabilities(X)[:, 1], sigmoid(X @ weights + constant), atol=1e-5
    )


def test_a_deep_classifier_is_what_keras_gives_by_hand(fit: Any, dataset: Any) -> None:
    parameters = {**LAYERS, "activation_fn": "tanh", "optimizer": "Adam"}
    found = train(
        fit, "DNNClassifier", dataset(X, THREE), "classification", parameters,
        settings={**ALL_AT_ONCE, "epoch": 6}, seed=5,
    )  # fmt: skip
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Dense(units, activation="tanh") for units in (8, 4)]
    by_hand = keras.Sequential(
        [keras.Input((3,)), *layers, keras.layers.Dense(3, activation="softmax")]
    )
    by_hand.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    by_hand.fit(X, THREE, batch_size=ROWS, epochs=6, verbose=0)
    np.testing.assert_allclose(found.probabilities(X), by_hand.predict(X, verbose=0), atol=1e-4)


def by_hand(method: Any, loss: Any, labels: np.ndarray, last: Any = None) -> Any:
    """A network of hidden units 8 and 4 after three steps against the gradient of all rows."""
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Dense(units, activation="relu") for units in (8, 4)]
    outputs = labels.shape[1]
    model = keras.Sequential(
        [keras.Input((3,)), *layers, keras.layers.Dense(outputs, activation=last)]
    )
    for _step in range(3):
        with tensorflow.GradientTape() as tape:
            value = loss(labels, model(X, training=True))
        method.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
    return model(X).numpy()


@pytest.mark.parametrize(
    ("optimizer", "loss"),
    [
        (("Adadelta", {"rho": 0.9, "learning_rate": 1.0}), ("Huber", {"delta": 0.5})),
        (("Adagrad", {"initial_accumulator_value": 0.5}), ("LogCosh", {})),
        (("Adam", {"beta_1": 0.8, "amsgrad": True}), ("MeanAbsoluteError", {})),
        (("Adamax", {"beta_2": 0.9, "clipnorm": 0.1}), ("MeanSquaredError", {})),
        (
            ("Ftrl", {"l1_regularization_strength": 0.01, "beta": 0.1}),
            ("MeanAbsolutePercentageError", {}),
        ),
        (("Nadam", {"learning_rate": 0.01}), ("MeanSquaredLogarithmicError", {})),
        (("RMSprop", {"momentum": 0.5, "centered": True}), ("Huber", {})),
        (("SGD", {"momentum": 0.9, "nesterov": True}), ("MeanSquaredError", {})),
    ],
)
def test_every_optimizer_and_every_loss_of_values_is_keras(
    fit: Any, dataset: Any, optimizer: tuple[str, Any], loss: tuple[str, Any]
) -> None:
    (method, given), (kind, shape) = optimizer, loss
    rate = {"learning_rate": 0.05, **given}
    parameters = {
        **LAYERS,
        "optimizer": method,
        **{f"optimizer.{name}": value for name, value in rate.items()},
        "loss": re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower(),
        **{f"loss.{name}": value for name, value in shape.items()},
    }
    labels = np.abs(Y) + 1
    found = train(
        fit, "DNNRegressor", dataset(X, labels), "regression", parameters,
        settings={**ALL_AT_ONCE, "epoch": 3}, seed=5,
    )  # fmt: skip
    steps, measure = getattr(keras.optimizers, method)(**rate), getattr(keras.losses, kind)(**shape)
    expected = by_hand(steps, measure, labels[:, None])
    np.testing.assert_allclose(found.predict(X), expected[:, 0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("labels", "kind", "given"),
    [
        (TWO, "BinaryFocalCrossentropy", {"gamma": 3.0}),
        (TWO, "BinaryCrossentropy", {"label_smoothing": 0.2}),
        (THREE, "CategoricalFocalCrossentropy", {"gamma": 1.0, "alpha": 0.5}),
        (THREE, "CategoricalCrossentropy", {"label_smoothing": 0.2}),
    ],
)
def test_every_loss_of_classes_is_keras(
    fit: Any, dataset: Any, labels: np.ndarray, kind: str, given: Any
) -> None:
    loss = "focal" if "Focal" in kind else "cross_entropy"
    parameters = {**LAYERS, "optimizer": "Adam", "optimizer.learning_rate": 0.05, "loss": loss}
    parameters |= {f"loss.{name}": value for name, value in given.items()}
    found = train(
        fit, "DNNClassifier", dataset(X, labels), "classification", parameters,
        settings={**ALL_AT_ONCE, "epoch": 3}, seed=5,
    )  # fmt: skip
    two = labels.max() == 1
    hot = labels[:, None].astype(float) if two else np.eye(3)[labels]
    method, measure = keras.optimizers.Adam(0.05), getattr(keras.losses, kind)(**given)
    expected = by_hand(method, measure, hot, "sigmoid" if two else "softmax")
    told = found.probabilities(X)
    np.testing.assert_allclose(told[:, 1:] if two else told, expected, rtol=1e-4, atol=1e-5)


def test_the_default_of_a_deep_regressor_is_adagrad_with_its_old_rate(
    fit: Any, dataset: Any
) -> None:
    found = train(fit, "DNNRegressor", dataset(X, Y), "regression", LAYERS, settings=ALL_AT_ONCE)
    assert isinstance(found.network.optimizer, keras.optimizers.Adagrad)
    assert float(found.network.optimizer.learning_rate) == pytest.approx(0.05)


def test_several_labels_are_learnt_at_once(fit: Any, dataset: Any) -> None:
    both = np.c_[Y, -Y]
    found = train(
        fit, "LinearRegressor", dataset(X, both), "regression", SGD,
        settings={**ALL_AT_ONCE, "epoch": 20}, labels=2,
    ).predict(X)  # fmt: skip
    assert found.shape == (ROWS, 2)
    np.testing.assert_allclose(found[:, 0], -found[:, 1], atol=1e-5)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "csr"])
def test_categories_of_a_linear_model_are_columns_of_a_linear_model(
    fit: Any, dataset: Any, sparse: bool
) -> None:
    """Looked up by id, or multiplied as 0/1 columns: it is the same sum."""
    ids = draw.integers(0, 5, ROWS)
    hot = np.eye(5, dtype=np.float32)[ids]
    matrix = np.c_[X, hot]
    label = Y + np.array([0.0, 3.0, -2.0, 1.0, 5.0])[ids]
    parts = (*(Part(f"x{i}", i, i + 1) for i in range(3)), Part("city", 3, 8, "ids", 5))
    given = scipy.sparse.csr_matrix(matrix) if sparse else matrix
    found = train(
        fit, "LinearRegressor", dataset(given, label), "regression", SGD,
        settings={**ALL_AT_ONCE, "epoch": 12}, parts=parts,
    )  # fmt: skip
    weights, constant = descent(lambda told: 2 / ROWS * (told - label), 12, 0.1, matrix)
    np.testing.assert_allclose(found.predict(given), matrix @ weights + constant, atol=1e-4)


@pytest.mark.parametrize("combiner", ["mean", "sqrtn"])
def test_several_categories_of_a_row_are_combined(fit: Any, dataset: Any, combiner: str) -> None:
    """As columns that are divided by what the combiner says: tf.estimator's sparse_combiner."""
    bag = draw.integers(0, 3, (ROWS, 4)).astype(np.float32)
    total = bag.sum(axis=1) if combiner == "mean" else np.sqrt((bag**2).sum(axis=1))
    scaled = bag / np.maximum(total, 1)[:, None]
    label = Y + scaled @ np.array([3.0, -2.0, 1.0, 5.0])
    found = train(
        fit, "LinearRegressor", dataset(bag, label), "regression",
        {**SGD, "sparse_combiner": combiner}, parts=(Part("tags", 0, 4, "ids", 4),),
        settings={**ALL_AT_ONCE, "epoch": 8},
    )  # fmt: skip
    weights, constant = descent(lambda told: 2 / ROWS * (told - label), 8, 0.1, scaled)
    np.testing.assert_allclose(found.predict(bag), scaled @ weights + constant, atol=1e-4)


def test_a_model_predicts_the_same_after_it_was_stored(
    fit: Any, dataset: Any, tmp_path: Any
) -> None:
    found = train(fit, "DNNClassifier", dataset(X, THREE), "classification", LAYERS)
    folder = tmp_path / "model"
    folder.mkdir()
    found.save(folder)
    again = KerasTrainer().load(folder)
    np.testing.assert_array_equal(again.probabilities(X), found.probabilities(X))
    np.testing.assert_allclose(again.contributions(X[:3]), found.contributions(X[:3]))
    by_hand = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    np.testing.assert_allclose(
        by_hand.predict({"numbers": X}, verbose=0), found.probabilities(X), atol=1e-6
    )


def test_the_seed_decides_the_model(fit: Any, dataset: Any) -> None:
    def probabilities(seed: int) -> np.ndarray:
        data = dataset(X, THREE)
        parameters = {**LAYERS, "dropout": 0.2, "batch_norm": True}
        settings = {"batch_size": 32, "epoch": 2}
        given = {"settings": settings, "seed": seed}
        return train(  # type: ignore[no-any-return]
            fit, "DNNClassifier", data, "classification", parameters, **given
        ).probabilities(X)

    first = probabilities(1)
    np.testing.assert_array_equal(probabilities(1), first)
    assert not np.allclose(probabilities(2), first)


def test_rows_are_read_batch_by_batch_and_only_once_where_they_are_few(
    fit: Any, dataset: Any
) -> None:
    data = dataset(X, Y)
    train(fit, "LinearRegressor", data, "regression", settings={"epoch": 4})
    assert (data.wholes, data.passes) == (0, 1)


def test_epochs_are_reported_with_what_was_measured(fit: Any, dataset: Any) -> None:
    told: list[Any] = []
    train(
        fit, "DNNClassifier", dataset(X, THREE), "classification", LAYERS,
        settings={"epoch": 2}, validation=dataset(X[:50], THREE[:50]),
        report=lambda *values: told.append(values),
    )  # fmt: skip
    assert [(done, total) for done, total, _ in told] == [(1, 2), (2, 2)]
    names = ["train_accuracy", "train_loss", "validation_accuracy", "validation_loss"]
    assert sorted(told[-1][2]) == names


def test_early_stopping_keeps_the_best_epoch(fit: Any, dataset: Any) -> None:
    told: list[float] = []
    held = dataset(X[:80], -Y[:80])  # the more is learnt, the worse it gets, but for the constant
    found = train(
        fit, "LinearRegressor", dataset(X[80:], Y[80:]), "regression", SGD,
        settings={"epoch": 30, "early_stopping_rounds": 3, "batch_size": 40}, validation=held,
        report=lambda _done, _total, values: told.append(values["validation_loss"]),
    )  # fmt: skip
    assert len(told) < 30
    assert len(told) == int(np.argmin(told)) + 4
    loss = np.mean((found.predict(X[:80]) + Y[:80]) ** 2)
    assert loss == pytest.approx(min(told), rel=1e-4)


def test_training_ends_after_the_most_steps(fit: Any, dataset: Any) -> None:
    told: list[int] = []
    settings = {"epoch": 9, "batch_size": 100, "max_steps": 6}
    found = train(
        fit, "LinearRegressor", dataset(X, Y), "regression", SGD, settings=settings,
        report=lambda done, *_: told.append(done),
    )  # fmt: skip
    assert told == [1, 2]
    assert int(found.network.optimizer.iterations.numpy()) == 6


def test_training_goes_on_from_an_earlier_model_with_its_optimizer(fit: Any, dataset: Any) -> None:
    def after(epochs: int, base: Any = None) -> Any:
        settings = {**ALL_AT_ONCE, "epoch": epochs}
        return train(
            fit, "DNNRegressor", dataset(X, Y), "regression", LAYERS, settings=settings, base=base
        )

    np.testing.assert_allclose(after(3, after(2)).predict(X), after(5).predict(X), atol=1e-4)


def test_training_cannot_go_on_with_other_layers(fit: Any, dataset: Any) -> None:
    base = train(fit, "DNNRegressor", dataset(X, Y), "regression", {"hidden_units": (5,)})
    problem = refusal(fit, "DNNRegressor", dataset(X, Y), "regression", LAYERS, base=base)
    assert (problem.code, problem.about) == ("E0234", "using")


def test_fewer_classes_than_the_label_has_are_refused(fit: Any, dataset: Any) -> None:
    data, notes = dataset(X, THREE), []
    problem = refusal(fit, "LinearClassifier", data, "classification", {"n_classes": 2})
    assert (problem.code, problem.about) == ("E0232", "attribute model.n_classes")
    train(fit, "LinearClassifier", data, "classification", {"n_classes": 4}, note=notes.append)
    assert notes == ["`model.n_classes` is 4, but the label has 3 classes"]


def test_a_training_that_goes_astray_is_an_error(fit: Any, dataset: Any) -> None:
    parameters = {**SGD, "optimizer.learning_rate": 1e9}
    settings = {"epoch": 20}
    data = dataset(X * 1e6, Y)
    problem = refusal(fit, "LinearRegressor", data, "regression", parameters, settings=settings)
    assert problem.code == "E0233"


def test_an_error_in_the_rows_is_told_as_it_is(fit: Any, dataset: Any) -> None:
    class Broken:
        width, names, types = 3, ("a", "b", "c"), ("q",) * 3
        label = Y

        def __iter__(self) -> Any:
            yield Batch(X[:64], Y[:64])
            raise ValueError("row 65 is broken")

    with pytest.raises(ValueError, match="row 65 is broken"):
        train(fit, "LinearRegressor", Broken(), "regression")


def test_contributions_add_up_and_are_shared_within_a_feature(fit: Any, dataset: Any) -> None:
    hot = np.eye(4, dtype=np.float32)[draw.integers(0, 4, ROWS)]
    parts = (Part("a", 0, 1), Part("b", 1, 2), Part("c", 2, 3), Part("city", 3, 7, "ids", 4))
    matrix = np.c_[X, hot].astype(np.float32)
    label = Y + hot @ np.array([0.0, 1.0, 2.0, 3.0])
    found = train(fit, "DNNRegressor", dataset(matrix, label), "regression", LAYERS, parts=parts)
    values = found.contributions(matrix[:9])
    assert values.shape == (1, 9, 8)
    np.testing.assert_allclose(values.sum(axis=2)[0], found.predict(matrix[:9]), atol=1e-5)
    assert (values[0, :, 3:7][hot[:9] == 0] == 0).all()


HOT = np.eye(4, dtype=np.float32)[draw.integers(0, 4, ROWS)]
WIDE, DEEP = "linear_feature_columns", "dnn_feature_columns"


def dense(values: np.ndarray, layer: Any) -> np.ndarray:
    kernel, constant = (weight.numpy() for weight in layer.weights)
    return values @ kernel + constant


def test_an_embedding_is_a_sum_of_vectors_beside_the_numbers(fit: Any, dataset: Any) -> None:
    """The forward pass written out, of a bag of categories and of a sequence."""
    bag = draw.integers(0, 3, (ROWS, 5)).astype(np.float32)
    places = draw.integers(0, 7, (ROWS, 3)).astype(np.float32)  # 0: nothing there
    places = -np.sort(-places, axis=1)
    matrix = np.c_[X, bag, places]
    parts = (
        Part("x", 0, 3),
        Part("tags", 3, 8, "ids", 5, dimension=2, combiner="mean", initializer="he_normal"),
        Part("steps", 8, 11, "sequence", 6, dimension=4),
    )
    found = train(fit, "DNNRegressor", dataset(matrix, Y), "regression", LAYERS, parts=parts)
    layer = found.network.get_layer
    tags, steps = (layer(f"embedding_{i}").weights[0].numpy() for i in (1, 2))
    mean = bag / np.maximum(bag.sum(axis=1, keepdims=True), 1) @ tags
    vectors = np.concatenate([np.zeros((1, 4)), steps])[places.astype(int)].sum(axis=1)
    values = np.c_[X, mean, vectors]
    for name in ("hidden_1", "hidden_2"):
        values = np.maximum(dense(values, layer(name)), 0)
    expected = dense(values, layer("logits"))[:, 0]
    np.testing.assert_allclose(found.predict(matrix), expected, atol=1e-5)


def combined(fit: Any, dataset: Any, parts: Any, optimizers: Any = None, **given: Any) -> Any:
    parameters = {"dnn_hidden_units": (4,), **(optimizers or {})}
    data = dataset(np.c_[X, HOT], Y)
    return train(
        fit, "DNNLinearCombinedRegressor", data, "regression", parameters, parts=parts, **given
    )


def test_a_combined_model_is_the_sum_of_its_parts(fit: Any, dataset: Any) -> None:
    parts = (Part("city", 3, 7, "ids", 4, target=WIDE), Part("x", 0, 3, target=DEEP))
    settings = {"epoch": 4}
    found = combined(fit, dataset, (*parts, Part("y", 0, 1, target=WIDE)), settings=settings)
    layer = found.network.get_layer
    wide = dense(X[:, :1], layer("linear")) + HOT @ layer("linear_0").weights[0].numpy()
    deep = dense(np.maximum(dense(X, layer("hidden_1")), 0), layer("logits"))
    np.testing.assert_allclose(found.predict(np.c_[X, HOT]), (wide + deep)[:, 0], atol=1e-5)


def test_each_part_of_a_combined_model_has_its_own_optimizer(fit: Any, dataset: Any) -> None:
    """With a network that stands still, the linear part descends as if it were alone."""
    parts = (Part("x", 0, 3, target=WIDE), Part("x", 0, 3, target=DEEP))
    optimizers = {
        "linear_optimizer": "SGD",
        "linear_optimizer.learning_rate": 0.1,
        "dnn_optimizer": "SGD",
        "dnn_optimizer.learning_rate": 1e-12,
    }
    found = combined(
        fit, dataset, parts, optimizers, settings={**ALL_AT_ONCE, "epoch": 10}
    )  # fmt: skip
    layer = found.network.get_layer
    still = dense(np.maximum(dense(X, layer("hidden_1")), 0), layer("logits"))[:, 0]
    slope = lambda told: 2 / ROWS * (told + still - Y)  # noqa: E731
    weights, constant = descent(slope, 10, 0.1)
    np.testing.assert_allclose(dense(X, layer("linear"))[:, 0], X @ weights + constant, atol=1e-4)


def test_a_combined_model_may_have_one_of_its_parts_and_goes_on(fit: Any, dataset: Any) -> None:
    """The mean of each category is where many steps lead, though half of them do not."""
    only_ids = (Part("city", 3, 7, "ids", 4, target=WIDE),)
    optimizer = {"linear_optimizer": "SGD", "linear_optimizer.learning_rate": 0.5}
    given = {"settings": {**ALL_AT_ONCE, "epoch": 18}}
    first = combined(fit, dataset, only_ids, optimizer, **given)
    found = combined(fit, dataset, only_ids, optimizer, base=first, **given)
    means = np.array([Y[HOT[:, city] == 1].mean() for city in range(4)])
    np.testing.assert_allclose(found.predict(np.c_[X, HOT]), HOT @ means, atol=1e-3)
    assert np.abs(first.predict(np.c_[X, HOT]) - HOT @ means).max() > 1e-3


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
def test_a_combiner_weighs_ids_as_tensorflow_does(combiner: str) -> None:
    """tf.nn.safe_embedding_lookup_sparse, of weights that may be 0 or less, and of empty rows."""
    import tensorflow as tf

    starts, ids = np.array([0, 2, 2, 5, 6]), np.array([1, 3, 0, 2, 3, 1])
    weights = np.array([0.5, 2.0, 1.0, -1.0, 3.0, 0.0], dtype=np.float32)
    table = np.arange(12, dtype=np.float32).reshape(4, 3) + 1
    part = Part("tags", 0, 4, "ids", 4, dimension=3, combiner=combiner)
    matrix = scipy.sparse.csr_matrix((weights, ids, starts), shape=(4, 4))
    given = Inputs((part,), (part,)).arranged(matrix).cut(0, 4)
    found = np.einsum("bl,bld->bd", given["weights_0"], table[given["ids_0"]])

    rows = np.repeat(np.arange(4), np.diff(starts))
    places = np.c_[rows, np.arange(6) - starts[rows]]
    expected = tf.nn.safe_embedding_lookup_sparse(
        table,
        tf.sparse.SparseTensor(places, ids, (4, 3)),
        tf.sparse.SparseTensor(places, weights, (4, 3)),
        combiner=combiner,
    )
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_shuffled_rows_are_the_same_rows_in_another_order() -> None:
    batches = [Batch(X[i : i + 90], Y[i : i + 90]) for i in range(0, ROWS, 90)]
    for kept in (0, 100, ROWS):
        mixed = list(shuffled(iter(batches), np.random.default_rng(3), kept))
        rows = np.concatenate([batch.matrix for batch in mixed])
        labels = np.concatenate([batch.label for batch in mixed])
        order = np.argsort(labels)
        np.testing.assert_array_equal(labels[order], np.sort(Y))
        np.testing.assert_array_equal(rows[order], X[np.argsort(Y)])
        assert not np.array_equal(labels, Y)
        assert all(len(batch.matrix) <= kept + 90 for batch in mixed)


def test_batches_are_cut_so_that_only_the_last_is_no_multiple() -> None:
    batches = [Batch(X[i : i + 90], Y[i : i + 90]) for i in range(0, ROWS, 90)]
    cut = list(in_multiples(batches, 64))
    assert [len(batch.matrix) % 64 for batch in cut] == [0] * (len(cut) - 1) + [ROWS % 64]
    np.testing.assert_array_equal(np.concatenate([batch.label for batch in cut]), Y)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_has_the_attributes_that_keras_gives_it(name: str) -> None:
    """With the same defaults; all but its name and what half precision needs."""
    known = inspect.signature(getattr(keras.optimizers, name)).parameters
    expected = {
        attribute: parameter.default
        for attribute, parameter in known.items()
        if attribute not in ("name", "loss_scale_factor", "kwargs")
    }
    assert {a.name: a.default for a in OPTIMIZERS[name].values()} == expected
