"""Every metric against scikit-learn's own, or the formula written out."""

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sqlml.errors import StepError
from sqlml.zoo.measures.catalog import METRICS
from sqlml.zoo.measures.sample import Sample
from sqlml.zoo.metrics import canonical, defaults_for, evaluate, names_for, spellings

ROWS = 200
SIDES = ("micro", "macro", "weighted")


def classes(count: int, *, weighted: bool = False, missing: int | None = None) -> Sample:
    """A seeded sample with tied probabilities; class `missing` is never true."""
    generator = np.random.default_rng(count)
    truth = generator.integers(0, count, ROWS)
    if missing is not None:
        truth = np.where(truth == missing, (missing + 1) % count, truth)
    chances = generator.integers(1, 6, (ROWS, count)).astype(float)
    chances /= chances.sum(axis=1, keepdims=True)
    weight = generator.random(ROWS) + 0.1 if weighted else None
    return Sample(truth, chances.argmax(axis=1), chances, weight, classes=count)


def values(*, weighted: bool = False, outputs: int = 0) -> Sample:
    generator = np.random.default_rng(5)
    shape = (ROWS, outputs) if outputs else (ROWS,)
    truth = generator.random(shape) * 9 + 0.5
    predicted = np.abs(truth + generator.normal(size=shape)) + 0.1
    return Sample(truth, predicted, weight=generator.random(ROWS) if weighted else None)


def ours(written: str, task: str, sample: Sample) -> float:
    name = canonical(written)
    assert name is not None
    return evaluate([name], task, sample)[name]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [None, 1])
@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("name", ["f1", "precision", "recall", "jaccard"])
def test_a_metric_of_one_class_is_averaged_as_scikit_learn_does(
    name: str, count: int, missing: int | None, weighted: bool
) -> None:
    sample = classes(count, weighted=weighted, missing=missing)
    formula = getattr(reference, f"{name}_score")

    def expected(average: str) -> float:
        options = {"sample_weight": sample.weight, "average": average, "zero_division": 0}
        return float(formula(sample.truth, sample.predicted, **options))

    alone = expected("binary" if count == 2 else "macro")
    assert ours(name, "classification", sample) == pytest.approx(alone, rel=1e-12)
    for side in SIDES:
        measured = ours(f"{name}_{side}", "classification", sample)
        assert measured == pytest.approx(expected(side), rel=1e-12)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(("name", "beta"), [("f2", 2), ("f0_5", 0.5)])
def test_recall_may_count_more_or_less_than_precision(name: str, beta: float, count: int) -> None:
    sample = classes(count, weighted=True, missing=1 if count == 3 else None)

    def expected(average: str) -> float:
        options = {"sample_weight": sample.weight, "average": average, "zero_division": 0}
        score = reference.fbeta_score(sample.truth, sample.predicted, beta=beta, **options)
        return float(score)

    alone = expected("binary" if count == 2 else "macro")
    assert ours(name, "classification", sample) == pytest.approx(alone, rel=1e-12)
    for side in SIDES:
        measured = ours(f"{name}_{side}", "classification", sample)
        assert measured == pytest.approx(expected(side), rel=1e-12)


@pytest.mark.parametrize("count", [2, 3])
def test_specificity_is_the_recall_of_all_other_classes(count: int) -> None:
    sample = classes(count, weighted=True)
    assert sample.truth is not None
    shares = [
        reference.recall_score(
            sample.truth != number, sample.predicted != number, sample_weight=sample.weight
        )
        for number in range(count)
    ]
    expected = shares[1] if count == 2 else np.mean(shares)
    assert ours("specificity", "classification", sample) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [None, 1])
