"""A model per segment says what a model says that is trained on the segment alone."""

import re

import numpy as np
import pandas as pd
import pytest

from sqlml.errors import SqlmlError
from sqlml.session import Session
from sqlml.zoo.export.contract import Export
from sqlml.zoo.export.write import write

MODELS = {
    "trees": "xgboost.gbtree WITH max_depth = 3, num_boost_round = 5, ",
    "leaves": "lightgbm.gbdt WITH num_boost_round = 5, ",
    "line": "LogisticRegression WITH ",
}
REGIONS = ("north", "south", "we'st")


@pytest.fixture(scope="module")
def laboratory():
    """What decides about `y` is another column in each region; one class is only in the south."""
    with Session.open(db=":memory:") as session:
        session.run(
            """
            CREATE TABLE sales AS
            SELECT i AS id, i * 37 % 101 / 10 AS a, i * 53 % 89 / 10 AS b, colour,
                region, i % 2 = 0 AS online, a + 10 * b AS amount,
                CASE WHEN region = 'south' AND a < 2 THEN 'other'
                     WHEN (CASE region WHEN 'north' THEN a WHEN 'south' THEN b ELSE a + b END) > 5
                     THEN 'yes' ELSE 'no' END AS y
            FROM (SELECT i, ['north', 'south', 'we''st'][1 + i % 3] AS region,
                         ['red', 'green', 'blue'][1 + i % 7 % 3] AS colour FROM range(1500) t(i))
            """
        )
        session.run("CREATE TABLE train AS FROM sales WHERE id < 1200")
        yield session


def rows(session, query):
    return session.run(query)[-1].table.to_pandas()


def section(session, model, name):
    found = rows(session, f"DESCRIBE MODEL {model}")
    found = found[found["section"] == name]
    return dict(zip(found["property"], found["value"], strict=True))


def by_hand(session, model, label="y"):
    """The predictions of models that are trained one by one."""
    parts = []
    for number, region in enumerate(REGIONS):
        where = "region = '" + region.replace("'", "''") + "'"
        session.run(
            f"SELECT a, b, colour, {label} FROM train WHERE {where}"
            f" TO TRAIN {model} LABEL {label} INTO hand_{number};"
        )
        parts.append(
            rows(
                session,
                f"SELECT * FROM sales WHERE {where} TO PREDICT"
                f" WITH predict.probability = {label == 'y'} USING hand_{number}",
            )
        )
    return pd.concat(parts).fillna(0.0).sort_values("id", ignore_index=True)


@pytest.mark.parametrize("name", MODELS)
def test_each_segment_has_the_model_that_it_would_have_alone(laboratory, name):
    laboratory.run(
        f"SELECT a, b, colour, region, y FROM train TO TRAIN {MODELS[name]}"
        f"train.partition_by = 'region' LABEL y INTO {name};"
        f"SELECT * FROM sales TO PREDICT said WITH predict.probability = TRUE USING {name}"
    )
    said = rows(laboratory, "FROM said ORDER BY id")
    expected = by_hand(laboratory, MODELS[name].rstrip(", ").removesuffix(" WITH"))
    assert said["y"].tolist() == expected["y"].tolist()
    for value in ("no", "other", "yes"):
        column = f"y_proba_{value}"
        np.testing.assert_allclose(said[column], expected[column], atol=1e-6)


def test_preprocessing_is_learnt_by_each_segment(laboratory):
    laboratory.run(
        "SELECT a, b, region, amount FROM train TO TRAIN LinearRegression "
        "WITH train.partition_by = region COLUMN STANDARDIZE(a), BUCKET(b, 4) LABEL amount"
        " INTO line"
    )
    for region in REGIONS:
        where = "region = '" + region.replace("'", "''") + "'"
        laboratory.run(
            f"SELECT a, b, amount FROM train WHERE {where} TO TRAIN LinearRegression "
            "COLUMN STANDARDIZE(a), BUCKET(b, 4) LABEL amount INTO one"
        )
        same = rows(
            laboratory,
            "SELECT max(abs(PREDICT('line', s) - PREDICT('one', s))) AS far, count(*) AS n"
            f" FROM sales s WHERE {where}",
        )
        assert same["n"][0] == 500
        assert same["far"][0] < 1e-9


