"""scikit-learn by SQL gives what scikit-learn gives by hand, by path and by short name."""

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import (
    cluster,
    decomposition,
    ensemble,
    linear_model,
    mixture,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
    tree,
)

CLASSIFIERS = {
    "LogisticRegression WITH model.C = 0.3, model.solver = 'newton-cholesky'": (
        linear_model.LogisticRegression(C=0.3, solver="newton-cholesky")
    ),
    "sklearn.ensemble.RandomForestClassifier WITH model.n_estimators = 15, model.max_depth = 5, "
    "train.seed = 3": ensemble.RandomForestClassifier(15, max_depth=5, random_state=3),
    "HistGradientBoostingClassifier WITH model.max_iter = 10": (
        ensemble.HistGradientBoostingClassifier(max_iter=10, random_state=0)
    ),
    "sklearn.SVC WITH model.C = 2, model.kernel = 'poly'": svm.SVC(C=2, kernel="poly"),
    "KNeighborsClassifier WITH model.n_neighbors = 7": neighbors.KNeighborsClassifier(7),
    "sklearn.neural_network.MLPClassifier WITH model.hidden_layer_sizes = [6], "
    "model.solver = lbfgs, model.max_iter = 80, train.seed = 2": neural_network.MLPClassifier(
        (6,), solver="lbfgs", max_iter=80, random_state=2
    ),
    "gaussiannb": naive_bayes.GaussianNB(),
    "DecisionTreeClassifier WITH model.max_depth = 4, train.class_weight = 'balanced'": (
        tree.DecisionTreeClassifier(max_depth=4, class_weight="balanced", random_state=0)
    ),
    "ExtraTreesClassifier WITH model.n_estimators = 9": ensemble.ExtraTreesClassifier(
        9, random_state=0
    ),
}
REGRESSORS = {
    "sklearn.linear_model.Ridge WITH model.alpha = 0.7": linear_model.Ridge(0.7),
    "Lasso WITH model.alpha = 0.2": linear_model.Lasso(0.2),
    "HistGradientBoostingRegressor WITH model.max_iter = 12, model.max_leaf_nodes = 8": (
        ensemble.HistGradientBoostingRegressor(max_iter=12, max_leaf_nodes=8, random_state=0)
    ),
    "KNeighborsRegressor WITH model.weights = distance": neighbors.KNeighborsRegressor(
        weights="distance"
    ),
    "MLPRegressor WITH model.hidden_layer_sizes = [5, 3], model.max_iter = 30": (
        neural_network.MLPRegressor(hidden_layer_sizes=(5, 3), max_iter=30, random_state=0)
    ),
    "SVR WITH model.C = 10, model.epsilon = 0.5": svm.SVR(C=10, epsilon=0.5),
    "GradientBoostingRegressor WITH model.n_estimators = 9, model.subsample = 0.5, "
    "train.seed = 8": (
        ensemble.GradientBoostingRegressor(n_estimators=9, subsample=0.5, random_state=8)
    ),
    "BayesianRidge": linear_model.BayesianRidge(),
}
UNSUPERVISED = {
    "KMeans WITH model.n_clusters = 3, train.seed = 4": cluster.KMeans(3, random_state=4),
    "sklearn.mixture.GaussianMixture WITH model.n_components = 3": mixture.GaussianMixture(
        3, random_state=0
    ),
    "DBSCAN WITH model.eps = 30, model.min_samples = 4": cluster.DBSCAN(eps=30, min_samples=4),
    "AgglomerativeClustering WITH model.n_clusters = 4": cluster.AgglomerativeClustering(4),
    "PCA WITH model.n_components = 3": decomposition.PCA(3, random_state=0),
    "sklearn.decomposition.TruncatedSVD WITH model.n_components = 2": decomposition.TruncatedSVD(
        2, random_state=0
    ),
    "IsolationForest WITH model.n_estimators = 25, train.seed = 6": ensemble.IsolationForest(
        n_estimators=25, random_state=6
    ),
    "OneClassSVM WITH model.nu = 0.2": svm.OneClassSVM(nu=0.2),
    "LocalOutlierFactor WITH model.n_neighbors = 12": neighbors.LocalOutlierFactor(
        12, novelty=True
    ),
}
CONTINUED = """
SELECT * EXCLUDE (id, benign) FROM cancer TO TRAIN Ridge WITH model.alpha = 2, train.weight = w
LABEL mean_texture INTO heavy;
SELECT * FROM cancer TO PREDICT heavy_said USING heavy;

SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN RandomForestRegressor WITH model.n_estimators = 5 LABEL progression INTO grove;
SELECT * EXCLUDE (id, w) FROM diabetes
TO TRAIN RandomForestRegressor WITH model.n_estimators = 4 LABEL progression USING grove INTO wood;
SELECT * FROM diabetes TO PREDICT wood_said USING wood;

SELECT s1, s2, s3, s5, bmi FROM diabetes
TO TRAIN LinearRegression LABEL s5, bmi INTO two;
SELECT * FROM diabetes TO PREDICT two_said.guess USING two;

SELECT city, plan, income, visits, churned FROM customers
TO TRAIN HistGradientBoostingClassifier WITH model.max_iter = 8 LABEL churned INTO gaps;
SELECT * FROM customers TO PREDICT gaps_said WITH predict.probability = TRUE USING gaps;
"""


