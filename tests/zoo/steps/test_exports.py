"""Models for other programs: each export says of the same rows what PREDICT says of them."""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pyarrow as pa
import pytest

from sqlml.errors import ProgramError, StepError
from sqlml.zoo.export.contract import Export
from sqlml.zoo.export.scoring import below_single
from sqlml.zoo.export.sql import select
from sqlml.zoo.export.write import write
from sqlml.zoo.features.contract import feature_from_json

ROWS = 200
MIXED = """
CREATE TABLE mixed AS
SELECT i AS id,
       CASE WHEN i % 13 = 0 THEN NULL WHEN i % 17 = 0 THEN 'NaN'
            ELSE (i * 7919) % 1000 / 100.0 END::DOUBLE AS a,
       ((i * 31) % 97)::INTEGER AS b,
       ['x', 'y', 'it''s', NULL][1 + (i * 31) % 4] AS c,
       i % 7 = 0 AS f,
       DATE '2020-01-01' + (i % 700)::INTEGER AS d,
       TIMESTAMP '2021-03-01 10:20:30.5' + INTERVAL (i * 7000) SECOND AS m,
       sin(i) + (i % 5) / 3 + ((i * 31) % 97) / 50.0 AS y,
       CASE WHEN sin(i * 1.7) + ((i * 31) % 97) / 50.0 > 1.2 THEN 'yes' ELSE 'no' END AS two,
       1 + ((i * 31) % 97 + i % 3) % 3 AS three
FROM range({rows}) AS r(i)
"""
FULL = "coalesce(nullif(a, 'NaN'), 1.5) AS a, b, f"
HELD = "a, c, ['q', 'r', 's', 't', 'u'][1 + (id * 7) % 5] AS e, f"


@pytest.fixture
def mixed(context: Any) -> Any:
    context.connection.execute(MIXED.format(rows=ROWS))
    return context


def exported(context: Any, *columns: str, table: str = "rows_") -> Export:
    return Export("m@1", context.model("m@1"), table, columns)


def said(context: Any, sql: str) -> dict[str, np.ndarray]:
    table = context.table(f"SELECT * FROM ({sql}) ORDER BY id")
    return {name: np.array(table.column(name).to_pylist()) for name in table.column_names}


def assert_equal(ours: dict[str, Any], theirs: pa.Table, tolerance: float) -> None:
    theirs = theirs.sort_by("id")
    assert set(ours) == set(theirs.column_names)
    for name in theirs.column_names:
        expected = np.array(theirs.column(name).to_pylist())
        if expected.dtype.kind == "f" and name != "a":
            np.testing.assert_allclose(ours[name], expected, rtol=tolerance, atol=tolerance)
        elif name not in "abcfdm":
            assert list(ours[name]) == list(expected), name


