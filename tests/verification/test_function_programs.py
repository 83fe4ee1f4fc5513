"""PREDICT in plain SQL gives what TO PREDICT gives, wherever it stands and whoever asks."""

import numpy as np
import pandas as pd
import pytest

from sqlml.errors import SqlmlError
from sqlml.session import Session
from sqlml.source import Source

MODELS = {
    "gbtree": "xgboost.gbtree WITH max_depth = 3, num_boost_round = 4",
    "gblinear": "xgboost.gblinear WITH num_boost_round = 4",
    "gbdt": "lightgbm.gbdt WITH num_boost_round = 4",
    "logistic": "LogisticRegression",
    "forest": "RandomForestClassifier WITH model.n_estimators = 5",
}


@pytest.fixture(scope="module")
def laboratory():
    """More rows than DuckDB hands over at once."""
    with Session.open(db=":memory:") as session:
        session.run(
            """
            CREATE TABLE points AS SELECT i AS id, (i * 37 % 101) / 10 AS a,
                (i * 53 % 89)::INTEGER AS b, ['red', 'green', 'blue'][1 + i % 3] AS colour,
                CASE WHEN i * 37 % 101 > 60 THEN 'high' WHEN i % 3 = 1 THEN 'mid one' ELSE 'low' END
                AS y, (i * 37 % 101) * 2.5 + i % 3 AS amount
            FROM range(5000) t(i)
            """
        )
        for name, model in MODELS.items():
            session.run(
                f"SELECT * EXCLUDE (id, amount) FROM points TO TRAIN {model} LABEL y INTO {name}"
            )
        yield session


def status(session, statement):
    compiled = session.compile([Source("t.sql", statement)])
    return session.execute(compiled).report.steps["query"].status


def frame(session, query):
    return session.run(query)[-1].table.to_pandas()


@pytest.mark.parametrize("model", MODELS)
def test_every_family_says_the_same_both_ways(laboratory, model):
    laboratory.run(
        f"SELECT * FROM points TO PREDICT said WITH predict.probability = TRUE USING {model}"
    )
    both = frame(
        laboratory,
        f"""
        SELECT said.*, PREDICT('{model}', p) AS again, PREDICT_PROBA('{model}', p) AS chances,
            PREDICT_PROBA('{model}', p).low AS low, PREDICT_PROBA('{model}', 'mid one', p) AS mid,
            PREDICT('{model}', p.a, p.b, p.colour) AS by_place
        FROM said JOIN points p USING (id) ORDER BY id
        """,
    )
    assert len(both) == 5000
    assert both["again"].tolist() == both["y"].tolist() == both["by_place"].tolist()
    chances = pd.DataFrame(both["chances"].tolist())
    for name in ("high", "low", "mid one"):
        np.testing.assert_array_equal(chances[name], both[f"y_proba_{name}"])
    np.testing.assert_array_equal(both["low"], both["y_proba_low"])
    np.testing.assert_array_equal(both["mid"], both["y_proba_mid one"])


def test_numbers_clusters_and_transformations_are_typed(laboratory):
    laboratory.run(
        "SELECT a, b, amount FROM points TO TRAIN xgboost.XGBRegressor LABEL amount INTO amounts;"
        "SELECT a, b FROM points TO TRAIN KMeans WITH model.n_clusters = 3 INTO groups;"
        "SELECT a, b FROM points TO TRAIN PCA WITH model.n_components = 2 INTO axes;"
        "SELECT * FROM points TO PREDICT s1 USING amounts;"
        "SELECT * FROM points TO PREDICT s2.g USING groups;"
        "SELECT * FROM points TO PREDICT s3.x USING axes"
    )
    found = laboratory.run(
        "SELECT bool_and(PREDICT('amounts', p) = s1.amount) AS amount,"
        " bool_and(PREDICT('groups', p) = g) AS g, bool_and(PREDICT('axes', p) = [x_1, x_2]) AS x,"
        " any_value(typeof(PREDICT('amounts', p))) AS t1,"
        " any_value(typeof(PREDICT('groups', p))) AS t2"
        " FROM points p JOIN s1 USING (id) JOIN s2 USING (id) JOIN s3 USING (id)"
    )[0].table.to_pylist()
    assert found == [{"amount": True, "g": True, "x": True, "t1": "DOUBLE", "t2": "INTEGER"}]


def test_it_nests_in_aggregates_filters_and_orders(laboratory):
    laboratory.run("SELECT * FROM points TO PREDICT said USING gbdt")
    right, low, first = laboratory.run(
        "SELECT avg((PREDICT('gbdt', points) = y)::INT) AS right FROM points;"
        "SELECT count(*) AS low FROM points p WHERE PREDICT('gbdt', p) = 'low';"
        "SELECT id FROM points p ORDER BY PREDICT_PROBA('gbdt', p).high DESC, id LIMIT 1"
    )
    truth, said = (
        frame(laboratory, "FROM points ORDER BY id"),
        frame(laboratory, "FROM said ORDER BY id"),
    )
    assert right.table["right"][0].as_py() == pytest.approx((truth["y"] == said["y"]).mean())
    assert low.table["low"][0].as_py() == (said["y"] == "low").sum()
    laboratory.run("SELECT * FROM points TO PREDICT p WITH predict.probability = TRUE USING gbdt")
    best = frame(laboratory, "FROM p ORDER BY y_proba_high DESC, id LIMIT 1")
    assert first.table["id"][0].as_py() == best["id"][0]


def test_constants_can_be_predicted_without_a_table(laboratory):
    found = frame(
        laboratory,
        "SELECT PREDICT('gbtree', 9.9, 3, 'red') AS y, PREDICT('gbtree', 9.9, 3, NULL) AS z",
    )
    assert found["y"].tolist() == ["high"]