def test_it_is_measured_explained_and_called_as_one_model(laboratory):
    laboratory.run(
        "SELECT a, b, region, y = 'yes' AS y FROM train TO TRAIN xgboost.gbtree "
        "WITH max_depth = 2, train.partition_by = region, validation.split = 0.25 LABEL y INTO m;"
        "CREATE OR REPLACE VIEW test AS SELECT id, a, b, region, y = 'yes' AS y FROM sales;"
        "FROM test TO PREDICT said USING m; FROM test TO EXPLAIN m WITH explain.keys = id INTO why"
    )
    truth, said = (
        rows(laboratory, "FROM test ORDER BY id"),
        rows(laboratory, "FROM said ORDER BY id"),
    )
    accuracy = (truth["y"] == said["y"]).mean()
    score, called = laboratory.run(
        "FROM test TO EVALUATE m; SELECT avg((PREDICT('m', test) = y)::INT) AS a FROM test"
    )
    assert score.table["accuracy"][0].as_py() == pytest.approx(accuracy)
    assert called.table["a"][0].as_py() == pytest.approx(accuracy)
    why = rows(laboratory, "SELECT why.*, region FROM why JOIN test USING (id)")
    assert why[why["region"] == "north"]["b"].abs().max() < why["a"].abs().max()
    assert len(why) == 1500


def test_explanations_are_those_of_the_segments_own_model(laboratory):
    train = (
        "SELECT a, b, {} y = 'yes' AS y FROM train {} TO TRAIN xgboost.gbtree {} LABEL y INTO {};"
    )
    where = "WHERE region = 'north'"
    laboratory.run(
        train.format("region,", "", "WITH train.partition_by = region", "m")
        + train.format("", where, "", "north")
        + f"FROM sales {where} TO EXPLAIN m WITH explain.keys = id INTO one;"
        f"FROM sales {where} TO EXPLAIN north WITH explain.keys = id INTO two"
    )
    one, two = (rows(laboratory, f"SELECT id, a, b FROM {t} ORDER BY id") for t in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)


def test_what_is_known_of_each_segment_is_described(laboratory):
    laboratory.run(
        "SELECT a, b, region, y FROM train TO TRAIN xgboost.gbtree "
        "WITH train.partition_by = region, validation.split = 0.25 LABEL y INTO m"
    )
    segments = section(laboratory, "m", "segment")
    assert list(segments) == list(REGIONS)
    assert all(text.startswith("300 rows, ") for text in segments.values())
    assert all("validation_accuracy " in text for text in segments.values())
    assert section(laboratory, "m", "partition") == {"region": "VARCHAR"}
    found = [float(text.split("accuracy ")[1].split(",")[0]) for text in segments.values()]
    whole = float(section(laboratory, "m", "metric")["validation_accuracy"].split()[0])
    assert whole == pytest.approx(np.mean(found), abs=1e-3)


def test_several_columns_make_a_key(laboratory):
    laboratory.run(
        "SELECT a, b, region, online, amount FROM train TO TRAIN LinearRegression "
        "WITH train.partition_by = ['region', 'online'] LABEL amount INTO both;"
        "SELECT a, b, amount FROM train WHERE region = 'south' AND NOT online "
        "TO TRAIN LinearRegression LABEL amount INTO one"
    )
    assert list(section(laboratory, "both", "segment"))[:3] == [
        "north, false",
        "north, true",
        "south, false",
    ]
    far = rows(
        laboratory,
        "SELECT max(abs(PREDICT('both', s) - PREDICT('one', s))) AS far FROM sales s"
        " WHERE region = 'south' AND NOT online",
    )
    assert far["far"][0] < 1e-9


# --- keys without a model -----------------------------------------------------------------