SINGLE, DOUBLE = 1e-6, 1e-12  # of what the libraries compute in
MODELS = [
    ("xgboost.gbtree", {"max_depth": 6}, {"num_boost_round": 20}, "a, b, c", "y", SINGLE),
    ("xgboost.gbtree", {"max_depth": 3}, {}, "a, b, c, f, d", "two", SINGLE),
    ("xgboost.gbtree", {}, {}, "a, b, c, m", "three", SINGLE),
    ("xgboost.gbtree", {"objective": "count:poisson"}, {}, "a, c", "three", SINGLE),
    ("xgboost.gbtree", {"objective": "binary:hinge"}, {}, "a, b", "two", SINGLE),
    ("xgboost.gbtree", {"objective": "reg:logistic"}, {}, "a, b", "1 / (1 + exp(y)) AS y", SINGLE),
    ("xgboost.dart", {"rate_drop": 0.4}, {}, "a, b, c", "two", SINGLE),
    ("xgboost.gblinear", {}, {}, FULL, "three", SINGLE),
    ("xgboost.XGBRFRegressor", {"num_parallel_tree": 20}, {}, "a, b", "y", SINGLE),
    ("lightgbm.gbdt", {}, {"num_boost_round": 100}, "a, b, c, f, d", "y", DOUBLE),
    ("lightgbm.gbdt", {"reg_sqrt": True, "objective": "regression"}, {}, "a, b", "y", DOUBLE),
    ("lightgbm.gbdt", {"sigmoid": 0.7}, {}, FULL, "two", DOUBLE),
    ("lightgbm.gbdt", {}, {}, "a, b, c", "three", DOUBLE),
    ("lightgbm.gbdt", {"objective": "multiclassova"}, {}, "a, b, c", "three", DOUBLE),
    ("lightgbm.rf", {"bagging_freq": 1, "bagging_fraction": 0.6}, {}, "a, b", "two", DOUBLE),
    ("sklearn.tree.DecisionTreeClassifier", {"max_depth": 6}, {}, FULL, "three", DOUBLE),
    ("sklearn.tree.DecisionTreeRegressor", {"max_depth": 6}, {}, "a, b, c", "y", DOUBLE),
    (
        "sklearn.ensemble.RandomForestClassifier",
        {"n_estimators": 9, "max_depth": 8},
        {},
        FULL,
        "three",
        DOUBLE,
    ),
    ("sklearn.ensemble.ExtraTreesRegressor", {"n_estimators": 5}, {}, FULL, "y", DOUBLE),
    ("sklearn.ensemble.GradientBoostingClassifier", {"n_estimators": 10}, {}, FULL, "two", DOUBLE),
    (
        "sklearn.ensemble.GradientBoostingClassifier",
        {"n_estimators": 10},
        {},
        FULL,
        "three",
        DOUBLE,
    ),
    (
        "sklearn.ensemble.GradientBoostingClassifier",
        {"loss": "exponential", "n_estimators": 10},
        {},
        FULL,
        "two",
        DOUBLE,
    ),
    ("sklearn.ensemble.GradientBoostingRegressor", {"n_estimators": 10}, {}, FULL, "y", DOUBLE),
    (
        "sklearn.ensemble.HistGradientBoostingClassifier",
        {"max_iter": 3},
        {},
        "a, b",
        "three",
        DOUBLE,
    ),
    (
        "sklearn.ensemble.HistGradientBoostingRegressor",
        {"loss": "poisson", "max_iter": 5},
        {},
        "a, b",
        "three",
        DOUBLE,
    ),
    ("sklearn.ensemble.HistGradientBoostingRegressor", {"max_iter": 9}, {}, HELD, "y", DOUBLE),
    ("scorecard.ScoreCard", {}, {}, "a, b, c, f", "two", 1e-9),
    ("scorecard.ScoreCard", {"binning": "tree", "good_class": "second"}, {}, HELD, "two", 1e-9),
    ("sklearn.linear_model.LinearRegression", {}, {}, f"{FULL}, c, d", "y", 1e-9),
    ("sklearn.linear_model.Ridge", {}, {}, f"{FULL}, m", "y", 1e-9),
    ("sklearn.linear_model.PoissonRegressor", {}, {}, FULL, "three", DOUBLE),
    ("sklearn.linear_model.TweedieRegressor", {"power": 1.5}, {}, FULL, "three", DOUBLE),
    ("sklearn.linear_model.LogisticRegression", {}, {}, f"{FULL}, c", "two", 1e-9),
    ("sklearn.linear_model.LogisticRegression", {}, {}, FULL, "three", 1e-9),
    ("sklearn.linear_model.SGDClassifier", {"loss": "log_loss"}, {}, FULL, "three", 1e-9),
    ("sklearn.linear_model.RidgeClassifier", {}, {}, FULL, "three", DOUBLE),
    ("sklearn.svm.LinearSVC", {}, {}, FULL, "two", DOUBLE),
    (
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        {},
        {},
        FULL,
        "three",
        1e-9,
    ),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model[0]} {model[4]}")
def test_the_select_says_what_predict_says(mixed: Any, model: Any) -> None:
    estimator, parameters, settings, columns, label, tolerance = model
    mixed.connection.execute(f"CREATE TABLE rows_ AS SELECT id, {columns}, {label} FROM mixed")
    name = label.rpartition(" ")[2]
    mixed.train(
        estimator,
        "SELECT * EXCLUDE (id) FROM rows_",
        name,
        parameters=parameters,
        settings=settings,
    )
    given = [row[0] for row in mixed.query("DESCRIBE rows_")]
    if "c" in given:  # a category that training did not see
        mixed.connection.execute("UPDATE rows_ SET c = 'new' WHERE id % 11 = 3")
    ours = said(mixed, select(exported(mixed, *given)))
    told = {"probability": any(f"{name}_proba_" in column for column in ours)}
    if f"{name}_score" in ours:
        told["extra_outputs"] = ["score"]
    theirs = mixed.predict("SELECT * FROM rows_", name, **told)
    assert_equal(ours, theirs, tolerance)