@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("accuracy", reference.accuracy_score),
        ("balanced_accuracy", reference.balanced_accuracy_score),
        ("matthews_corrcoef", reference.matthews_corrcoef),
        ("cohen_kappa", reference.cohen_kappa_score),
        ("zero_one_loss", reference.zero_one_loss),
    ],
)
def test_a_metric_of_classes_is_scikit_learns(
    name: str, formula: Any, count: int, missing: int | None, weighted: bool
) -> None:
    sample = classes(count, weighted=weighted, missing=missing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = formula(sample.truth, sample.predicted, sample_weight=sample.weight)
    assert ours(name, "classification", sample) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_metrics_of_probabilities_are_scikit_learns(count: int, weighted: bool) -> None:
    sample = classes(count, weighted=weighted)
    truth, chances, weight = sample.truth, sample.probabilities, sample.weight
    assert truth is not None
    assert chances is not None
    numbers = list(range(count))
    positive = chances[:, 1] if count == 2 else chances
    expected = {
        "log_loss": reference.log_loss(truth, chances, sample_weight=weight, labels=numbers),
        "brier_score": reference.brier_score_loss(
            truth, positive, sample_weight=weight, labels=numbers
        ),
        "roc_auc": reference.roc_auc_score(
            truth, positive, sample_weight=weight, multi_class="ovr"
        ),
        "roc_auc_weighted": reference.roc_auc_score(
            truth, positive, sample_weight=weight, multi_class="ovr", average="weighted"
        ),
        "average_precision": reference.average_precision_score(
            truth, positive, sample_weight=weight
        ),
        "d2_log_loss": reference.d2_log_loss_score(
            truth, chances, sample_weight=weight, labels=numbers
        ),
        **{
            name: reference.top_k_accuracy_score(
                truth, chances, k=k, sample_weight=weight, labels=numbers
            )
            if count > k
            else 1.0
            for name, k in (("top_k_accuracy", 2), ("top_3_accuracy", 3), ("top_5_accuracy", 5))
        },
    }
    measured = evaluate(list(expected), "classification", sample)
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, rel=1e-12), name
    assert measured["loss"] == measured["log_loss"]


def test_scores_of_credit_are_gini_and_kolmogorov_smirnov() -> None:
    sample = classes(2)
    assert sample.truth is not None
    assert sample.probabilities is not None
    positive = sample.probabilities[:, 1]
    area = reference.roc_auc_score(sample.truth, positive)
    gap = stats.ks_2samp(positive[sample.truth == 1], positive[sample.truth == 0]).statistic
    measured = evaluate(["gini", "kolmogorov_smirnov"], "classification", sample)
    assert measured["gini"] == pytest.approx(2 * area - 1, rel=1e-12)
    assert measured["kolmogorov_smirnov"] == pytest.approx(gap, rel=1e-12)


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_the_area_under_curves_of_pairs_is_scikit_learns(average: str) -> None:
    sample = classes(4)
    name = "roc_auc_ovo" if average == "macro" else "roc_auc_ovo_weighted"
    expected = reference.roc_auc_score(
        sample.truth, sample.probabilities, multi_class="ovo", average=average
    )
    assert ours(name, "classification", sample) == pytest.approx(expected, rel=1e-12)


def test_a_class_that_does_not_occur_is_left_out_of_the_area() -> None:
    sample = classes(3, missing=1)
    assert sample.truth is not None
    assert sample.probabilities is not None
    areas = [reference.roc_auc_score(sample.truth == c, sample.probabilities[:, c]) for c in (0, 2)]
    assert ours("roc_auc", "classification", sample) == pytest.approx(np.mean(areas), rel=1e-12)


def test_the_area_over_one_class_is_not_defined() -> None:
    sample = Sample(np.ones(3, int), np.ones(3, int), np.full((3, 2), 0.5), classes=2)
    assert np.isnan(ours("roc_auc", "classification", sample))


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    sample = Sample(np.array([1]), np.array([0]), np.array([[1.0, 0.0]]), classes=2)
    expected = reference.log_loss([1], [[1.0, 0.0]], labels=[0, 1])
    assert ours("log_loss", "classification", sample) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=30))
def test_the_area_is_scikit_learns_however_scores_tie(rows: list[tuple[bool, int]]) -> None:
    truth = np.array([is_true for is_true, _ in rows])
    score = np.array([score / 4 for _, score in rows])
    if truth.all() or not truth.any():
        return
    sample = Sample(truth.astype(int), score > 0.5, np.c_[1 - score, score], classes=2)
    expected = reference.roc_auc_score(truth, score)
    assert ours("roc_auc", "classification", sample) == pytest.approx(expected, abs=1e-12)


def test_true_and_false_positives_are_counted() -> None:
    sample = Sample(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), classes=2)
    names = ["TrueNegatives", "FalsePositives", "FalseNegatives", "TruePositives"]
    counted = evaluate([canonical(n) or "" for n in names], "classification", sample)
    assert list(counted.values())[1:] == [1, 1, 1, 2]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [0, 3])
@pytest.mark.parametrize(
    "name",
    [
        "r2",
        "explained_variance",
        "mean_squared_error",
        "root_mean_squared_error",
        "mean_absolute_error",
        "median_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_log_error",
        "root_mean_squared_log_error",
        "mean_poisson_deviance",
        "mean_gamma_deviance",
        "max_error",
        "d2_absolute_error",
    ],
)
def test_a_metric_of_values_is_scikit_learns(name: str, outputs: int, weighted: bool) -> None:
    sample = values(weighted=weighted, outputs=outputs)
    formula = getattr(reference, name, None) or getattr(reference, f"{name}_score")
    if name in ("max_error", "mean_poisson_deviance", "mean_gamma_deviance") and outputs:
        pytest.skip("scikit-learn has no such metric for several labels")
    options = {} if name == "max_error" else {"sample_weight": sample.weight}
    expected = formula(sample.truth, sample.predicted, **options)
    assert ours(name, "regression", sample) == pytest.approx(expected, rel=1e-12)


