"""What a model learnt is stored with it, replayed, drawn by a seed, and the same every time."""

import re
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

from sqlml.session import Session

# The table `customers` changes between these two.
BEFORE = """
SELECT plan, city, income, visits, worth, churned FROM customers
TO TRAIN LogisticRegression WITH model.max_iter = 1000, model.tol = 1e-9
COLUMN plan, STANDARDIZE(IMPUTE(income, median)), STANDARDIZE(visits), BUCKET(worth, 8)
LABEL churned INTO line;
SELECT city, plan, income, visits, churned FROM customers
TO TRAIN xgboost.gbtree WITH max_depth = 4, train.num_boost_round = 6 LABEL churned INTO trees;
SELECT city, plan, income, visits, churned FROM customers
TO TRAIN lightgbm.gbdt WITH num_leaves = 9, train.num_boost_round = 6, min_data_per_group = 10
LABEL churned INTO leaves;
"""
AFTER = """
SELECT id, worth, visits::DECIMAL(9, 2) AS VISITS, plan, income::FLOAT AS income, note
FROM customers TO PREDICT line_said WITH predict.probability = TRUE USING line;
SELECT * FROM customers TO PREDICT trees_said WITH predict.probability = TRUE USING trees;
SELECT * FROM customers TO PREDICT leaves_said WITH predict.probability = TRUE USING leaves;
"""

# Nearest neighbours remember what they were trained on.
SPLITS = {
    "first": "validation.split = 0.25, train.seed = 1",
    "again": "validation.split = 0.25, train.seed = 1",
    "other": "validation.split = 0.25, train.seed = 2",
    "tiny": "validation.split = 0.02",
}
SPLIT = "".join(
    f"SELECT id, id AS x FROM iris WHERE id < 130 TO TRAIN KNeighborsRegressor "
    f"WITH model.n_neighbors = 1, {options} LABEL x INTO value_{name};"
    f"SELECT id, species FROM iris WHERE id < 130 TO TRAIN KNeighborsClassifier "
    f"WITH model.n_neighbors = 1, {options} LABEL species INTO {name};"
    for name, options in SPLITS.items()
)


@pytest.fixture(scope="module")
def split(laboratory: Any) -> Any:
    laboratory.run(BEFORE + SPLIT)
    return laboratory


@pytest.fixture(scope="module")
def shifted(split: Any) -> tuple[Any, pd.DataFrame, pd.DataFrame]:
    """The laboratory after a program over each state of the table, and the state before."""
    laboratory, before = split, split.frames["customers"]
    draw = np.random.default_rng(8)
    after = before.drop(columns="id").assign(
        income=(before["income"] * 3).where(draw.random(len(before)) > 0.3).astype(np.float32),
        visits=before["visits"] + 25,
        worth=before["worth"] + 20,
        plan=before["plan"].where(draw.random(len(before)) > 0.2, "new"),
        city=before["city"].where(draw.random(len(before)) > 0.2, "Ulan"),
    )
    after["income"] = after["income"].astype(float)
    after = laboratory.load("customers", after)
    laboratory.run(AFTER)
    return laboratory, before, after


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-5, atol=1e-6)


def test_a_linear_model_replays_what_it_learnt(shifted: Any) -> None:
    lab, before, after = shifted
    model = make_pipeline(
        ColumnTransformer(
            [
                ("plan", OneHotEncoder(handle_unknown="ignore"), ["plan"]),
                (
                    "income",
                    make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
                    ["income"],
                ),
                ("visits", StandardScaler(), ["visits"]),
                ("worth", KBinsDiscretizer(8, quantile_method="linear"), ["worth"]),
            ]
        ),
        LogisticRegression(max_iter=1000, tol=1e-9),
    )
    model.fit(before, before["churned"])
    expected = model.predict_proba(after)
    said = lab.table("line_said")
    np.testing.assert_allclose(said[["churned_proba_no", "churned_proba_yes"]], expected, atol=1e-5)
    assert [*said][:6] == ["id", "worth", "VISITS", "plan", "income", "note"]


