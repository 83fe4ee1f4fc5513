"""Cross-validation: scikit-learn's scores on the same folds, and a model of all rows."""

from typing import Any

import numpy as np
import pytest

from sqlml.errors import StepError
from sqlml.zoo.steps.split import deal_groups, deal_rows

FOLDS = {"validation.folds": 5, "seed": 3}


def folds_of_iris() -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and held rows of iris, whose classes follow each other, fold by fold."""
    held = [split.held for split in deal_rows((50, 50, 50), 5, 3)]
    return [(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in held]


def matrix_of(iris: Any, columns: str) -> np.ndarray:
    found = iris.connection.sql(f"SELECT {columns} FROM iris").fetchnumpy()
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in found.values()])


def test_the_scores_are_scikit_learns_on_the_same_folds(iris: Any) -> None:
    from sklearn.model_selection import cross_validate
    from sklearn.tree import DecisionTreeClassifier

    asked = {**FOLDS, "validation.metrics": ("accuracy", "f1_macro")}
    iris.train("sklearn.tree.DecisionTreeClassifier", "FROM iris", "species", settings=asked)
    found = iris.manifest()["metrics"]
    by_hand = cross_validate(
        DecisionTreeClassifier(random_state=3),
        matrix_of(iris, "* EXCLUDE species"),
        np.repeat([0, 1, 2], 50),
        cv=folds_of_iris(),
        scoring=("accuracy", "f1_macro"),
    )
    for metric in ("accuracy", "f1_macro"):
        scores = by_hand[f"test_{metric}"]
        assert found[f"folds_{metric}"] == pytest.approx(scores.mean())
        assert found[f"folds_{metric}_std"] == pytest.approx(scores.std())
    assert found["train_accuracy"] == 1.0  # of the model of all rows


def test_a_regression_is_validated_on_folds_of_all_rows(iris: Any) -> None:
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import cross_val_score

    sql = "SELECT sepal_width, petal_length, petal_width, sepal_length FROM iris"
    outcome = iris.train("LinearRegression", sql, "sepal_length", settings=FOLDS)
    held = [split.held for split in deal_rows((150,), 5, 3)]
    scores = cross_val_score(
        LinearRegression(),
        matrix_of(iris, "sepal_width, petal_length, petal_width"),
        matrix_of(iris, "sepal_length")[:, 0],
        cv=[(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in held],
        scoring="r2",
    )
    assert outcome.metrics["folds_r2"] == pytest.approx(scores.mean())
    assert outcome.summary == f"r2 {scores.mean():.3f} (5 folds)"
    assert iris.manifest()["rows"] == 150


def test_the_model_is_the_one_without_folds(iris: Any) -> None:
    for settings in ({}, {"validation.folds": 3}):
        iris.train("xgboost.gbtree", "FROM iris", "species", settings=settings)
    models = [iris.model(f"m@{version}") / "model.ubj" for version in (1, 2)]
    assert models[0].read_bytes() == models[1].read_bytes()


def test_groups_of_a_ranking_stay_together(context: Any) -> None:
    context.connection.execute(
        "CREATE TABLE clicks AS SELECT i // 8 AS query, i % 8 AS place, (i * 7) % 3 AS relevance"
        " FROM range(160) t(i)"
    )
    settings = {"group": "query", "validation.folds": 4}
    outcome = context.train(
        "XGBRanker", "FROM clicks", "relevance", settings=settings | {"num_boost_round": 2}
    )
    assert 0 < outcome.metrics["folds_ndcg"] <= 1
    assert ("folds", 4, 4) in [(unit, done, of) for done, of, unit, _ in context.told]


def test_every_row_is_held_back_once_and_every_class_is_spread_evenly() -> None:
    counts = (70, 25, 8, 1)
    splits = deal_rows(counts, 5, 0)
    held = np.sum([split.held for split in splits], axis=0)
    assert held.tolist() == [1] * 103 + [0]  # the row that is alone in its class stays
    sizes = [split.size for split in splits]
    assert max(sizes) - min(sizes) <= 1
    for start, end in ((0, 70), (70, 95), (95, 103)):
        parts = [split.held[start:end].sum() for split in splits]
        assert max(parts) - min(parts) <= 1
    taken = [int(part.sum()) for part in np.split(splits[0].held, [70, 95, 103])]
    assert splits[0].left == tuple(c - h for c, h in zip(counts, taken, strict=True))


def test_a_seed_deals_the_same_folds_and_another_seed_others() -> None:
    first, again, other = (deal_rows((40, 20), 4, seed)[0].held for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_groups_are_dealt_whole() -> None:
    splits = deal_groups([3, 1, 4, 1, 5], 2, 0)
    assert np.sum([split.held for split in splits], axis=0).tolist() == [1] * 5
    assert sum(split.size for split in splits) == 14


@pytest.mark.parametrize(
    ("deal", "told"),
    [
        (lambda: deal_rows((1, 1, 2), 3, 0), "2 rows cannot be held back in 3 folds"),
        (lambda: deal_groups([9, 9], 3, 0), "2 groups cannot be held back in 3 folds"),
    ],
)
def test_more_folds_than_rows_are_refused(deal: Any, told: str) -> None:
    with pytest.raises(StepError) as caught:
        deal()
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("E0560", told)
