"""COLUMN functions give linear models the features that scikit-learn's transformers give."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OneHotEncoder, StandardScaler

PROGRAM = """
SELECT * FROM customers TO TRAIN Ridge
COLUMN STANDARDIZE(visits), MINMAX(worth), LOG(visits1)
LABEL target INTO scaled;
SELECT * FROM customers TO TRAIN LogisticRegression
COLUMN IMPUTE(income, mean), STANDARDIZE(IMPUTE(income, median)), IMPUTE(income, 7), active
LABEL churned INTO filled;
SELECT * FROM customers TO TRAIN Ridge COLUMN BUCKET(worth, 8), BUCKET(visits, [5, 10, 20])
LABEL target INTO binned;
SELECT * FROM customers TO TRAIN Ridge COLUMN plan, INDICATOR(city), IMPUTE(city, mode)
LABEL target INTO categories;
SELECT * FROM customers TO TRAIN LogisticRegression COLUMN TFIDF(note) LABEL churned INTO words;
SELECT * FROM customers TO TRAIN Ridge
COLUMN DATE_PARTS(joined, [year, quarter, month, week, day, weekday, dayofyear, epoch])
LABEL target INTO dates;
SELECT * FROM customers TO TRAIN Ridge
COLUMN VOCABULARY(plan, ['team', 'paid']), CROSS([plan, active], 50), CATEGORY_ID(visits, 30)
LABEL target INTO crossed;
SELECT joined, plan, active, visits, target FROM customers TO TRAIN Ridge
LABEL target INTO by_default;
SELECT vector, numbers, target FROM customers TO TRAIN Ridge
COLUMN DENSE(vector, 3), numbers LABEL target INTO vectors;
SELECT bag, target FROM customers TO TRAIN Ridge COLUMN SPARSE(bag, 9, COMMA, float, COLON)
LABEL target INTO bags;
"""


@pytest.fixture(scope="module")
def lab(laboratory: Any) -> Any:
    frame = laboratory.frames["customers"].drop(columns="id")
    draw = np.random.default_rng(1)
    vectors = draw.normal(size=(len(frame), 3)).round(3)
    bags = [
        {int(i): round(float(draw.normal()), 2) for i in draw.choice(9, 3, replace=False)}
        for _ in range(len(frame))
    ]
    laboratory.load(
        "customers",
        frame.assign(
            visits1=frame["visits"] + 1,
            target=draw.normal(size=len(frame)) + frame["visits"] / 10,
            vector=[",".join(map(str, row)) for row in vectors],
            numbers=[row[:2].tolist() for row in vectors],
            bag=[",".join(f"{i}:{value}" for i, value in bag.items()) for bag in bags],
        ),
    )
    laboratory.run(PROGRAM)
    return laboratory


def coefficients(lab: Any, model: str) -> dict[str, float]:
    """The coefficients of a stored linear model by the name of their feature, in their order."""
    folder = lab.bundle(model)
    trusted = skops.io.get_untrusted_types(file=folder / "model.skops")
    estimator = skops.io.load(folder / "model.skops", trusted=trusted)
    names = pipeline_names(lab.manifest(model))
    values = np.ravel(estimator.coef_)
    assert len(names) == len(values)
    return dict(zip(names, values, strict=True)) | {"": float(np.ravel(estimator.intercept_)[0])}


def pipeline_names(manifest: dict[str, Any]) -> tuple[str, ...]:
    from sqlml.zoo.features.pipeline import Pipeline

    return Pipeline.from_json(manifest["pipeline"][""]).names


def same(found: dict[str, float], model: Any, X: np.ndarray, y: Any) -> None:
    model.fit(X, y)
    values = list(found.values())
    np.testing.assert_allclose(values[:-1], np.ravel(model.coef_), atol=1e-6)
    np.testing.assert_allclose(values[-1], np.ravel(model.intercept_), atol=1e-6)


def one_hot(column: Any, names: Any) -> np.ndarray:
    """0/1 columns in the order of `names`."""
    column = np.asarray(column, dtype=object).reshape(-1, 1)
    encoder = OneHotEncoder(
        categories=[list(names)], handle_unknown="ignore", sparse_output=False, dtype=float
    )
    return encoder.fit(column).transform(column)


def test_scaled_numbers(lab: Any) -> None:
    frame = lab.frames["customers"]
    X = np.hstack(
        [
            StandardScaler().fit_transform(frame[["visits"]]),
            MinMaxScaler().fit_transform(frame[["worth"]]),
            np.log(frame[["visits1"]]),
        ]
    )
    same(coefficients(lab, "scaled"), Ridge(), X, frame["target"])


def test_filled_numbers(lab: Any) -> None:
    frame = lab.frames["customers"]
    income = frame[["income"]].to_numpy()
    median = SimpleImputer(strategy="median").fit_transform(income)
    X = np.hstack(
        [
            SimpleImputer(strategy="mean").fit_transform(income),
            StandardScaler().fit_transform(median),
            SimpleImputer(strategy="constant", fill_value=7).fit_transform(income),
            frame[["active"]],
        ]
    )
    same(coefficients(lab, "filled"), LogisticRegression(), X.astype(float), frame["churned"])


def test_ranges(lab: Any) -> None:
    frame = lab.frames["customers"]
    learnt = KBinsDiscretizer(
        8, encode="onehot-dense", strategy="quantile", quantile_method="linear"
    )
    given = one_hot(pd.cut(frame["visits"], [-1, 4, 9, 19, 99], labels=False), range(4))
    X = np.hstack([learnt.fit_transform(frame[["worth"]]), given])
    same(coefficients(lab, "binned"), Ridge(), X, frame["target"])


def test_categories(lab: Any) -> None:
    frame = lab.frames["customers"]
    plans, cities = frame["plan"].value_counts().index, frame["city"].value_counts().index
    found = coefficients(lab, "categories")
    assert [*found][: len(plans)] == [f"plan={name}" for name in plans]
    filled = frame["city"].fillna(cities[0])
    X = np.hstack(
        [one_hot(frame["plan"], plans), one_hot(frame["city"], cities), one_hot(filled, cities)]
    )
    model = Ridge().fit(X, frame["target"])
    np.testing.assert_allclose(
        np.array([*found.values()])[: X.shape[1]][: len(plans) + len(cities)],
        model.coef_[: len(plans) + len(cities)],
        atol=1e-6,
    )


def test_words(lab: Any) -> None:
    frame = lab.frames["customers"]
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)[^\W_]+")
    X = vectorizer.fit_transform(frame["note"]).toarray()
    found = coefficients(lab, "words")
    order = [vectorizer.vocabulary_[name.removeprefix("note=")] for name in [*found][:-1]]
    same(found, LogisticRegression(), X[:, order], frame["churned"])


def test_dates(lab: Any) -> None:
    frame = lab.frames["customers"]
    date = frame["joined"].dt
    X = np.column_stack(
        [
            date.year,
            date.quarter,
            date.month,
            date.isocalendar().week,
            date.day,
            date.day_of_week,
            date.day_of_year,
            (frame["joined"] - pd.Timestamp(0)) / pd.Timedelta(days=1),
        ]
    )
    same(coefficients(lab, "dates"), Ridge(), X.astype(float), frame["target"])


def test_given_vocabularies_crosses_and_ids(lab: Any) -> None:
    """Hashes are ours, so that only what is in a bucket is compared: one pair of values each."""
    frame = lab.frames["customers"]
    found = coefficients(lab, "crossed")
    others = ~frame["plan"].isin(["team", "paid"])
    pairs = frame["plan"] + frame["active"].astype(str)
    X = np.hstack(
        [
            one_hot(frame["plan"], ["team", "paid"]),
            others.to_numpy(float)[:, None],
            one_hot(pairs, sorted(set(pairs))),
            one_hot(frame["visits"], range(30)),
        ]
    )
    model = Ridge().fit(X, frame["target"])
    values = np.array([*found.values()][:-1])
    np.testing.assert_allclose(values[:3], model.coef_[:3], atol=1e-6)
    np.testing.assert_allclose(values[-30:], model.coef_[-30:], atol=1e-6)
    hashed = np.sort(values[3:-30])
    np.testing.assert_allclose(
        hashed[np.abs(hashed) > 1e-12], np.sort(model.coef_[3:-30]), atol=1e-6
    )


def test_what_columns_are_by_default(lab: Any) -> None:
    frame = lab.frames["customers"]
    date, plans = frame["joined"].dt, frame["plan"].value_counts().index
    parts = [
        date.year,
        date.month,
        date.day,
        date.day_of_week,
        date.day_of_year,
        date.hour,
        date.minute,
    ]
    X = np.hstack(
        [np.column_stack(parts), one_hot(frame["plan"], plans), frame[["active", "visits"]]]
    )
    same(coefficients(lab, "by_default"), Ridge(), X.astype(float), frame["target"])


def test_vectors(lab: Any) -> None:
    frame = lab.frames["customers"]
    dense = np.array([[float(value) for value in row.split(",")] for row in frame["vector"]])
    X = np.hstack([dense, np.array(frame["numbers"].tolist())])
    same(coefficients(lab, "vectors"), Ridge(), X, frame["target"])
    bags = np.zeros((len(frame), 9))
    for row, bag in enumerate(frame["bag"]):
        for pair in bag.split(","):
            place, value = pair.split(":")
            bags[row, int(place)] = float(value)
    same(coefficients(lab, "bags"), Ridge(), bags, frame["target"])
