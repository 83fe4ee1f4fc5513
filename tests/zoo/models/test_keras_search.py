"""AutoClassifier and AutoRegressor: an ensemble that grows as AdaNet's objective says."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from sqlml.errors import StepError
from sqlml.zoo.models.keras_library import keras
from sqlml.zoo.models.keras_search import SearchTrainer

draw = np.random.default_rng(3)
ROWS, PENALTY = 500, 0.02
X = draw.uniform(-1, 1, (ROWS, 2)).astype(np.float32)
APART = (X[:, 0] * X[:, 1] > 0).astype(np.int32)  # exclusive or: no line tells the classes apart
QUICK = {"layer_size": 16, "optimizer": "Adam", "optimizer.learning_rate": 0.02}


def train(fit: Any, model: str, data: Any, task: str, parameters: Any, **given: Any) -> Any:
    given.setdefault("settings", {"batch_size": 64})
    rows = data.matrix.shape[0]
    return fit(SearchTrainer(), f"keras.{model}", data, task, parameters, rows=rows, **given)


def members(found: Any) -> list[Any]:
    return [layer for layer in found.network.layers if layer.name.startswith("network_")]


def depths(found: Any) -> list[int]:
    return [len(member.layers) - 2 for member in members(found)]  # without inputs and logits


@pytest.fixture(scope="module")
def told() -> dict[str, list[Any]]:
    return {"reports": [], "notes": []}


@pytest.fixture(scope="module")
def searched(fit: Any, dataset: Any, told: Any) -> Any:
    parameters = {
        **QUICK,
        "max_iterations": 2,
        "search_every_n_steps": 200,
        "complexity_penalty": PENALTY,
    }
    return train(
        fit, "AutoClassifier", dataset(X, APART), "classification", parameters, seed=1,
        report=lambda *values: told["reports"].append(values), note=told["notes"].append,
    )  # fmt: skip


def test_a_search_finds_what_no_line_can_tell(searched: Any) -> None:
    line = LogisticRegression().fit(X, APART).score(X, APART)
    assert (searched.predict(X) == APART).mean() > max(line, 0.65) + 0.25


def test_no_more_networks_are_taken_than_iterations_are_asked_for(searched: Any, told: Any) -> None:
    assert 1 <= len(members(searched)) <= 2
    assert [(done, total) for done, total, _ in told["reports"]] in ([(1, 2)], [(1, 2), (2, 2)])
    assert told["reports"][-1][2]["networks"] == len(members(searched))
    assert told["reports"][-1][2]["hidden_layers"] == max(depths(searched))


def test_every_iteration_tells_what_was_tried_and_taken(searched: Any, told: Any) -> None:
    first = told["notes"][0]
    assert first.startswith("iteration 1: no hidden layer 0.")
    assert first.endswith("; 1 hidden layer taken")


def test_the_ensemble_is_a_weighted_sum_and_pays_for_its_depth(searched: Any, told: Any) -> None:
    """Equation 4 of the paper, by hand."""
    weights = searched.network.get_layer("mixture").kernel.numpy()[:, 0]
    logits = [np.asarray(member({"numbers": X}))[:, 0] for member in members(searched)]
    chances = 1 / (1 + np.exp(-np.tensordot(weights, logits, axes=1)))
    np.testing.assert_allclose(searched.probabilities(X)[:, 1], chances, atol=1e-5)
    cost = PENALTY * np.abs(weights) @ np.sqrt(depths(searched))
    measured = told["reports"][-1][2]
    assert measured["train_loss"] == pytest.approx(log_loss(APART, chances), rel=1e-4)
    assert measured["train_objective"] == pytest.approx(log_loss(APART, chances) + cost, rel=1e-4)


def test_it_says_the_same_after_it_was_stored_and_goes_on(
    searched: Any, fit: Any, dataset: Any, tmp_path: Any
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    searched.save(folder)
    again = SearchTrainer().load(folder)
    np.testing.assert_array_equal(again.probabilities(X), searched.probabilities(X))
    reports: list[Any] = []
    parameters = {**QUICK, "max_iterations": 1, "search_every_n_steps": 20}
    on = train(
        fit, "AutoClassifier", dataset(X, APART), "classification", parameters, base=again,
        report=lambda *values: reports.append(values),
    )  # fmt: skip
    assert depths(on)[: len(members(again))] == depths(again)
    for before, after in zip(members(again), members(on), strict=False):
        for one, other in zip(before.get_weights(), after.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    data = dataset(X[:, :1], APART)
    with pytest.raises(StepError) as caught:
        train(fit, "AutoClassifier", data, "classification", parameters, base=again)
    assert caught.value.diagnostics[0].code == "E0234"


def test_what_depth_costs_too_much_is_a_line_and_trained_as_one(fit: Any, dataset: Any) -> None:
    """Descent by hand of a line, and beside it of its weight in the ensemble, from the same start.

    Validated on other rows, which decide.
    """
    label = (X @ np.array([1.0, -2.0]) + 0.3).astype(np.float32)
    steps, rate = 12, 0.1
    parameters = {
        "complexity_penalty": 1e6,
        "max_iterations": 1,
        "search_every_n_steps": steps,
        "optimizer": "SGD",
        "optimizer.learning_rate": rate,
        "optimizer.clipnorm": 1e6,
    }
    reports: list[Any] = []
    found = train(
        fit, "AutoRegressor", dataset(X, label), "regression", parameters, seed=4,
        settings={"batch_size": ROWS}, validation=dataset(X[:50], label[:50]),
        report=lambda *values: reports.append(values),
    )  # fmt: skip
    assert depths(found) == [0]
    keras.utils.set_random_seed(4)
    start = keras.layers.Dense(1)
    start.build((None, 2))
    kernel, constant, weight = start.kernel.numpy()[:, 0].astype(float), 0.0, 1.0
    for _ in range(steps):
        said = X @ kernel + constant
        error, weighed = 2 * (said - label) / ROWS, 2 * (weight * said - label) / ROWS
        kernel, constant = kernel - rate * X.T @ error, constant - rate * error.sum()
        weight -= rate * float(weighed @ said)
    np.testing.assert_allclose(found.predict(X), weight * (X @ kernel + constant), atol=1e-4)
    measured = reports[-1][2]
    assert measured["validation_objective"] == pytest.approx(measured["validation_loss"])
    loss = np.mean((found.predict(X[:50]) - label[:50]) ** 2)
    assert measured["validation_loss"] == pytest.approx(loss, rel=1e-3)