FEATURES = [
    {"function": "STANDARDIZE", "of": {"function": "IMPUTE", "of": "a", "how": "mean"}},
    {"function": "MINMAX", "of": "b"},
    {"function": "LOG", "of": {"function": "IMPUTE", "of": "a", "how": "value", "value": 0.5}},
    {"function": "BUCKET", "of": "b", "n": 4},
    {"function": "VOCABULARY", "column": "c"},
    {"function": "INDICATOR", "of": {"function": "VOCABULARY", "column": "c", "other": False}},
    {"function": "CATEGORY_ID", "of": {"column": "b", "type": "INTEGER"}, "n": 97},
    {
        "function": "CROSS",
        "parts": (
            {"function": "BUCKET", "of": "b", "n": 3},
            {"function": "VOCABULARY", "column": "c"},
        ),
        "n": 5,
    },
    {
        "function": "DATE_PARTS",
        "column": {"column": "m", "type": "TIMESTAMP"},
        "parts": ["year", "quarter", "week", "weekday", "dayofyear", "hour", "second", "epoch"],
    },
]
TYPES = {"a": "DOUBLE", "b": "INTEGER", "c": "VARCHAR"}


def spelled(feature: Any) -> Any:
    """A feature's JSON, in which columns of numbers stand as their names."""
    if not isinstance(feature, dict):
        return feature
    made = {}
    for key, value in feature.items():
        if key == "of" and isinstance(value, str):
            column = {"column": value, "type": TYPES[value]}
            made[key] = {"function": "NUMERIC", "column": column}
        elif key == "column" and isinstance(value, str) and "function" in feature:
            made[key] = {"column": value, "type": TYPES[value]}
        elif key == "parts" and feature["function"] == "CROSS":
            made[key] = tuple(spelled(part) for part in value)
        else:
            made[key] = spelled(value)
    return made


@pytest.mark.parametrize("estimator", ["xgboost.gbtree", "sklearn.linear_model.Ridge"])
def test_preprocessing_is_part_of_the_select(mixed: Any, estimator: str) -> None:
    rows = "SELECT * REPLACE (nullif(a, 0) AS a) FROM mixed"
    features = [feature_from_json(spelled(feature)).to_json() for feature in FEATURES]
    mixed.run(
        "train",
        estimator=estimator,
        parameters={},
        settings={},
        features={"": tuple(features)},
        label=("y",),
        into="m",
        rows=rows,
    )
    theirs = mixed.predict(rows, "y")
    ours = said(mixed, select(exported(mixed, "id", table=f"({rows})")))
    assert_equal(ours, theirs.select(["id", "y"]), 1e-6)


def test_what_a_sparse_matrix_leaves_out_is_missing_to_xgboost(mixed: Any) -> None:
    rows = "SELECT *, 'k' || id % 80 AS k, (id % 80) % 3 + a AS z FROM mixed"
    many = {"function": "VOCABULARY", "column": {"column": "k", "type": "VARCHAR"}}
    many = {"function": "INDICATOR", "of": {**many, "other": False}}
    number = {"function": "NUMERIC", "column": {"column": "a", "type": "DOUBLE"}}
    features = tuple(feature_from_json(one).to_json() for one in (number, many))
    mixed.run(
        "train",
        estimator="xgboost.gbtree",
        parameters={},
        settings={},
        features={"": features},
        label=("z",),
        into="m",
        rows=rows.replace("+ a", "+ coalesce(nullif(a, 'NaN'), 0)"),
    )
    export = exported(mixed, "id", table=f"({rows})")
    assert export.bundle.pipeline.is_sparse
    theirs = mixed.predict(rows, "z")
    assert_equal(said(mixed, select(export)), theirs.select(["id", "z"]), 1e-6)


SINGLES = [
    (1e-9, {}, 10),
    (-1.0, {"base_score": 7.5e8}, 10),
    (1e5, {"booster": "dart", "rate_drop": 0.3, "one_drop": 1}, 20),
    (1e9, {"booster": "dart", "rate_drop": 0.3, "base_score": 7.5e8}, 10),
    (1e9, {"max_depth": 1}, 1_000),
    (-1e9, {"booster": "gblinear", "base_score": 0.0}, 5),
]


