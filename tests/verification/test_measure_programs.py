"""EVALUATE gives scikit-learn's metrics; EXPLAIN gives what SHAP and the libraries give."""

import warnings
from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn import cluster, ensemble, metrics

BINARY: dict[str, Callable[[Any, Any, Any], float]] = {
    "accuracy": lambda y, said, p: metrics.accuracy_score(y, said),
    "balanced_accuracy": lambda y, said, p: metrics.balanced_accuracy_score(y, said),
    "f1": lambda y, said, p: metrics.f1_score(y, said),
    "f1_macro": lambda y, said, p: metrics.f1_score(y, said, average="macro"),
    "precision": lambda y, said, p: metrics.precision_score(y, said),
    "recall": lambda y, said, p: metrics.recall_score(y, said),
    "jaccard": lambda y, said, p: metrics.jaccard_score(y, said),
    "matthews_corrcoef": lambda y, said, p: metrics.matthews_corrcoef(y, said),
    "cohen_kappa": lambda y, said, p: metrics.cohen_kappa_score(y, said),
    "zero_one_loss": lambda y, said, p: metrics.zero_one_loss(y, said),
    "roc_auc": lambda y, said, p: metrics.roc_auc_score(y, p[:, 1]),
    "average_precision": lambda y, said, p: metrics.average_precision_score(y, p[:, 1]),
    "log_loss": lambda y, said, p: metrics.log_loss(y, p[:, 1]),
    "brier_score": lambda y, said, p: metrics.brier_score_loss(y, p[:, 1]),
}
MANY: dict[str, Callable[[Any, Any, Any], float]] = {
    "accuracy": lambda y, said, p: metrics.accuracy_score(y, said),
    "f1": lambda y, said, p: metrics.f1_score(y, said, average="macro"),
    "f1_micro": lambda y, said, p: metrics.f1_score(y, said, average="micro"),
    "precision_weighted": lambda y, said, p: metrics.precision_score(y, said, average="weighted"),
    "recall_macro": lambda y, said, p: metrics.recall_score(y, said, average="macro"),
    "matthews_corrcoef": lambda y, said, p: metrics.matthews_corrcoef(y, said),
    "cohen_kappa": lambda y, said, p: metrics.cohen_kappa_score(y, said),
    "roc_auc": lambda y, said, p: metrics.roc_auc_score(y, p, multi_class="ovr"),
    "roc_auc_ovo_weighted": lambda y, said, p: metrics.roc_auc_score(
        y, p, multi_class="ovo", average="weighted"
    ),
    "top_2_accuracy": lambda y, said, p: metrics.top_k_accuracy_score(y, p, k=2),
    "log_loss": lambda y, said, p: metrics.log_loss(y, p),
    "brier_score": lambda y, said, p: metrics.brier_score_loss(y, p),
}
VALUES: dict[str, Callable[[Any, Any], float]] = {
    "r2": metrics.r2_score,
    "explained_variance": metrics.explained_variance_score,
    "mean_squared_error": metrics.mean_squared_error,
    "root_mean_squared_error": metrics.root_mean_squared_error,
    "mean_absolute_error": metrics.mean_absolute_error,
    "median_absolute_error": metrics.median_absolute_error,
    "mean_absolute_percentage_error": metrics.mean_absolute_percentage_error,
    "mean_squared_log_error": metrics.mean_squared_log_error,
    "max_error": metrics.max_error,
    "mean_poisson_deviance": metrics.mean_poisson_deviance,
    "mean_gamma_deviance": metrics.mean_gamma_deviance,
}
PROGRAM = f"""
SELECT mean_radius, mean_texture, mean_symmetry, benign FROM cancer WHERE id % 2 = 0
TO TRAIN xgboost.gbtree WITH max_depth = 2, train.num_boost_round = 5 LABEL benign INTO cells;
SELECT * FROM cancer WHERE id % 2 = 1
TO EVALUATE cells WITH validation.metrics = '{", ".join(BINARY)}' INTO cells_measured;
SELECT * FROM cancer WHERE id % 2 = 1
TO PREDICT cells_said.said WITH predict.probability = TRUE USING cells;

SELECT alcohol, hue, ash, cultivar FROM wine WHERE id % 3 > 0
TO TRAIN lightgbm.gbdt WITH num_leaves = 4, train.num_boost_round = 5 LABEL cultivar INTO wines;
SELECT *, cultivar AS truly FROM wine WHERE id % 3 = 0
TO EVALUATE wines WITH validation.metrics = '{", ".join(MANY)}' LABEL truly INTO wines_measured;
SELECT * FROM wine WHERE id % 3 = 0
TO PREDICT wines_said.said WITH predict.probability = TRUE USING wines;

SELECT bmi, bp, s5, progression FROM diabetes
TO TRAIN RandomForestRegressor WITH model.n_estimators = 6, model.max_depth = 4
LABEL progression INTO slope;
SELECT * FROM diabetes
TO EVALUATE slope WITH validation.metrics = '{", ".join(VALUES)}' INTO slope_measured;
SELECT * FROM diabetes TO PREDICT slope_said.said USING slope;

SELECT * EXCLUDE (id) FROM searches WHERE query % 2 = 0
TO TRAIN xgboost.gbtree
WITH objective = rank:ndcg, max_depth = 2, train.num_boost_round = 3, train.group = query
LABEL relevance INTO ranks;
SELECT * FROM searches WHERE query % 2 = 1
TO EVALUATE ranks WITH validation.metrics = 'ndcg, ndcg@3, mrr' INTO ranks_measured;
SELECT * FROM searches WHERE query % 2 = 1 TO PREDICT ranks_said.said USING ranks;

SELECT alcohol, hue, ash FROM wine TO TRAIN KMeans WITH model.n_clusters = 3 INTO groups;
SELECT * FROM wine
TO EVALUATE groups
WITH validation.metrics = 'silhouette, calinski_harabasz, davies_bouldin, adjusted_rand, v_measure'
LABEL cultivar INTO groups_measured;
SELECT alcohol, hue, ash FROM wine TO TRAIN IsolationForest INTO odd;
SELECT *, hue > 1.4 AS strange FROM wine
TO EVALUATE odd WITH validation.metrics = 'accuracy, recall, f1' LABEL strange INTO odd_measured;

SELECT * FROM cancer WHERE id % 2 = 1 TO EXPLAIN cells WITH explain.keys = id INTO cells_why;
SELECT id, * EXCLUDE (id) FROM wine TO EXPLAIN wines WITH explain.keys = id INTO wines_why;
SELECT * FROM diabetes TO EXPLAIN slope WITH explain.keys = id INTO slope_why;
SELECT * FROM cancer TO EXPLAIN cells USING GainExplainer INTO cells_gain;
SELECT * FROM wine TO EXPLAIN wines USING XGBoostExplainer INTO wines_gain;
"""