def test_keys_that_are_new_or_empty_are_an_error_that_names_them(laboratory):
    laboratory.run(
        "SELECT a, b, region, y FROM train TO TRAIN xgboost.gbtree "
        "WITH train.partition_by = region LABEL y INTO m"
    )
    query = (
        "SELECT a, b, CASE id WHEN 1 THEN 'east' WHEN 2 THEN NULL WHEN 5 THEN 'east' "
        "ELSE region END AS region FROM sales"
    )
    for statement in (f"{query} TO PREDICT USING m", f"SELECT PREDICT('m', q) FROM ({query}) q"):
        with pytest.raises(SqlmlError) as error:
            laboratory.run(statement)
        (problem,) = error.value.diagnostics
        assert problem.code == "E0575"
        assert "`region` east (2 rows)" in problem.message
        assert "`region` NULL (1 row)" in problem.message


def test_a_model_of_all_rows_can_answer_for_them(laboratory):
    train = "SELECT a, b, region, y FROM train TO TRAIN xgboost.gbtree WITH {} LABEL y INTO m;"
    laboratory.run(
        train.format("train.partition_by = region, train.partition_default = global")
        + "SELECT a, b, y FROM train TO TRAIN xgboost.gbtree LABEL y INTO all_rows"
    )
    same = rows(
        laboratory,
        "SELECT bool_and(PREDICT('m', a, b, 'east') = PREDICT('all_rows', a, b)) AS e,"
        " bool_and(PREDICT('m', a, b, NULL) = PREDICT('all_rows', a, b)) AS n,"
        " bool_and(PREDICT('m', a, b, region) = PREDICT('all_rows', a, b)) AS own FROM sales",
    )
    assert same.to_dict("records") == [{"e": True, "n": True, "own": False}]


def test_a_segment_with_one_class_is_an_error_that_names_it(laboratory):
    query = "SELECT a, b, region, CASE WHEN region <> 'north' THEN y ELSE 'no' END AS y FROM train"
    train = f"{query} TO TRAIN xgboost.gbtree WITH train.partition_by = region{{}} LABEL y INTO m;"
    with pytest.raises(SqlmlError) as error:
        laboratory.run(train.format(""))
    (problem,) = error.value.diagnostics
    assert problem.code == "E0576"
    assert "`north`" in problem.message
    laboratory.run(train.format(", train.partition_default = 'global'"))
    assert list(section(laboratory, "m", "segment")) == ["south", "we'st", "all rows"]
    assert section(laboratory, "m", "label")["classes"] == "no, other, yes"
    laboratory.run("SELECT * FROM sales TO PREDICT USING m")


def test_another_problem_of_a_segment_is_told_with_its_name(laboratory):
    with pytest.raises(SqlmlError) as error:
        laboratory.run(
            "SELECT CASE WHEN region = 'south' AND id < 99 THEN NULL ELSE a END AS a, region, y"
            " FROM train TO TRAIN LogisticRegression WITH train.partition_by = region"
            " LABEL y INTO m"
        )
    (problem,) = error.value.diagnostics
    assert problem.message.startswith("segment south: column `a` is empty")


def test_segments_with_different_classes_are_not_explained_together(laboratory):
    laboratory.run(
        "SELECT a, b, region, y FROM train TO TRAIN xgboost.gbtree "
        "WITH train.partition_by = region LABEL y INTO m"
    )
    with pytest.raises(SqlmlError) as error:
        laboratory.run("SELECT * FROM sales TO EXPLAIN m INTO why")
    assert error.value.diagnostics[0].code == "E0578"


# --- going on, searching, exporting -------------------------------------------------------