@pytest.mark.parametrize(("scale", "parameters", "rounds"), SINGLES)
def test_sums_are_rounded_where_xgboost_rounds_them(
    mixed: Any, scale: float, parameters: dict[str, Any], rounds: int
) -> None:
    """With targets of both signs, some of which are nearly 0."""
    import xgboost

    kind = parameters.pop("booster", "gbtree")
    columns = "coalesce(nullif(a, 'NaN'), 1.5) AS a, b" if kind == "gblinear" else "a, b"
    rows = f"SELECT id, {columns}, {scale} * (y - 1.7) AS z FROM mixed"
    settings = {"num_boost_round": rounds}
    mixed.train(
        f"xgboost.{kind}",
        f"SELECT * EXCLUDE (id) FROM ({rows})",
        "z",
        parameters=parameters,
        settings=settings,
    )
    export = exported(mixed, "id", table=f"({rows})")
    booster = xgboost.Booster(model_file=export.folder / "model.ubj")
    matrix = np.array(mixed.query(f"SELECT a, b FROM ({rows}) ORDER BY id"), dtype=float)
    theirs = booster.predict(xgboost.DMatrix(matrix), validate_features=False)
    np.testing.assert_array_equal(said(mixed, select(export))["z"].astype(np.float32), theirs)
    by_predict = mixed.predict(rows, "z").sort_by("id").column("z")
    np.testing.assert_array_equal(by_predict.to_numpy().astype(np.float32), theirs)


@pytest.mark.parametrize(
    ("estimator", "objective"),
    [("xgboost.gbtree", "count:poisson"), ("xgboost.gbtree", "reg:gamma"), ("lightgbm.gbdt", "l2")],
)
def test_large_values_are_equal_to_six_digits(mixed: Any, estimator: str, objective: str) -> None:
    rows = "SELECT id, a, b, c, 1 + 1e9 * (y + 2) AS z FROM mixed"
    mixed.train(
        estimator,
        f"SELECT * EXCLUDE (id) FROM ({rows})",
        "z",
        parameters={"objective": objective},
        settings={"num_boost_round": 25},
    )
    ours = said(mixed, select(exported(mixed, "id", table=f"({rows})")))["z"]
    theirs = mixed.predict(rows, "z").sort_by("id").column("z").to_numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=0)


def test_a_hundred_deep_trees_run_on_sqlite(mixed: Any) -> None:
    mixed.connection.execute("CREATE TABLE rows_ AS SELECT id, a, b, c, y FROM mixed")
    rows = "SELECT * FROM rows_"
    mixed.train(
        "xgboost.gbtree",
        "SELECT * EXCLUDE (id) FROM rows_",
        "y",
        parameters={"max_depth": 6},
        settings={"num_boost_round": 100},
    )
    theirs = mixed.predict(rows, "y").sort_by("id").column("y").to_numpy()
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE rows_ (id INTEGER, a DOUBLE, b INTEGER, c TEXT)")
    values = mixed.query("SELECT id, CASE WHEN isnan(a) THEN NULL ELSE a END, b, c FROM rows_")
    connection.executemany("INSERT INTO rows_ VALUES (?, ?, ?, ?)", values)
    ours = connection.execute(f"{select(exported(mixed, 'id'))} ORDER BY id").fetchall()
    connection.close()
    np.testing.assert_allclose([value for _, value in ours], theirs, rtol=1e-6, atol=1e-6)


def test_a_row_that_predict_refuses_has_no_answer(mixed: Any) -> None:
    mixed.connection.execute(f"CREATE TABLE rows_ AS SELECT id, {FULL}, two FROM mixed")
    mixed.train(
        "sklearn.ensemble.GradientBoostingClassifier", "SELECT * EXCLUDE (id) FROM rows_", "two"
    )
    mixed.connection.execute("UPDATE rows_ SET a = NULL WHERE id = 3")
    sql = select(exported(mixed, "id"))
    (answer,) = mixed.query(f"SELECT two, two_proba_yes FROM ({sql}) WHERE id = 3")
    assert answer == (None, None)
    ((answered,),) = mixed.query(f"SELECT count(two) FROM ({sql})")
    assert answered == ROWS - 1


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("limit", [6.06, float(np.float32(6.06)), 0.0, -1.5, 1e-40, 3.0000001])
def test_a_double_is_compared_as_the_single_it_rounds_to(limit: float, inclusive: bool) -> None:
    test = below_single(limit, inclusive=inclusive)
    near = np.float32(limit)
    values: list[float] = []
    for single in (np.nextafter(near, np.float32(-np.inf)), near):
        after = np.nextafter(single, np.float32(np.inf))
        middle = (float(single) + float(after)) / 2
        values += [float(single), middle, np.nextafter(middle, -np.inf), np.nextafter(middle, 9.0)]
    for value in values:
        rounded = float(np.float32(value))
        expected = rounded <= limit if inclusive else rounded < limit
        assert (value <= test.limit if test.inclusive else value < test.limit) == expected