def test_errors_as_shares_written_out() -> None:
    sample = Sample(np.array([0.0, 2.0, 4.0]), np.array([0.0, 3.0, 1.0]))
    assert ours("smape", "regression", sample) == pytest.approx((0 + 2 / 5 + 6 / 5) / 3)
    assert ours("wape", "regression", sample) == pytest.approx((1 + 3) / 6)
    expected = np.mean(np.log(np.cosh([0, 1, 3])))
    assert ours("LogCosh", "regression", sample) == pytest.approx(expected)


def test_large_errors_have_a_log_cosh_too() -> None:
    sample = Sample(np.array([0.0]), np.array([1e6]))
    assert ours("log_cosh", "regression", sample) == pytest.approx(1e6 - np.log(2))


def test_forecasts_are_measured_by_the_naive_forecast() -> None:
    seen = np.array([3.0, 5.0, 4.0, 8.0])
    naive = float(np.abs(np.diff(seen)).mean())
    truth, predicted = np.array([9.0, 7.0]), np.array([8.0, 10.0])
    known = Sample(truth, predicted, naive_error=naive)
    assert ours("MASE", "forecasting", known) == pytest.approx(2 / naive)
    assert np.isnan(ours("mase", "forecasting", Sample(truth, predicted)))
    assert np.isnan(ours("mase", "forecasting", Sample(truth, predicted, naive_error=0.0)))
    measured = evaluate(defaults_for("forecasting"), "forecasting", known)
    assert measured["loss"] == reference.mean_squared_error(truth, predicted)
    expected = reference.mean_absolute_percentage_error(truth, predicted)
    assert measured["mean_absolute_percentage_error"] == pytest.approx(expected)


def test_r2_of_a_constant_truth_is_scikit_learns() -> None:
    for predicted in ([2.0, 2.0], [2.0, 3.0]):
        sample = Sample(np.array([2.0, 2.0]), np.array(predicted))
        expected = reference.r2_score(sample.truth, sample.predicted)
        assert ours("r2", "regression", sample) == expected


def test_what_is_not_defined_is_nan() -> None:
    sample = Sample(np.array([-1.0, 1.0]), np.array([-2.0, 1.0]))
    for name in ("mean_poisson_deviance", "mean_gamma_deviance", "mean_squared_log_error"):
        assert np.isnan(ours(name, "regression", sample))
    nothing = Sample(np.array([]), np.array([]))
    assert np.isnan(ours("r2", "regression", nothing))


@pytest.mark.parametrize(
    ("name", "k"), [("ndcg", None), ("ndcg_1", 1), ("ndcg_3", 3), ("ndcg_5", 5), ("ndcg_10", 10)]
)
def test_ndcg_is_the_mean_of_scikit_learns_over_groups(name: str, k: int | None) -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 4, ROWS).astype(float)
    score = generator.integers(0, 6, ROWS).astype(float)
    group = generator.integers(0, 12, ROWS)
    expected = np.mean(
        [
            reference.ndcg_score(truth[group == g][None], score[group == g][None], k=k)
            for g in np.unique(group)
        ]
    )
    measured = ours(name, "ranking", Sample(truth, score, group=group))
    assert measured == pytest.approx(expected, rel=1e-12)


def test_precision_of_ranks_is_the_mean_of_scikit_learns_over_groups() -> None:
    generator = np.random.default_rng(4)
    truth = generator.integers(0, 2, ROWS).astype(float)
    score = generator.permutation(ROWS).astype(float)
    group = generator.integers(0, 12, ROWS)
    expected = np.mean(
        [
            reference.average_precision_score(truth[group == g], score[group == g])
            for g in np.unique(group)
        ]
    )
    measured = ours("map", "ranking", Sample(truth, score, group=group))
    assert measured == pytest.approx(expected, rel=1e-12)


def test_ranks_of_relevant_rows_written_out() -> None:
    sample = Sample(
        np.array([0.0, 1.0, 1.0, 0.0, 0.0]),
        np.array([0.9, 0.8, 0.1, 0.5, 0.4]),
        group=np.array([1, 1, 1, 2, 2]),
    )
    assert ours("mean_reciprocal_rank", "ranking", sample) == (1 / 2 + 0) / 2
    assert ours("mean_average_precision", "ranking", sample) == ((1 / 2 + 2 / 3) / 2 + 0) / 2