def test_each_segment_goes_on_from_its_own_model(laboratory):
    """The south has no new rows, the east is new: what is in the north is as if it were alone."""
    train = (
        "SELECT a, b, {0} amount FROM ({1}) TO TRAIN xgboost.XGBRegressor"
        " WITH num_boost_round = 3{2} LABEL amount {3} INTO {4};"
    )
    by = ", train.partition_by = region"
    north = "SELECT * FROM train WHERE region = 'north'"
    later = (
        "SELECT * REPLACE (CASE WHEN id % 2 = 0 THEN 'east' ELSE region END AS region,"
        " amount * 2 AS amount) FROM train WHERE region <> 'south'"
    )
    of_north = f"{later} AND id % 2 = 1 AND region = 'north'"
    laboratory.run(
        train.format("region,", "FROM train", by, "", "regional")
        + train.format("region,", later, by, "USING regional", "regional")
        + train.format("", north, "", "", "alone")
        + train.format("", of_north, "", "USING alone", "alone")
        + train.format("", f"{later} AND id % 2 = 0", "", "", "fresh")
    )
    assert list(section(laboratory, "regional", "segment")) == ["east", *REGIONS]
    expected = {"north": "'alone', a, b", "east": "'fresh', a, b", "south": "'regional@1', s"}
    for region, call in expected.items():
        far = rows(
            laboratory,
            f"SELECT max(abs(PREDICT('regional', a, b, '{region}') - PREDICT({call}))) AS far"
            " FROM sales s WHERE region = 'south'",
        )
        assert far["far"][0] < 1e-4, region


def test_training_does_not_go_on_from_segments_as_one_model(laboratory):
    train = "SELECT a, region, y FROM train TO TRAIN xgboost.gbtree {} LABEL y {} INTO m;"
    laboratory.run(train.format("WITH train.partition_by = region", ""))
    with pytest.raises(SqlmlError) as error:
        laboratory.run("SELECT a, y FROM train TO TRAIN xgboost.gbtree LABEL y USING m INTO m")
    assert error.value.diagnostics[0].code == "E0578"


def test_a_search_takes_the_values_that_are_best_over_all_segments(laboratory):
    train = (
        "SELECT a, b, region, amount FROM train TO TRAIN DecisionTreeRegressor"
        " WITH model.max_depth = {}, train.partition_by = region, validation.split = 0.25"
        " LABEL amount INTO {};"
    )
    laboratory.run(train.format("GRID(1, 6)", "searched") + train.format(1, "worse"))
    trials = section(laboratory, "searched", "trial")
    worse = float(section(laboratory, "worse", "metric")["validation_r2"].split()[0])
    best = float(section(laboratory, "searched", "metric")["validation_r2"].split()[0])
    scores = [float(re.findall(r"r2 ([\d.]+)", text)[0]) for text in trials.values()]
    assert scores == pytest.approx([worse, best], abs=1e-3)
    assert best > worse


@pytest.mark.parametrize("default", ["", ", train.partition_default = global"])
def test_sql_of_segments_gives_what_predict_gives(laboratory, tmp_path, default):
    """`other` is a class of the south alone."""
    laboratory.run(
        "SELECT a, b, colour, region, y FROM train TO TRAIN LogisticRegression "
        f"WITH train.partition_by = region{default} LABEL y INTO m;"
        "CREATE OR REPLACE VIEW asked AS SELECT * REPLACE (CASE WHEN id % 50 > 0 THEN region"
        f" WHEN {bool(default)} THEN ['east', NULL][1 + id % 4 // 2] ELSE region END AS region)"
        " FROM sales;"
        "SELECT * EXCLUDE (y) FROM asked TO PREDICT said WITH predict.probability = TRUE USING m"
    )
    version = laboratory.store.models.find("m")
    export = Export(version.reference, version.folder, "asked", ("id",))
    sql = write(export, "sql", tmp_path / "m.sql").read_text()
    found = rows(laboratory, f"FROM ({sql}) ORDER BY id")
    said = rows(laboratory, "SELECT id, COLUMNS('^y') FROM said ORDER BY id")
    pd.testing.assert_frame_equal(found, said, check_dtype=False, atol=1e-9)


def test_segments_are_not_written_as_onnx(laboratory, tmp_path):
    laboratory.run(
        "SELECT a, region, y FROM train TO TRAIN xgboost.gbtree "
        "WITH train.partition_by = region LABEL y INTO m"
    )
    version = laboratory.store.models.find("m")
    export = Export(version.reference, version.folder)
    with pytest.raises(SqlmlError) as error:
        write(export, "onnx", tmp_path / "m")
    assert error.value.diagnostics[0].code == "E0581"
    assert (write(export, "native", tmp_path / "m") / "segments" / "2").is_dir()