def test_a_threshold_between_the_missing_and_all_others_can_be_written() -> None:
    for limit in (np.inf, 3.5e38, 1e308):
        test = below_single(limit, inclusive=True)
        assert float(np.finfo(np.float32).max) < test.limit <= sys.float_info.max
    assert -sys.float_info.max <= below_single(-np.inf, inclusive=True).limit < -1e38


@pytest.mark.parametrize(
    ("estimator", "label", "columns", "message"),
    [
        ("sklearn.cluster.KMeans", (), "b", "`sklearn.cluster.KMeans` cannot be written as SQL"),
        ("sklearn.svm.SVC", "two", "b", "`sklearn.svm.SVC` cannot be written as SQL"),
        ("lightgbm.gbdt", "two", "[b, b] AS pair", "the feature DENSE(…) of `pair` cannot"),
        ("lightgbm.gbdt", "two", "a", "0 is missing (`zero_as_missing`) cannot"),
        ("lightgbm.gbdt", "y", "b", "linear models in its leaves (`linear_tree`) cannot"),
    ],
)
def test_what_has_no_sql_is_an_error_that_says_what_has(
    mixed: Any, estimator: str, label: Any, columns: str, message: str
) -> None:
    parameters = {"linear_tree": True} if "linear_tree" in message else {}
    parameters |= {"zero_as_missing": True} if "zero_as" in message else {}
    names = f"{columns}, {label}" if label else columns
    mixed.train(estimator, f"SELECT {names} FROM mixed", label, parameters=parameters)
    with pytest.raises(StepError) as caught:
        select(exported(mixed))
    (fault,) = caught.value.diagnostics
    assert (fault.code, message in fault.message) == ("E0581", True), fault
    assert "written are" in fault.hint


def test_a_label_that_lists_numbers_is_not_written(mixed: Any) -> None:
    mixed.train("xgboost.gbtree", "SELECT b, [y, -y] AS both FROM mixed", "both")
    with pytest.raises(StepError, match="lists several numbers") as caught:
        select(exported(mixed))
    assert caught.value.diagnostics[0].code == "E0581"


def test_several_labels_are_predicted_at_once(mixed: Any) -> None:
    rows = "SELECT b, y, y / 2 AS half FROM mixed"
    mixed.train("xgboost.gbtree", rows, ("y", "half"))
    ours = mixed.table(f"{select(exported(mixed, 'id', table='(SELECT *, y AS half FROM mixed)'))}")
    theirs = mixed.predict("SELECT id, b FROM mixed", "y")
    for name in ("y", "half"):
        expected = theirs.sort_by("id").column(name).to_numpy()
        np.testing.assert_allclose(ours.sort_by("id").column(name), expected, rtol=1e-6, atol=1e-6)


def test_columns_that_the_prediction_is_written_over_are_not_kept(mixed: Any) -> None:
    mixed.train("lightgbm.gbdt", "SELECT b, two FROM mixed", "two")
    mixed.predict("SELECT id, b FROM mixed", "two", probability=True)
    mixed.write("rows_", mixed.results[-1])
    sql = select(exported(mixed, "id", "b", "two", "TWO_proba_no", "two_proba_yes"))
    assert mixed.table(sql).column_names == ["id", "b", "two", "two_proba_no", "two_proba_yes"]


# --- ONNX -----------------------------------------------------------------------------------


def test_a_model_without_a_converter_is_an_error(mixed: Any, tmp_path: Path) -> None:
    mixed.train("sklearn.cluster.DBSCAN", "SELECT b FROM mixed")
    with pytest.raises(StepError) as caught:
        write(exported(mixed), "onnx", tmp_path / "m.onnx")
    assert caught.value.diagnostics[0].code == "E0581"


def test_a_missing_converter_is_told_with_what_to_install(
    mixed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed.train("sklearn.naive_bayes.GaussianNB", "SELECT b, two FROM mixed", "two")
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    monkeypatch.delitem(sys.modules, "sqlml.zoo.export.onnx_converted", raising=False)
    with pytest.raises(StepError) as caught:
        write(exported(mixed), "onnx", tmp_path / "m.onnx")
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.hint) == ("E0582", "pip install 'sqlml[onnx]'")


