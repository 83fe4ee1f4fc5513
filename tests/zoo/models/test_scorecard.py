"""Score cards against closed forms, and against scikit-learn on the weights of evidence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sqlml.errors import StepError
from sqlml.zoo.models import find_model
from sqlml.zoo.models.binning import Bins, Evidence, evidence, quantile_bins, tree_bins
from sqlml.zoo.models.scorecard import FAMILY, Scale
from sqlml.zoo.models.scorecard_trainer import ScoreCardTrainer

TRAINER = ScoreCardTrainer()
MODEL = "scorecard.ScoreCard"
generator = np.random.default_rng(5)
ROWS = 2_000
INCOME = generator.lognormal(3, 0.5, ROWS)
AGE = np.where(generator.random(ROWS) < 0.1, np.nan, generator.integers(18, 80, ROWS))
HOME = generator.integers(0, 3, ROWS).astype(np.float64)
ODDS = -2 + INCOME / 12 + np.nan_to_num(AGE - 50) / 25 + np.array([0, 1, -1])[HOME.astype(int)]
BAD = (generator.random(ROWS) > 1 / (1 + np.exp(-ODDS))).astype(np.int32)
X = np.column_stack((INCOME, AGE, HOME))


@pytest.fixture
def train(dataset: Any, fit: Any) -> Any:
    def run(parameters: dict[str, Any] | None = None, label: Any = BAD, **others: Any) -> Any:
        data = dataset(X, label, others.pop("weight", None), types=("q", "q", "c"))
        return fit(TRAINER, MODEL, data, "classification", parameters or {}, **others)

    return run


def test_weight_of_evidence_is_the_logarithm_of_two_shares() -> None:
    """Siddiqi (2006): woe = ln(share of good / share of bad), iv = Σ (difference of shares) woe."""
    told = Evidence(np.array([90.0, 10.0, 0.0]), np.array([30.0, 70.0, 0.0]), smoothing=1e-12)
    np.testing.assert_allclose(told.woe, [np.log(0.9 / 0.3), np.log(0.1 / 0.7), 0])
    np.testing.assert_allclose(told.information, [0.6 * np.log(3), 0.6 * np.log(7), 0], atol=1e-12)


def test_a_bin_of_one_class_alone_has_a_finite_weight() -> None:
    told = Evidence(np.array([5.0, 0.0]), np.array([0.0, 5.0]), smoothing=0.5)
    np.testing.assert_allclose(told.woe, [np.log(5.5 / 0.5), np.log(0.5 / 5.5)])


def test_bins_hold_as_many_rows_each() -> None:
    bins = quantile_bins(np.append(np.arange(100.0), np.nan), 4)
    places = bins.assign(np.append(np.arange(100.0), np.nan))
    assert np.bincount(places).tolist() == [25, 25, 25, 25, 1]


@pytest.mark.parametrize("values", [np.zeros(9), np.full(4, np.nan), np.array([0.0, 0, 0, 0, 1])])
def test_bins_of_few_values(values: Any) -> None:
    bins = quantile_bins(values, 5)
    known = values[~np.isnan(values)]
    assert bins.count - 1 <= max(len(np.unique(known)), 1)
    assert (bins.assign(values) < bins.count).all()


def test_a_code_that_is_new_is_as_missing() -> None:
    bins = Bins(codes=2)
    assert bins.assign(np.array([0.0, 1, 2, -1, np.nan])).tolist() == [0, 1, 2, 2, 2]


def test_tree_bins_are_the_leaves_of_a_tree() -> None:
    good = BAD == 0
    bins = tree_bins(INCOME, good, 5, 0.05, seed=0)
    tree = DecisionTreeClassifier(
        criterion="entropy", max_leaf_nodes=5, min_samples_leaf=0.05, random_state=0
    ).fit(INCOME[:, None], good)
    leaves, places = tree.apply(INCOME[:, None]), bins.assign(INCOME)
    pairs = set(zip(leaves.tolist(), places.tolist(), strict=True))
    assert len(pairs) == len(set(leaves)) == len(set(places)) == 5


def test_the_regression_is_that_of_scikit_learn_on_the_weights_of_evidence(train: Any) -> None:
    weight = generator.random(ROWS).astype(np.float32)
    fitted = train({"bins": 4}, weight=weight)
    woe = np.empty_like(X)
    income, age = (quantile_bins(X[:, place], 4) for place in (0, 1))
    for place, bins in enumerate((income, age, Bins(codes=3))):
        told = evidence(bins, X[:, place], BAD == 0, weight.astype(float), 0.5)
        woe[:, place] = told.woe[bins.assign(X[:, place])]
    wanted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(woe, BAD == 0, weight)
    np.testing.assert_allclose(
        fitted.probabilities(X), wanted.predict_proba(woe)[:, ::-1], rtol=1e-4
    )
    assert (fitted.predict(X) == fitted.probabilities(X).argmax(axis=1)).all()


def test_one_feature_alone_gives_back_its_weights_of_evidence(dataset: Any, fit: Any) -> None:
    """With one feature, ln odds of a bin = woe + ln(good / bad): coefficient 1."""
    data = dataset(HOME[:, None], BAD, types=("c",))
    fitted = fit(TRAINER, MODEL, data, "classification", {"smoothing": 1e-9})
    (one,) = fitted.characteristics
    np.testing.assert_allclose(one.coefficient, 1, rtol=1e-5)
    np.testing.assert_allclose(fitted.intercept, np.log((BAD == 0).sum() / BAD.sum()), rtol=1e-4)


def test_points_double_the_odds(train: Any) -> None:
    """600 points at odds of 50 to 1, 20 more for each doubling."""
    scale = Scale(20, 600, 50)
    assert scale.offset + scale.factor * np.log(50) == pytest.approx(600)
    assert scale.offset + scale.factor * np.log(100) == pytest.approx(620)
    fitted = train({"rounded": False})
    good = fitted.probabilities(X)[:, 0]
    np.testing.assert_allclose(
        fitted.extra("score", X), scale.offset + scale.factor * np.log(good / (1 - good))
    )


def test_rounded_points_add_up_to_the_score(train: Any) -> None:
    fitted, exact = train(), train({"rounded": False})
    assert all((points == points.round()).all() for points in fitted.points)
    score = sum(
        points[one.bins.assign(X[:, place])]
        for place, (one, points) in enumerate(
            zip(fitted.characteristics, fitted.points, strict=True)
        )
    )
    np.testing.assert_array_equal(fitted.extra("score", X), score)
    assert np.abs(fitted.extra("score", X) - exact.extra("score", X)).max() <= 1.5


def test_the_other_class_may_be_the_good_one(train: Any) -> None:
    first, second = train(), train({"good_class": "second"}, label=1 - BAD)
    np.testing.assert_allclose(first.extra("score", X), second.extra("score", X))
    np.testing.assert_allclose(first.probabilities(X), second.probabilities(X)[:, ::-1])


def test_explanations_add_up_to_the_log_odds_of_the_second_class(train: Any) -> None:
    for name in ("first", "second"):
        fitted = train({"good_class": name})
        (values,) = fitted.contributions(X)
        chance = fitted.probabilities(X)[:, 1]
        np.testing.assert_allclose(values.sum(axis=1), np.log(chance / (1 - chance)))
        np.testing.assert_allclose(values[:, :-1].mean(axis=0), 0, atol=1e-9)


def test_information_values_say_which_feature_matters(train: Any) -> None:
    found = train().importance()
    assert set(found) == {"x0", "x1", "x2"}
    told = evidence(Bins((), 3), HOME, BAD == 0, np.ones(ROWS), 0.5)
    assert found["x2"] == (4.0, pytest.approx(told.information.sum()))


def test_a_saved_card_scores_the_same(train: Any, tmp_path: Path) -> None:
    fitted = train({"binning": "tree"})
    folder = tmp_path / "model"
    folder.mkdir()
    fitted.save(folder)
    loaded = TRAINER.load(folder)
    np.testing.assert_array_equal(fitted.extra("score", X), loaded.extra("score", X))
    np.testing.assert_array_equal(fitted.probabilities(X), loaded.probabilities(X))


def test_an_earlier_card_is_not_continued(train: Any) -> None:
    with pytest.raises(StepError) as caught:
        train(base=train())
    assert caught.value.diagnostics[0].code == "E0481"


def test_names_and_remarks() -> None:
    model = find_model("sqlflow_models.ScoreCard")
    assert model is not None
    assert model.name == find_model("score_card").name == MODEL  # type: ignore[union-attr]
    (told,) = FAMILY.remarks(model, {"model.min_share": 0.1})
    assert not told.is_fault
