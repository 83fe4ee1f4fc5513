"""Deep embedded clustering: what the paper's formulas say, and what it finds."""

from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import adjusted_rand_score

from sqlml.errors import StepError
from sqlml.zoo.models.keras_clusters import ClusterTrainer
from sqlml.zoo.models.keras_library import keras

BLOBS, GROUPS = make_blobs(300, n_features=6, centers=3, cluster_std=1.5, random_state=4)
BLOBS = (BLOBS / np.abs(BLOBS).max()).astype(np.float32)
SMALL = {
    "n_clusters": 3,
    "pretrain_dims": (8, 3),
    "pretrain_epochs": 60,
    "pretrain_lr": 0.3,
    "update_interval": 20,
}
AT_ONCE = {"settings": {"batch_size": 300}}


def train(fit: Any, data: Any, parameters: Any, **given: Any) -> Any:
    given.setdefault("settings", {"batch_size": 64})
    name = "keras.DeepEmbeddingClusterModel"
    return fit(ClusterTrainer(), name, data, "clustering", parameters, rows=data.matrix.shape[0],
               **given)  # fmt: skip


def codes_of(found: Any, matrix: np.ndarray) -> np.ndarray:
    network = found.network
    code = keras.Model(network.inputs, network.get_layer("code").output)
    return np.asarray(code([matrix]))


def centres_of(found: Any) -> np.ndarray:
    return -np.asarray(found.network.get_layer("clusters").bias).reshape(3, -1)


@pytest.fixture(scope="module")
def unrefined(fit: Any, dataset: Any) -> Any:
    """Without a single step of refinement."""
    return train(fit, dataset(BLOBS), {**SMALL, "train_max_iters": 0}, **AT_ONCE)


def test_clusters_of_blobs_are_found_and_stay_the_same(
    fit: Any, dataset: Any, tmp_path: Any
) -> None:
    told: list[Any] = []
    data = dataset(BLOBS)
    found = train(fit, data, SMALL, report=lambda *values: told.append(values))
    clusters = found.predict(BLOBS)
    assert adjusted_rand_score(GROUPS, clusters) > 0.95
    assert data.wholes == 0
    assert told[-1][2]["train_changed"] <= 0.001
    folder = tmp_path / "model"
    folder.mkdir()
    found.save(folder)
    again = ClusterTrainer().load(folder)
    np.testing.assert_array_equal(again.outputs(BLOBS), found.outputs(BLOBS))
    with ZipFile(folder / "model.keras") as stored:
        assert b"sqlml" not in stored.read("config.json")  # Keras alone loads it


def test_likelihoods_are_students_t_around_the_centres_of_k_means(unrefined: Any) -> None:
    found = unrefined
    codes = codes_of(found, BLOBS)
    centres = KMeans(3, n_init=20, random_state=0).fit(codes).cluster_centers_
    near = 1 / (1 + ((codes[:, None] - centres) ** 2).sum(axis=2))
    expected = near / near.sum(axis=1, keepdims=True)
    order = [np.abs(expected[:, [i]] - found.outputs(BLOBS)).sum(axis=0).argmin() for i in range(3)]
    np.testing.assert_allclose(found.outputs(BLOBS)[:, order], expected, atol=1e-4)


def test_a_step_goes_down_the_divergence_from_the_papers_targets(
    fit: Any, dataset: Any, unrefined: Any
) -> None:
    """All rows in one step: the gradient of the centres, equation 5 of the paper."""
    before, rate = unrefined, 0.01
    one = {**SMALL, "train_max_iters": 1, "update_interval": 1, "train_lr": rate}
    after = train(fit, dataset(BLOBS), one, **AT_ONCE)
    codes, likely = codes_of(before, BLOBS), before.outputs(BLOBS)
    centres = centres_of(before)
    targets = likely**2 / likely.sum(axis=0)
    targets /= targets.sum(axis=1, keepdims=True)
    apart = codes[:, None] - centres
    near = 1 / (1 + (apart**2).sum(axis=2))
    slope = -2 * ((near * (targets - likely))[:, :, None] * apart).mean(axis=0)
    moved = centres_of(after) - centres
    np.testing.assert_allclose(moved, -rate * slope, atol=2e-6)
    assert np.abs(moved).max() > 1e-5


def test_digits_are_told_apart_as_well_as_by_k_means(fit: Any, dataset: Any) -> None:
    digits = load_digits()
    matrix = (digits.data / 16).astype(np.float32)
    parameters = {"pretrain_dims": (64, 10), "pretrain_epochs": 40, "pretrain_lr": 1.0}
    parameters["train_max_iters"] = 400
    found = train(fit, dataset(matrix), parameters, settings={})
    by_hand = KMeans(10, n_init=20, random_state=0).fit_predict(matrix)
    assert purity(found.predict(matrix), digits.target) > purity(by_hand, digits.target) - 0.03


def purity(clusters: np.ndarray, truth: np.ndarray) -> float:
    counts = np.zeros((clusters.max() + 1, truth.max() + 1))
    np.add.at(counts, (clusters, truth), 1)
    return float(counts.max(axis=1).sum() / len(truth))


def test_more_clusters_than_rows_are_refused(fit: Any, dataset: Any) -> None:
    with pytest.raises(StepError) as caught:
        train(fit, dataset(BLOBS[:2]), {**SMALL, "pretrain_epochs": 1})
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.about) == ("E0533", "query")