# --- native ---------------------------------------------------------------------------------


def matrix_of(mixed: Any, manifest: dict[str, Any]) -> np.ndarray:
    """The matrix by what docs/model-files.md says: numbers as they are, in the features' order."""
    features = manifest["pipeline"][""]["features"]
    assert {feature["function"] for feature in features} == {"NUMERIC"}
    names = ", ".join(feature["column"]["column"] for feature in features)
    return np.array(mixed.query(f"SELECT {names} FROM mixed ORDER BY id"), dtype=float)


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize(
    "estimator", ["xgboost.gbtree", "lightgbm.gbdt", "sklearn.linear_model.LogisticRegression"]
)
def test_the_libraries_alone_load_the_native_files(
    mixed: Any, tmp_path: Path, estimator: str, archive: bool
) -> None:
    mixed.connection.execute("UPDATE mixed SET a = coalesce(nullif(a, 'NaN'), 1.5)")
    mixed.train(estimator, "SELECT a, b, two FROM mixed", "two")
    folder = write(exported(mixed), "native", tmp_path / ("m.zip" if archive else "m"))
    if archive:
        ZipFile(folder).extractall(tmp_path / "unpacked")
        folder = tmp_path / "unpacked"
    manifest = json.loads((folder / "manifest.json").read_text())
    matrix = matrix_of(mixed, manifest)
    match estimator.partition(".")[0]:
        case "xgboost":
            import xgboost

            booster = xgboost.Booster()
            booster.load_model(folder / "model.ubj")
            chances = booster.inplace_predict(matrix.astype(np.float32))
        case "lightgbm":
            import lightgbm

            chances = lightgbm.Booster(model_file=folder / "model.txt").predict(matrix)
        case _:
            import skops.io

            named = skops.io.get_untrusted_types(file=folder / "model.skops")
            fitted = skops.io.load(folder / "model.skops", trusted=named)
            chances = fitted.predict_proba(matrix)[:, 1]
    assert manifest["classes"] == ["no", "yes"]
    theirs = mixed.predict("SELECT * FROM mixed", "said", probability=True).sort_by("id")
    np.testing.assert_array_equal(chances, theirs.column("said_proba_yes").to_numpy())


# --- writing --------------------------------------------------------------------------------


@pytest.fixture
def small(mixed: Any) -> Any:
    mixed.train("sklearn.linear_model.LinearRegression", "SELECT b, y FROM mixed", "y")
    return mixed


@pytest.mark.parametrize(("format_name", "name"), [("sql", "m.sql"), ("native", "m")])
def test_what_is_there_is_replaced_only_when_asked(
    small: Any, tmp_path: Path, format_name: str, name: str
) -> None:
    target = tmp_path / name
    target.write_text("mine")
    with pytest.raises(ProgramError) as caught:
        write(exported(small), format_name, target)
    assert caught.value.diagnostics[0].code == "E0583"
    assert target.read_text() == "mine"
    for _ in range(2):
        write(exported(small), format_name, target, replace=True)
    assert target.is_dir() == (format_name == "native")
    assert not list(tmp_path.glob(".sqlml-*"))


def test_a_folder_that_no_export_made_is_never_replaced(small: Any, tmp_path: Path) -> None:
    target = tmp_path / "home"
    target.mkdir()
    (target / "letters.txt").write_text("mine")
    for format_name in ("native", "sql"):
        with pytest.raises(ProgramError) as caught:
            write(exported(small), format_name, target, replace=True)
        assert caught.value.diagnostics[0].code == "E0583"
    assert (target / "letters.txt").read_text() == "mine"


def test_an_export_that_fails_leaves_what_was_there(small: Any, tmp_path: Path) -> None:
    small.train("sklearn.cluster.KMeans", "SELECT b FROM mixed", into="n")
    target = tmp_path / "n.sql"
    target.write_text("mine")
    with pytest.raises(StepError):
        write(Export("n@1", small.model("n@1")), "sql", target, replace=True)
    assert target.read_text() == "mine"
    with pytest.raises(ProgramError) as caught:
        write(exported(small), "sql", tmp_path / "nowhere" / "m.sql")
    assert caught.value.diagnostics[0].code == "E0583"


def test_an_unknown_format_has_a_nearest_one(small: Any, tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        write(exported(small), "onx", tmp_path / "m")
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.hint) == ("E0580", "did you mean `onnx`?")
