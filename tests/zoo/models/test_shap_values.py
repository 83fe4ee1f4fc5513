"""SHAP values against Shapley's own formula, and against what the model says."""

import sys
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from sqlml.errors import StepError
from sqlml.zoo.models.shap_values import shap_values

generator = np.random.default_rng(1)
X = generator.normal(size=(80, 3))
BACKGROUND = X[:12]
VALUES = X @ np.array([1.0, -2.0, 0.5]) + X[:, 0] * X[:, 1]
CLASSES = (VALUES > 0).astype(int)
THREE = CLASSES + (X[:, 2] > 0.5)


def shapley(outputs: Any, row: Any) -> Any:
    """Shapley (1953): the mean gain of a feature over all coalitions of the others."""
    width = len(row)

    def worth(known: tuple[int, ...]) -> Any:
        mixed = BACKGROUND.copy()
        mixed[:, list(known)] = row[list(known)]
        return outputs(mixed).mean(axis=0)

    effects = []
    for feature in range(width):
        others = [other for other in range(width) if other != feature]
        effect = 0.0
        for size in range(width):
            share = factorial(size) * factorial(width - size - 1) / factorial(width)
            for known in combinations(others, size):
                effect += share * (worth((*known, feature)) - worth(known))
        effects.append(effect)
    return np.array(effects)


def test_few_features_get_shapleys_values() -> None:
    from sklearn.svm import SVR

    model = SVR().fit(X, VALUES)
    values = shap_values(model, X[:5], BACKGROUND)
    assert values.shape == (1, 5, 4)
    for index in range(5):
        np.testing.assert_allclose(values[0, index, :-1], shapley(model.predict, X[index]))
    np.testing.assert_allclose(values[0, :, -1], model.predict(BACKGROUND).mean())


def test_each_of_many_classes_has_values_of_its_own() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier().fit(X, THREE)
    values = shap_values(model, X[:4], BACKGROUND)
    assert values.shape == (3, 4, 4)
    expected = np.stack([shapley(model.predict_proba, row) for row in X[:4]])
    np.testing.assert_allclose(values[:, :, :-1], np.moveaxis(expected, 2, 0), atol=1e-12)


def test_two_classes_have_the_values_of_the_second() -> None:
    from sklearn.naive_bayes import GaussianNB

    model = GaussianNB().fit(X, CLASSES)
    values = shap_values(model, X[:4], BACKGROUND)
    assert values.shape == (1, 4, 4)
    np.testing.assert_allclose(values[0].sum(axis=1), model.predict_proba(X[:4])[:, 1])


def test_sampled_values_of_many_features_add_up() -> None:
    from sklearn.svm import SVR

    wide = generator.normal(size=(60, 9))
    model = SVR().fit(wide, wide[:, 0] * wide[:, 1])
    values = shap_values(model, wide[:7], wide[:20])
    np.testing.assert_allclose(values[0].sum(axis=1), model.predict(wide[:7]), rtol=1e-6)
    np.testing.assert_array_equal(values, shap_values(model, wide[:7], wide[:20]))


def test_a_linear_model_has_shapleys_values_of_its_linear_term() -> None:
    from sklearn.linear_model import LogisticRegression, Ridge

    ridge = Ridge().fit(X, VALUES)
    values = shap_values(ridge, X[:3], BACKGROUND)
    expected = [shapley(ridge.predict, row) for row in X[:3]]
    np.testing.assert_allclose(values[0, :, :-1], expected)
    classifier = LogisticRegression().fit(X, THREE)
    values = shap_values(classifier, X[:3], BACKGROUND)
    assert values.shape == (3, 3, 4)
    np.testing.assert_allclose(values.sum(axis=2).T, classifier.decision_function(X[:3]))
    binary = LogisticRegression().fit(X, CLASSES)
    values = shap_values(binary, X[:3], BACKGROUND)
    np.testing.assert_allclose(values[0].sum(axis=1), binary.decision_function(X[:3]))


def test_an_outliers_score_is_explained() -> None:
    from sklearn.ensemble import IsolationForest

    model = IsolationForest(n_estimators=10, random_state=0).fit(X)
    values = shap_values(model, X[:3], BACKGROUND)
    np.testing.assert_allclose(values[0].sum(axis=1), model.decision_function(X[:3]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["RandomForest", "ExtraTrees", "GradientBoosting"])
def test_trees_are_explained_exactly(name: str) -> None:
    import sklearn.ensemble as trees

    pytest.importorskip("shap")
    regressor = getattr(trees, f"{name}Regressor")(n_estimators=5, random_state=0).fit(X, VALUES)
    values = shap_values(regressor, X[:6], BACKGROUND)
    np.testing.assert_allclose(values[0].sum(axis=1), regressor.predict(X[:6]), rtol=1e-6)

    two = getattr(trees, f"{name}Classifier")(n_estimators=5, random_state=0).fit(X, CLASSES)
    values = shap_values(two, X[:6], BACKGROUND)
    says = two.decision_function(X[:6]) if name == "GradientBoosting" else None
    says = two.predict_proba(X[:6])[:, 1] if says is None else says
    np.testing.assert_allclose(values[0].sum(axis=1), says, rtol=1e-6, atol=1e-9)

    three = getattr(trees, f"{name}Classifier")(n_estimators=5, random_state=0).fit(X, THREE)
    values = shap_values(three, X[:6], BACKGROUND)
    assert values.shape == (3, 6, 4)
    np.testing.assert_allclose(values.sum(axis=2).T, three.predict_proba(X[:6]), atol=1e-9)


def test_explaining_trees_without_shap_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.tree import DecisionTreeRegressor

    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(StepError) as caught:
        shap_values(DecisionTreeRegressor().fit(X, VALUES), X, BACKGROUND)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.hint) == ("E0487", "pip install 'sqlml[explain]'")


@pytest.mark.filterwarnings("ignore")
def test_histogram_boosting_is_explained_exactly() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    pytest.importorskip("shap")
    regressor = HistGradientBoostingRegressor(max_iter=5).fit(X, VALUES)
    values = shap_values(regressor, X[:6], BACKGROUND)
    np.testing.assert_allclose(values[0].sum(axis=1), regressor.predict(X[:6]), rtol=1e-6)
    classifier = HistGradientBoostingClassifier(max_iter=5).fit(X, THREE)
    values = shap_values(classifier, X[:6], BACKGROUND)
    np.testing.assert_allclose(values.sum(axis=2).T, classifier.decision_function(X[:6]), rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_trees_with_categories_or_missing_values_are_explained_by_sampling() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

    coded = np.c_[X[:, 0], np.arange(80) % 5]
    boosted = HistGradientBoostingRegressor(max_iter=5, categorical_features=[1])
    boosted.fit(coded, VALUES)
    values = shap_values(boosted, coded[:5], coded[:20])
    np.testing.assert_allclose(values[0].sum(axis=1), boosted.predict(coded[:5]))

    holes = X.copy()
    holes[::7, 0] = np.nan
    forest = RandomForestRegressor(n_estimators=3, random_state=0).fit(holes, VALUES)
    values = shap_values(forest, holes[:8], holes[:20])
    np.testing.assert_allclose(values[0].sum(axis=1), forest.predict(holes[:8]))
