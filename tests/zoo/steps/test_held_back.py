"""What features learn is learnt from the rows to train on, never from those that are held back."""

from typing import Any

import numpy as np
import pytest

from sqlml.errors import StepError
from sqlml.zoo.features import FEATURES
from sqlml.zoo.features.contract import ColumnReference
from sqlml.zoo.steps.split import deal_rows, draw, draw_groups

ROWS = 600
SPLIT = {"validation.split": 0.25, "seed": 4, "num_boost_round": 2}
FAMILIES = ("xgboost.gbtree", "lightgbm.gbdt", "LogisticRegression", "DNNClassifier")


def features(*written: tuple[str, str, str]) -> dict[str, Any]:
    """COLUMN functions of one column each: (function, column, type)."""
    parsed = [
        FEATURES.load(function).parse((ColumnReference(column, kind),))
        for function, column, kind in written
    ]
    return {"": tuple(feature.to_json() for feature in parsed)}


USUAL = features(("STANDARDIZE", "x", "DOUBLE"), ("VOCABULARY", "city", "VARCHAR"))


@pytest.fixture
def sold(context: Any) -> Any:
    """The context with a table where rows that will be held back are another country: their `x`
    is huge, and their city is `Rare` where that of all others is not.
    """
    rng = np.random.default_rng(0)
    label = rng.choice(2, ROWS, p=(0.3, 0.7))
    context.held = np.empty(ROWS, dtype=bool)
    order = np.argsort(label, kind="stable")  # a split is drawn class by class
    context.held[order] = draw(np.bincount(label), 0.25, 4).held
    x = rng.normal(label, 1.0) + 50 * context.held
    city = np.where(context.held, "Rare", rng.choice(["Oslo", "Rome"], ROWS))
    context.frame = {"x": x, "city": city, "y": label}
    context.connection.execute("CREATE TABLE sold (i INTEGER, x DOUBLE, city VARCHAR, y VARCHAR)")
    rows = [(i, float(x[i]), city[i], ["no", "yes"][label[i]]) for i in range(ROWS)]
    context.connection.executemany("INSERT INTO sold VALUES (?, ?, ?, ?)", rows)
    return context


def train(context: Any, model: str, sql: str = "FROM sold", **options: Any) -> dict[str, Any]:
    context.run(
        "train",
        **{
            "estimator": model,
            "parameters": {},
            "settings": SPLIT,
            "features": USUAL,
            "label": ("y",),
            "into": "m",
            "rows": sql,
            **options,
        },
    )
    return context.manifest()


@pytest.mark.parametrize("model", FAMILIES)
def test_a_category_of_held_back_rows_is_unknown_and_their_mean_does_not_count(
    sold: Any, model: str
) -> None:
    from sklearn.preprocessing import StandardScaler

    manifest = train(sold, model, parameters={"hidden_units": [2]} if "DNN" in model else {})
    x, city = manifest["pipeline"][""]["features"]
    by_hand = StandardScaler().fit(sold.frame["x"][~sold.held, None])
    assert [x["shift"], x["scale"]] == pytest.approx([by_hand.mean_[0], by_hand.scale_[0]])
    assert sorted(city["values"]) == ["Oslo", "Rome"]
    assert (manifest["rows"], manifest["validation_rows"]) == (450, 150)


def test_the_score_is_that_of_a_pipeline_fitted_to_the_other_rows(sold: Any) -> None:
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame, held = pd.DataFrame(sold.frame), sold.held
    prepared = make_column_transformer(
        (StandardScaler(), ["x"]),
        (OneHotEncoder(categories=[["Oslo", "Rome", "(other)"]], dtype=float), ["city"]),
    )
    frame["city"] = frame["city"].replace("Rare", "(other)")
    pipeline = make_pipeline(prepared, LogisticRegression(random_state=4))
    asked = {"validation.metrics": ("log_loss",)}
    found = train(sold, "LogisticRegression", settings=SPLIT | asked)["metrics"]
    pipeline.fit(frame[~held], frame["y"][~held])
    for name, rows in (("train", ~held), ("validation", held)):
        by_hand = log_loss(frame["y"][rows], pipeline.predict_proba(frame[rows]))
        assert found[f"{name}_log_loss"] == pytest.approx(by_hand, rel=1e-4)


def test_every_fold_learns_anew(sold: Any) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(1)
    numbers = np.column_stack([rng.lognormal(0, 2, ROWS), np.zeros(ROWS)])
    numbers[:, 1] = np.sqrt(numbers[:, 0]) + rng.normal(0, 1, ROWS)
    sold.connection.execute("CREATE TABLE heavy (a DOUBLE, y DOUBLE)")
    sold.connection.executemany("INSERT INTO heavy VALUES (?, ?)", numbers.tolist())
    held = [split.held for split in deal_rows((ROWS,), 4, 4)]
    scores = cross_val_score(
        make_pipeline(StandardScaler(), Ridge(300.0)),
        numbers[:, :1],
        numbers[:, 1],
        cv=[(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in held],
        scoring="r2",
    )
    manifest = train(
        sold,
        "Ridge",
        "FROM heavy",
        features=features(("STANDARDIZE", "a", "DOUBLE")),
        parameters={"alpha": 300.0},
        settings={"validation.folds": 4, "seed": 4},
    )
    assert manifest["metrics"]["folds_r2"] == pytest.approx(scores.mean(), rel=1e-6)
    assert manifest["metrics"]["folds_r2_std"] == pytest.approx(scores.std(), rel=1e-6)
    (learnt,) = manifest["pipeline"][""]["features"]  # the model itself is of all rows
    assert learnt["shift"] == pytest.approx(numbers[:, 0].mean())


def test_groups_of_a_ranking_are_left_out_whole(context: Any) -> None:
    context.connection.execute(
        "CREATE TABLE clicks AS SELECT (i * 37) % 20 AS query, i * i AS sqlml_place,"
        " (i * 7) % 3 AS relevance FROM range(160) t(i)"
    )
    context.run(
        "train",
        estimator="XGBRanker",
        parameters={},
        settings={"group": "query", "validation.split": 0.25, "num_boost_round": 1},
        features=features(("STANDARDIZE", "sqlml_place", "BIGINT")),
        label=("relevance",),
        into="m",
        rows="FROM clicks",
    )
    held = np.flatnonzero(draw_groups([8] * 20, 0.25, 0).held)
    mean = "SELECT avg(sqlml_place) FROM clicks WHERE query NOT IN ({})"
    ((expected,),) = context.query(mean.format(", ".join(map(str, held))))
    (learnt,) = context.manifest()["pipeline"][""]["features"]
    assert learnt["shift"] == pytest.approx(expected)


def test_nothing_is_read_for_features_that_learn_nothing(sold: Any) -> None:
    looks: list[str] = []
    ask = sold.table
    sold.table = lambda sql: looks.append(sql) or ask(sql)
    train(sold, "xgboost.gbtree", features=features(("NUMERIC", "x", "DOUBLE")))
    assert not [sql for sql in looks if "get_bit" in sql]


def test_a_gap_in_a_held_back_row_is_told_before_any_training(sold: Any) -> None:
    place = int(np.flatnonzero(sold.held)[0])
    train(sold, "LinearClassifier")
    trained = len(sold.told)
    sold.connection.execute(f"UPDATE sold SET x = NULL WHERE i = {place}")
    with pytest.raises(StepError) as caught:
        train(sold, "LinearClassifier", "FROM (SELECT * FROM sold ORDER BY i)")
    assert caught.value.diagnostics[0].message == "column `x` is empty (NULL or NaN) in 1 row"
    assert len(sold.told) == trained > 0