def test_trees_take_new_categories_as_missing(shifted: Any) -> None:
    lab, before, after = shifted
    features = ["city", "plan", "income", "visits"]
    frames = [frame[features].copy() for frame in (before, after)]
    for name in ("city", "plan"):
        kinds = before[name].value_counts().index
        for frame in frames:
            frame[name] = pd.Categorical(frame[name].where(frame[name].isin(kinds)), kinds)
    truth = before["churned"] == "yes"
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 4},
        xgboost.QuantileDMatrix(frames[0], truth, enable_categorical=True),
        6,
    )
    expected = booster.predict(xgboost.DMatrix(frames[1], enable_categorical=True))
    close(lab.table("trees_said")["churned_proba_yes"], expected)
    parameters = {
        "objective": "binary",
        "num_leaves": 9,
        "min_data_per_group": 10,
        "seed": 0,
        "verbosity": -1,
    }
    leaves = lightgbm.train(parameters, lightgbm.Dataset(frames[0], truth), 6)
    close(lab.table("leaves_said")["churned_proba_yes"], leaves.predict(frames[1]))


def trained_on(lab: Any, model: str) -> list[int]:
    """The ids that a nearest-neighbour model remembers."""
    file = lab.bundle(model) / "model.skops"
    fitted = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
    return np.sort(fitted._fit_X[:, 0].astype(int)).tolist()


def test_a_split_is_drawn_by_its_seed(split: Any) -> None:
    for prefix in ("", "value_"):
        first, again, other = (
            trained_on(split, f"{prefix}{n}") for n in ("first", "again", "other")
        )
        assert first == again
        assert first != other
        assert len(first) == len(set(first)) == 130 - round(0.25 * 130)


@pytest.mark.parametrize("name", SPLITS)
def test_a_split_is_even_over_classes_and_measured_on_the_rest(split: Any, name: str) -> None:
    species = split.frames["iris"]["species"][:130]
    train, manifest = trained_on(split, name), split.manifest(name)
    held = np.setdiff1d(np.arange(130), train)
    assert manifest["rows"] == len(train)
    assert (
        manifest["validation_rows"] == len(held) == round(130 * (0.02 if name == "tiny" else 0.25))
    )
    share = species[held].value_counts() - species.value_counts() * len(held) / 130
    assert (share.fillna(0).abs() <= 1).all()
    nearest = [train[np.argmin(np.abs(np.array(train) - one))] for one in held]
    right = (species[held].to_numpy() == species[nearest].to_numpy()).mean()
    assert manifest["metrics"]["validation_accuracy"] == pytest.approx(right, abs=1.1 / len(held))
    assert manifest["metrics"]["train_accuracy"] == 1


# --- the same every time ---

TRAININGS = {
    "boosted": "TRAIN xgboost.gbtree WITH subsample = 0.6, colsample_bytree = 0.7, "
    "train.num_boost_round = 8, validation.split = 0.2",
    "dropped": "TRAIN lightgbm.dart WITH bagging_fraction = 0.7, bagging_freq = 1, "
    "feature_fraction = 0.6, train.num_boost_round = 8, validation.split = 0.2",
    "linear": "TRAIN xgboost.gblinear WITH train.num_boost_round = 5",
    "forest": "TRAIN RandomForestClassifier WITH model.n_estimators = 8",
    "network": "TRAIN MLPClassifier WITH model.hidden_layer_sizes = [4], model.max_iter = 20, "
    "validation.split = 0.3",
}


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory, laboratory: Any) -> dict[str, list[Any]]:
    """The checksums of models' files: trained side by side, and one after the other."""
    path = tmp_path_factory.mktemp("cancer") / "cancer.parquet"
    laboratory.frames["cancer"].drop(columns=["id", "w"]).to_parquet(path)
    program = f"CREATE TABLE cancer AS SELECT * FROM '{path}';" + "".join(
        f"SELECT * FROM cancer TO {words} COLUMN STANDARDIZE(mean_radius), * "
        f"LABEL benign INTO {name};"
        for name, words in TRAININGS.items()
    )
    found: dict[str, list[Any]] = {name: [] for name in TRAININGS}
    for threads in (2, 1):
        with Session.open(db=":memory:", reuse=False, threads=threads) as session:
            session.run(program)
            for name, files in found.items():
                files.append(session.store.models.versions(name)[-1]["files"])
    return found


@pytest.mark.parametrize("name", TRAININGS)
def test_the_same_rows_give_the_same_model(repeated: dict[str, list[Any]], name: str) -> None:
    side_by_side, in_turn = repeated[name]
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in in_turn.values())
    assert side_by_side == in_turn