def test_a_row_that_the_model_cannot_take_is_the_same_error_both_ways(laboratory):
    query = "(SELECT * REPLACE (CASE WHEN id = 9 THEN NULL ELSE b END AS b) FROM points) q"
    with pytest.raises(SqlmlError) as one:
        laboratory.run(f"SELECT * FROM {query} TO PREDICT USING logistic")
    with pytest.raises(SqlmlError) as two:
        laboratory.run(f"SELECT PREDICT('logistic', q) FROM {query}")
    assert one.value.diagnostics[0].code == two.value.diagnostics[0].code == "E0433"
    assert "`b`" in two.value.diagnostics[0].message


def test_a_table_made_with_it_is_reused_until_its_model_is_another(laboratory):
    make = "CREATE OR REPLACE TABLE made AS SELECT id, PREDICT('stump', p) AS y FROM points p"
    train = "SELECT a, {} AS y FROM points TO TRAIN xgboost.gbtree LABEL y INTO stump"
    laboratory.run(train.format("y"))
    laboratory.run(make)
    assert status(laboratory, make) == "reused"
    laboratory.run(train.format("upper(y)"))
    assert status(laboratory, make) == "succeeded"
    assert set(frame(laboratory, "FROM made")["y"]) <= {"HIGH", "MID ONE", "LOW"}


def test_rows_for_training_can_hold_predictions(laboratory):
    laboratory.run(
        "SELECT a, amount, PREDICT_PROBA('gbtree', p).low AS low FROM points p "
        "TO TRAIN lightgbm.LGBMRegressor LABEL amount INTO stacked;"
        "SELECT a, PREDICT_PROBA('gbtree@1', p).low AS low FROM points p LIMIT 3 "
        "TO PREDICT USING stacked"
    )


# --- sessions -----------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = str(tmp_path / "x.duckdb")
    with Session.open(db=path) as session:
        session.run(
            "CREATE TABLE t AS SELECT i AS a, i % 2 AS b,"
            " CASE WHEN i < 40 THEN 'x' ELSE 'y' END AS y FROM range(100) r(i);"
            "SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m;"
            "CREATE VIEW v AS SELECT t.*, PREDICT('m', t) AS said FROM t;"
            "CREATE VIEW w AS SELECT count(*) FILTER (said = 'x') AS n FROM v"
        )
        session.run("CREATE VIEW first AS SELECT PREDICT('m@1', t) AS said FROM t")
    return path


def test_a_view_keeps_working_in_later_sessions_and_follows_the_newest_version(file):
    with Session.open(db=file) as session:
        assert session.run("FROM w")[0].table.to_pylist() == [{"n": 40}]
        # the plain name now means a model that says y everywhere but in ten rows
        session.run(
            "SELECT a, b, CASE WHEN a < 10 THEN 'x' ELSE 'y' END AS y FROM t"
            " TO TRAIN xgboost.gbtree LABEL y INTO m"
        )
        assert session.run("FROM w")[0].table.to_pylist() == [{"n": 10}]
        assert len(session.run("FROM first WHERE said = 'x'")[0].table) == 40
    with Session.open(db=file) as session:
        assert session.run("FROM w")[0].table.to_pylist() == [{"n": 10}]


def test_a_view_gives_the_type_of_the_newest_version(file):
    with Session.open(db=file) as session:
        session.run(
            "SELECT a, b, a * 2.0::DOUBLE AS y FROM t TO TRAIN LinearRegression LABEL y INTO m"
        )
        said = session.run("SELECT said FROM v ORDER BY a")[0].table["said"].to_numpy()
        np.testing.assert_allclose(said, np.arange(100) * 2.0, atol=1e-3)


def test_a_view_of_a_dropped_model_is_an_error_until_it_is_trained_again(file):
    with Session.open(db=file) as session:
        session.run("DROP MODEL m")
        with pytest.raises(SqlmlError) as error:
            session.run("FROM w")
        assert error.value.diagnostics[0].code == "E0573"
        session.run("SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m")
        assert session.run("FROM w")[0].table.to_pylist() == [{"n": 40}]


def test_a_version_that_is_named_stays_the_same(file):
    with Session.open(db=file) as session:
        session.run("SELECT a, b, 1 - b AS y FROM t TO TRAIN xgboost.gbtree LABEL y INTO m")
        one, two = session.run(
            "SELECT DISTINCT PREDICT('m@1', t) AS y FROM t ORDER BY 1;"
            "SELECT DISTINCT PREDICT('m', t) AS y FROM t ORDER BY 1"
        )
        assert one.table["y"].to_pylist() == ["x", "y"]
        assert two.table["y"].to_pylist() == [0, 1]


def test_an_alias_means_what_it_stands_for_when_it_is_called(file):
    with Session.open(db=file) as session:
        session.run(
            "ALTER MODEL m SET ALIAS best = 1;"
            "CREATE VIEW b AS SELECT PREDICT('m@best', t) AS y FROM t;"
            "SELECT a, b, 1 - b AS y FROM t TO TRAIN xgboost.gbtree LABEL y INTO m"
        )
        count = "SELECT count(DISTINCT PREDICT('m@best', t)) n, max(PREDICT('m', t)) m FROM t"
        assert session.run(count)[0].table.to_pylist() == [{"n": 2, "m": 1}]
        assert set(session.run("FROM b")[0].table["y"].to_pylist()) == {"x", "y"}
        one, two = session.run("ALTER MODEL m@2 SET ALIAS best; SELECT DISTINCT y FROM b; " + count)
        assert set(one.table["y"].to_pylist()) == {0, 1}
        assert two.table.to_pylist() == [{"n": 2, "m": 1}]