def name_of(words: str) -> str:
    return re.sub(r"\W+", "_", words.partition(" ")[0]).lower()


def program(models: dict[str, Any], query: str, label: str) -> str:
    return "".join(
        f"{query} TO TRAIN {words} {label} INTO {name_of(words)};\n"
        f"SELECT * FROM {query.rpartition(' ')[2]} "
        f"TO PREDICT {name_of(words)}_said.found USING {name_of(words)};\n"
        for words in models
    )


@pytest.fixture(scope="module")
def lab(laboratory: Any) -> Any:
    laboratory.run(
        program(CLASSIFIERS, "SELECT * EXCLUDE (id) FROM wine", "LABEL cultivar")
        + program(REGRESSORS, "SELECT * EXCLUDE (id, w) FROM diabetes", "LABEL progression")
        + program(UNSUPERVISED, "SELECT * EXCLUDE (id, cultivar) FROM wine", "")
        + "SELECT * FROM wine TO PREDICT odd.o WITH predict.extra_outputs = score "
        "USING isolationforest;"
        + "SELECT * FROM wine TO PREDICT logistic.c WITH predict.probability = TRUE "
        "USING logisticregression;"
        "SELECT * FROM wine TO PREDICT near.c WITH predict.probability = TRUE "
        "USING kneighborsclassifier;" + CONTINUED
    )
    return laboratory


def inputs(frame: pd.DataFrame, *others: str) -> np.ndarray:
    return frame.drop(columns=["id", *others]).to_numpy(np.float64)


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("words", CLASSIFIERS, ids=name_of)
def test_a_classifier(lab: Any, words: str) -> None:
    wine = lab.frames["wine"]
    X = inputs(wine, "cultivar")
    expected = CLASSIFIERS[words].fit(X, wine["cultivar"]).predict(X)
    assert lab.table(f"{name_of(words)}_said")["found"].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("logistic", next(iter(CLASSIFIERS))),
        ("near", "KNeighborsClassifier WITH model.n_neighbors = 7"),
    ],
)
def test_a_classifiers_probabilities(lab: Any, table: str, words: str) -> None:
    wine = lab.frames["wine"]
    X = inputs(wine, "cultivar")
    expected = CLASSIFIERS[words].fit(X, wine["cultivar"]).predict_proba(X)
    close(lab.table(table)[["c_proba_a", "c_proba_b", "c_proba_c"]], expected)


@pytest.mark.parametrize("words", REGRESSORS, ids=name_of)
def test_a_regressor(lab: Any, words: str) -> None:
    diabetes = lab.frames["diabetes"]
    X = inputs(diabetes, "progression", "w")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # thirty epochs are not enough, as both are told
        expected = REGRESSORS[words].fit(X, diabetes["progression"]).predict(X)
    close(lab.table(f"{name_of(words)}_said")["found"], expected)


@pytest.mark.parametrize("words", UNSUPERVISED, ids=name_of)
def test_a_model_without_a_label(lab: Any, words: str) -> None:
    X, estimator = inputs(lab.frames["wine"], "cultivar"), UNSUPERVISED[words]
    estimator.fit(X)
    said = lab.table(f"{name_of(words)}_said").filter(like="found")
    if hasattr(estimator, "predict"):
        expected = estimator.predict(X)
    elif hasattr(estimator, "transform"):
        expected = estimator.transform(X)
    else:
        expected = estimator.labels_
    close(said.to_numpy().reshape(expected.shape), expected)


def test_scores_of_outliers(lab: Any) -> None:
    X = inputs(lab.frames["wine"], "cultivar")
    estimator = ensemble.IsolationForest(n_estimators=25, random_state=6).fit(X)
    close(lab.table("odd")["o_score"], estimator.decision_function(X))


def test_weights_of_rows(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    X = inputs(cancer, "benign", "w", "mean_texture")
    model = linear_model.Ridge(2).fit(X, cancer["mean_texture"], sample_weight=cancer["w"])
    close(lab.table("heavy_said")["mean_texture"], model.predict(X))


def test_a_forest_grows_on(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    X, y = inputs(diabetes, "progression", "w"), diabetes["progression"]
    model = ensemble.RandomForestRegressor(5, random_state=0).fit(X, y)
    model.set_params(n_estimators=9, warm_start=True).fit(X, y)
    close(lab.table("wood_said")["progression"], model.predict(X))


def test_two_labels(lab: Any) -> None:
    diabetes = lab.frames["diabetes"]
    X, Y = diabetes[["s1", "s2", "s3"]].to_numpy(), diabetes[["s5", "bmi"]].to_numpy()
    expected = linear_model.LinearRegression().fit(X, Y).predict(X)
    close(lab.table("two_said")[["guess_s5", "guess_bmi"]], expected)


def test_native_categories_and_nulls(lab: Any) -> None:
    customers = lab.frames["customers"]
    X = customers[["city", "plan", "income", "visits"]].astype(
        {"city": "category", "plan": "category"}
    )
    model = ensemble.HistGradientBoostingClassifier(
        max_iter=8, categorical_features="from_dtype", random_state=0
    )
    model.fit(X, customers["churned"])
    said = lab.table("gaps_said")[["churned_proba_no", "churned_proba_yes"]]
    close(said, model.predict_proba(X))