def test_clusters_are_measured_by_scikit_learn() -> None:
    generator = np.random.default_rng(2)
    matrix = generator.normal(size=(60, 2)) + np.repeat([[0, 0], [6, 6]], 30, axis=0)
    clusters = np.repeat([0, 1], 30)
    truth = np.array(["a", "b"])[np.roll(clusters, 3)]
    sample = Sample(truth, clusters, matrix=matrix)
    apart = {"silhouette", "davies_bouldin", "calinski_harabasz"}
    agreeing = set(names_for("clustering")) - apart
    measured = evaluate([*apart, *agreeing], "clustering", sample)
    assert len(agreeing) == 9
    for name in apart:
        assert measured[name] == getattr(reference, f"{name}_score")(matrix, clusters), name
    for name in agreeing:
        assert measured[name] == getattr(reference, f"{name}_score")(truth, clusters), name


def test_one_cluster_is_apart_from_nothing() -> None:
    sample = Sample(None, np.zeros(5, int), matrix=np.ones((5, 2)))
    assert np.isnan(ours("silhouette", "clustering", sample))


@pytest.mark.parametrize("truth", [[1, 1, -1, 1], [0, 0, 1, 0], [False, False, True, False]])
def test_outliers_are_the_positive_class_however_they_are_marked(truth: list[Any]) -> None:
    sample = Sample(np.array(truth), np.array([1, -1, -1, 1]))
    measured = evaluate(["precision", "recall"], "outliers", sample)
    assert (measured["precision"], measured["recall"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("accuracy_score", "accuracy"),
        ("Accuracy", "accuracy"),
        ("AUC", "roc_auc"),
        ("roc_auc_score", "roc_auc"),
        ("MeanSquaredError", "mean_squared_error"),
        ("RootMeanSquaredError", "root_mean_squared_error"),
        ("f1_score", "f1"),
        ("F1_WEIGHTED", "f1_weighted"),
        ("brier_score_loss", "brier_score"),
        ("Precision", "precision"),
        ("r2_score", "r2"),
        ("rmse", "root_mean_squared_error"),
        ("BinaryCrossentropy", "log_loss"),
        ("TopKCategoricalAccuracy", "top_5_accuracy"),
        ("ndcg@5", "ndcg_5"),
        ("sMAPE", "symmetric_mean_absolute_percentage_error"),
        ("NMI", "normalized_mutual_info"),
        ("hamming_loss", "zero_one_loss"),
        ("d2_log_loss_score", "d2_log_loss"),
        ("MeanIoU", "jaccard_macro"),
        ("f0.5_score", None),
        ("f0_5_score", "f0_5"),
        ("f3", None),
    ],
)
def test_a_metric_is_known_by_its_names_in_any_case(written: str, name: str | None) -> None:
    assert canonical(written) == name


def test_every_spelling_leads_to_a_metric() -> None:
    assert {canonical(spelling) for spelling in spellings()} == set(METRICS)


@pytest.mark.parametrize(
    "task", ["classification", "regression", "forecasting", "ranking", "clustering"]
)
def test_defaults_are_metrics_of_their_task(task: str) -> None:
    assert set(defaults_for(task)) <= set(names_for(task))
    assert "roc_auc" not in defaults_for("classification", probabilities=False)
    assert defaults_for("clustering", truth=False) == ("silhouette",)
    assert defaults_for("transformation") == ()


def test_a_metric_without_a_meaning_for_the_task_is_an_error() -> None:
    with pytest.raises(StepError, match="`r2` does not measure classification") as caught:
        evaluate(["r2"], "classification", classes(2))
    assert caught.value.diagnostics[0].code == "E0490"


def test_a_metric_that_needs_probabilities_says_so() -> None:
    bare = Sample(np.array([0, 1]), np.array([0, 1]), classes=2)
    with pytest.raises(StepError, match="`roc_auc` needs probabilities") as caught:
        evaluate(["roc_auc"], "classification", bare)
    assert caught.value.diagnostics[0].code == "E0491"
    assert np.isnan(evaluate(["accuracy"], "classification", bare)["loss"])


def test_common_metrics_do_not_load_scikit_learn() -> None:
    code = (
        "import sys, numpy as np; from sqlml.zoo.metrics import *;"
        "from sqlml.zoo.measures.sample import Sample;"
        "s = Sample(np.array([0, 1]), np.array([0, 1]), np.eye(2), classes=2);"
        "evaluate(defaults_for('classification'), 'classification', s);"
        "assert 'sklearn' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