@pytest.fixture(scope="module")
def lab(laboratory: Any) -> Any:
    laboratory.run(PROGRAM)
    return laboratory


def shap_values(model: Any, X: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # matplotlib warns about how shap uses it
        from shap import TreeExplainer

        return TreeExplainer(model).shap_values(X)


def measured(lab: Any, table: str) -> dict[str, float]:
    (row,) = lab.table(table).to_dict("records")
    return row


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-6, atol=1e-6)


def test_two_classes(lab: Any) -> None:
    said, found = lab.table("cells_said"), measured(lab, "cells_measured")
    truth = lab.frames["cancer"]["benign"][said["id"]]
    p = said[["said_proba_false", "said_proba_true"]].to_numpy()
    for name, metric in BINARY.items():
        close(found[name], metric(truth, said["said"], p))
    assert [*found] == ["loss", *BINARY]
    close(found["loss"], metrics.log_loss(truth, p[:, 1]))


def test_many_classes(lab: Any) -> None:
    said, found = lab.table("wines_said"), measured(lab, "wines_measured")
    truth = lab.frames["wine"]["cultivar"][said["id"]]
    p = said[["said_proba_a", "said_proba_b", "said_proba_c"]].to_numpy()
    for name, metric in MANY.items():
        close(
            found["top_k_accuracy" if name == "top_2_accuracy" else name],
            metric(truth, said["said"], p),
        )


def test_values(lab: Any) -> None:
    said, found = lab.table("slope_said"), measured(lab, "slope_measured")
    truth = lab.frames["diabetes"]["progression"]
    for name, metric in VALUES.items():
        close(found[name], metric(truth, said["said"]))
    close(found["loss"], metrics.mean_squared_error(truth, said["said"]))


