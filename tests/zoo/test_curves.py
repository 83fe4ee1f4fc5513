"""The numbers behind every plot of EVALUATE, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, confusion_matrix, precision_recall_curve, roc_curve

from sqlml.zoo.measures import curves
from sqlml.zoo.measures.sample import Sample

GENERATOR = np.random.default_rng(3)
TRUE = GENERATOR.random(300) < 0.4
SCORE = np.round(np.clip(0.3 * TRUE + GENERATOR.random(300) * 0.7, 0, 1), 2)
WEIGHT = GENERATOR.random(300) + 0.1
EVEN = np.ones(300)


@pytest.mark.parametrize("weight", [EVEN, WEIGHT], ids=["even", "weighted"])
def test_the_roc_curve_is_scikit_learns(weight: np.ndarray) -> None:
    found = curves.roc(TRUE, SCORE, weight)
    false, true, _ = roc_curve(TRUE, SCORE, sample_weight=weight, drop_intermediate=False)
    np.testing.assert_allclose(found.x, false, atol=1e-12)
    np.testing.assert_allclose(found.y, true, atol=1e-12)


@pytest.mark.parametrize("weight", [EVEN, WEIGHT], ids=["even", "weighted"])
def test_precision_and_recall_are_scikit_learns(weight: np.ndarray) -> None:
    found = curves.precision_recall(TRUE, SCORE, weight)
    precision, recall, _ = precision_recall_curve(TRUE, SCORE, sample_weight=weight)
    np.testing.assert_allclose(found.x, recall[::-1], atol=1e-12)
    np.testing.assert_allclose(found.y, precision[::-1], atol=1e-12)


def test_calibration_is_scikit_learns() -> None:
    found = curves.calibration(TRUE, SCORE, EVEN)
    shares, means = calibration_curve(TRUE, SCORE, n_bins=10)
    np.testing.assert_allclose(found.x, means, atol=1e-12)
    np.testing.assert_allclose(found.y, shares, atol=1e-12)


def test_rows_of_weight_two_calibrate_as_rows_given_twice() -> None:
    weight = np.where(WEIGHT > 0.6, 2.0, 1.0)
    times = weight.astype(int)
    twice = curves.calibration(
        np.repeat(TRUE, times), np.repeat(SCORE, times), np.ones(times.sum())
    )
    found = curves.calibration(TRUE, SCORE, weight)
    np.testing.assert_allclose(found.x, twice.x)
    np.testing.assert_allclose(found.y, twice.y)


def test_gain_and_lift_written_out() -> None:
    is_true = np.array([True, False, True, False])
    score = np.array([0.9, 0.5, 0.5, 0.1])
    gained = curves.gain(is_true, score, np.ones(4))
    assert (gained.x.tolist(), gained.y.tolist()) == ([0, 0.25, 0.75, 1], [0, 0.5, 1, 1])
    lifted = curves.lift(is_true, score, np.ones(4))
    assert lifted.x.tolist() == [0.25, 0.75, 1]
    assert lifted.y.tolist() == pytest.approx([2, 4 / 3, 1])


def test_the_area_under_the_gain_follows_from_that_under_the_roc_curve() -> None:
    gained, roc = curves.gain(TRUE, SCORE, EVEN), curves.roc(TRUE, SCORE, EVEN)
    share = TRUE.mean()
    assert auc(gained.x, gained.y) == pytest.approx(share / 2 + (1 - share) * auc(roc.x, roc.y))


def test_the_confusion_matrix_is_scikit_learns() -> None:
    truth, predicted = GENERATOR.integers(0, 4, 300), GENERATOR.integers(0, 4, 300)
    sample = Sample(truth, predicted, weight=WEIGHT, classes=4)
    expected = confusion_matrix(truth, predicted, sample_weight=WEIGHT)
    np.testing.assert_allclose(sample.confusion, expected)
