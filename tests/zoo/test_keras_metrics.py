"""The metrics that Keras alone has, against Keras'."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sqlml.zoo.measures.sample import Sample
from sqlml.zoo.metrics import canonical, evaluate, spellings
from sqlml.zoo.models.keras_library import keras

ROWS = 200


def ours(written: str, task: str, sample: Sample) -> float:
    name = canonical(written)
    assert name is not None
    return evaluate([name], task, sample)[name]


def by_keras(metric: Any, truth: Any, predicted: Any, weight: Any = None) -> float:
    metric.update_state(truth, predicted, sample_weight=weight)
    return float(metric.result())


def classes(count: int) -> Sample:
    """Probabilities in steps of 1/16, so that Keras' 200 thresholds part them all."""
    generator = np.random.default_rng(count)
    truth = generator.integers(0, count, ROWS)
    shares = generator.multinomial(16, np.full(count, 1 / count), ROWS)
    shares[np.arange(ROWS), truth] += 4
    chances = shares / 20
    return Sample(
        truth, chances.argmax(axis=1), chances, generator.random(ROWS) + 0.1, classes=count
    )


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", ["KLDivergence", "CategoricalHinge", "Hinge", "SquaredHinge"])
def test_a_metric_of_probabilities_is_keras(name: str, count: int) -> None:
    sample = classes(count)
    assert sample.probabilities is not None
    truth, predicted = np.eye(count)[sample.labels], sample.probabilities
    if count == 2 and name in ("Hinge", "SquaredHinge"):  # a network has one output then
        truth, predicted = truth[:, 1:], predicted[:, 1:]
    expected = by_keras(getattr(keras.metrics, name)(), truth, predicted, sample.weight)
    assert ours(name, "classification", sample) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize(
    "name",
    [
        "PrecisionAtRecall",
        "RecallAtPrecision",
        "SensitivityAtSpecificity",
        "SpecificityAtSensitivity",
    ],
)
def test_a_rate_where_another_is_high_enough_is_keras(name: str, level: float) -> None:
    for count in (2, 3):
        sample = classes(count)
        assert sample.probabilities is not None
        expected = [
            by_keras(
                getattr(keras.metrics, name)(level),
                sample.labels == number,
                sample.probabilities[:, number],
                sample.weight,
            )
            for number in (range(count) if count > 2 else [1])
        ]
        written = name if level == 0.5 else f"{name}@{level}"
        measured = ours(written, "classification", sample)
        assert measured == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize("count", [2, 3])
def test_the_intersection_over_union_is_keras(count: int) -> None:
    weight = np.arange(ROWS) % 3 + 1
    sample = replace(classes(count), weight=weight)
    of_interest = [1] if count == 2 else [0, 1, 2]
    metrics = keras.metrics
    expected = {
        "IoU": metrics.IoU(count, of_interest),
        "OneHotIoU": metrics.IoU(count, of_interest),
        "MeanIoU": metrics.MeanIoU(count),
        "OneHotMeanIoU": metrics.MeanIoU(count),
    }
    if count == 2:
        expected["BinaryIoU"] = metrics.BinaryIoU()
    for name, metric in expected.items():
        value = by_keras(metric, sample.labels, sample.predicted, weight)
        assert ours(name, "classification", sample) == pytest.approx(value, rel=1e-5), name


@pytest.mark.parametrize("outputs", [0, 3])
@pytest.mark.parametrize(
    "name", ["CosineSimilarity", "Poisson", "PearsonCorrelation", "ConcordanceCorrelation"]
)
def test_a_metric_of_values_is_keras(name: str, outputs: int) -> None:
    generator = np.random.default_rng(5)
    truth = generator.random((ROWS, outputs) if outputs else (ROWS,)) * 9 + 0.5
    predicted = np.abs(truth + generator.normal(size=truth.shape)) + 0.1
    options = {"axis": 0} if name.endswith("Correlation") else {}
    expected = by_keras(getattr(keras.metrics, name)(**options), truth, predicted)
    measured = ours(name, "regression", Sample(truth, predicted))
    assert measured == pytest.approx(expected, rel=1e-5)
    twice = Sample(
        np.r_[truth, truth[:50]],
        np.r_[predicted, predicted[:50]],
        weight=np.r_[np.full(50, 0.5), np.ones(ROWS - 50), np.full(50, 0.5)],
    )
    assert ours(name, "regression", twice) == pytest.approx(measured, rel=1e-9)


def test_keras_metrics_are_all_known() -> None:
    """Those that measure nothing by themselves apart: the base classes and plain sums."""
    plain = {"Mean", "MeanMetricWrapper", "Metric", "Sum"}
    named = {
        name
        for name, thing in vars(keras.metrics).items()
        if isinstance(thing, type) and issubclass(thing, keras.metrics.Metric)
    }
    known = {spelling.casefold() for spelling in spellings()}  # what a program may write
    assert {name for name in named - plain if name.casefold() not in known} == set()
    assert {"precisionatrecall@0.9", "specificity_at_sensitivity@0.95"} <= known


def test_what_has_no_correlation_is_nan() -> None:
    flat = Sample(np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert np.isnan(ours("PearsonCorrelation", "regression", flat))
    assert ours("CosineSimilarity", "regression", Sample(np.zeros(2), np.ones(2))) == 0
    assert np.isnan(ours("Poisson", "regression", Sample(np.ones(2), np.array([1.0, -1.0]))))