def test_ranks(lab: Any) -> None:
    said, found = lab.table("ranks_said"), measured(lab, "ranks_measured")
    said["relevance"] = lab.frames["searches"]["relevance"][said["id"]].to_numpy()
    gains: dict[int | None, list[float]] = {None: [], 3: []}
    firsts = []
    for _query, rows in said.groupby("query"):
        for k, values in gains.items():
            values.append(metrics.ndcg_score([rows["relevance"]], [rows["said"]], k=k))
        hits = rows.sort_values("said", ascending=False, kind="stable")["relevance"].to_numpy() > 0
        firsts.append(1 / (1 + hits.argmax()) if hits.any() else 0)
    close(found["ndcg"], np.mean(gains[None]))
    close(found["ndcg_3"], np.mean(gains[3]))
    close(found["mean_reciprocal_rank"], np.mean(firsts))


def test_clusters_and_outliers(lab: Any) -> None:
    wine = lab.frames["wine"]
    X = wine[["alcohol", "hue", "ash"]].to_numpy()
    groups = cluster.KMeans(3, random_state=0).fit_predict(X)
    found = measured(lab, "groups_measured")
    for name in ("silhouette", "calinski_harabasz", "davies_bouldin"):
        close(found[name], getattr(metrics, f"{name}_score")(X, groups))
    close(found["adjusted_rand"], metrics.adjusted_rand_score(wine["cultivar"], groups))
    close(found["v_measure"], metrics.v_measure_score(wine["cultivar"], groups))
    odd = ensemble.IsolationForest(random_state=0).fit(X).predict(X) < 0
    found, truth = measured(lab, "odd_measured"), wine["hue"] > 1.4
    close(found["accuracy"], metrics.accuracy_score(truth, odd))
    close(found["recall"], metrics.recall_score(truth, odd))
    close(found["f1"], metrics.f1_score(truth, odd))


def test_contributions_to_two_classes(lab: Any) -> None:
    cancer = lab.frames["cancer"]
    names = ["mean_radius", "mean_texture", "mean_symmetry"]
    X = cancer.loc[cancer["id"] % 2 == 1, names]
    booster = xgboost.Booster(model_file=lab.bundle("cells") / "model.ubj")
    found = lab.table("cells_why")
    assert [*found] == ["id", *names]
    assert found["id"].tolist() == X.index.tolist()
    contributions = booster.predict(xgboost.DMatrix(X), pred_contribs=True)
    np.testing.assert_allclose(found[names], contributions[:, :-1], atol=1e-6)
    trees = shap_values(booster, X)
    np.testing.assert_allclose(found[names], trees, atol=1e-5)


def test_contributions_to_many_classes(lab: Any) -> None:
    names = ["alcohol", "hue", "ash"]
    X = lab.frames["wine"][names]
    booster = lightgbm.Booster(model_file=lab.bundle("wines") / "model.txt")
    values = shap_values(booster, X.to_numpy())
    found = lab.table("wines_why")
    for place, kind in enumerate("abc"):
        columns = found[[f"{name}_{kind}" for name in names]]
        np.testing.assert_allclose(columns, values[:, :, place], atol=1e-5)


def test_contributions_to_values(lab: Any) -> None:
    diabetes, names = lab.frames["diabetes"], ["bmi", "bp", "s5"]
    X = diabetes[names].to_numpy()
    model = ensemble.RandomForestRegressor(6, max_depth=4, random_state=0)
    values = shap_values(model.fit(X, diabetes["progression"]), X)
    np.testing.assert_allclose(lab.table("slope_why")[names], values, rtol=1e-5, atol=1e-4)


def test_gains(lab: Any) -> None:
    booster = xgboost.Booster(model_file=lab.bundle("cells") / "model.ubj")
    found = lab.table("cells_gain").set_index("feature")
    for column, kind in (("fscore", "weight"), ("gain", "gain")):
        expected = pd.Series(booster.get_score(importance_type=kind))
        np.testing.assert_allclose(found[column], expected[found.index], rtol=1e-6)
    leaves = lightgbm.Booster(model_file=lab.bundle("wines") / "model.txt")
    found = lab.table("wines_gain").set_index("feature")
    names = leaves.feature_name()
    splits = pd.Series(leaves.feature_importance("split"), names)[found.index]
    gains = pd.Series(leaves.feature_importance("gain"), names)[found.index]
    np.testing.assert_allclose(found["fscore"], splits)
    np.testing.assert_allclose(found["gain"], gains / splits, rtol=1e-6)
