"""Statements that train and apply models, through a cursor."""

from pathlib import Path
from threading import Thread

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sqlml
from sqlml.runtime.events import Event, RunFinished, StepStarted


def test_a_prediction_takes_parameters_and_gives_rows(cursor: sqlml.Cursor) -> None:
    cursor.execute(
        "SELECT * FROM iris WHERE species = ? AND sepal_length > ? TO PREDICT USING m",
        ["setosa", 5.5],
    )
    rows = cursor.fetchall()
    cursor.execute("SELECT * FROM iris WHERE species = ? AND sepal_length > ?", ["setosa", 5.5])
    assert rows == cursor.fetchall()
    assert cursor.description is not None
    assert [column[0] for column in cursor.description][-1] == "species"
    assert cursor.description[-1][1] == sqlml.STRING


def test_a_model_is_measured_explained_shown_and_described(cursor: sqlml.Cursor) -> None:
    cursor.execute("SELECT * FROM iris TO EVALUATE m WITH validation.metrics = 'accuracy'")
    assert cursor.results is not None
    assert cursor.fetch_arrow_table()["accuracy"][0].as_py() > 0.9
    cursor.execute("SELECT * FROM iris LIMIT 2 TO EXPLAIN m INTO explained")
    assert cursor.description is None
    assert len(cursor.execute("FROM explained").fetchall()) == 2
    cursor.execute("SHOW MODELS")
    assert cursor.fetchone()[:3] == ("m", 1, "xgboost.gbtree")
    assert cursor.execute("DESCRIBE MODEL m").fetchall()
    assert cursor.execute("SELECT name FROM sqlml_models").fetchall() == [("m",)]
    cursor.execute("DROP TABLE explained")
    cursor.connection.commit()


def test_predict_is_a_function_in_any_query_and_in_views(cursor: sqlml.Cursor) -> None:
    cursor.execute("SELECT * FROM iris TO PREDICT USING m")
    counts = cursor.fetch_arrow_table().group_by("species").aggregate([("species", "count")])
    expected = sorted(zip(*counts.to_pydict().values(), strict=True))
    nested = "SELECT species, PREDICT('m', iris) AS p FROM iris WHERE sepal_length > ?"
    wrapped = f"SELECT p, count(*) FROM ({nested}) AS virtual_table GROUP BY p ORDER BY p LIMIT 100"
    assert cursor.execute(wrapped, [0]).fetchall() == expected
    cursor.execute("CREATE VIEW guessed AS SELECT PREDICT('m', iris) AS p FROM iris")
    assert (
        cursor.execute("SELECT p, count(*) FROM guessed GROUP BY p ORDER BY p").fetchall()
        == expected
    )


def test_a_prediction_may_be_nested(cursor: sqlml.Cursor) -> None:
    cursor.execute("SELECT * FROM iris TO PREDICT USING m")
    columns, expected = cursor.description, cursor.fetchall()
    for inner in ("SELECT * FROM iris", "SELECT * EXCLUDE (species) FROM iris"):
        cursor.execute(f"SELECT * FROM ({inner} TO PREDICT USING m) AS virtual_table LIMIT 1000")
        assert cursor.description == columns
        assert sorted(cursor.fetchall()) == sorted(expected)
    cursor.execute(
        "WITH p AS (SELECT * FROM iris WHERE sepal_length > ? TO PREDICT USING m@1)"
        " SELECT species, count(*) FROM (SELECT * FROM p WHERE (species <> ?)) AS v GROUP BY 1",
        [6.0, "setosa"],
    )
    wanted = [row[-1] for row in expected if row[0] > 6.0 and row[-1] != "setosa"]
    assert dict(cursor.fetchall()) == {name: wanted.count(name) for name in set(wanted)}
    for sql in (
        "SELECT * FROM (SELECT * FROM iris TO PREDICT USING nix) AS v",
        "SELECT * FROM (SELECT * FROM iris TO PREDICT t.x USING m) AS v",
        "SELECT * FROM (SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL species INTO n) AS v",
    ):
        with pytest.raises(sqlml.ProgrammingError, match="E0111"):
            cursor.execute(sql)


def test_a_statement_of_ours_can_be_the_argument_of_a_call(cursor: sqlml.Cursor) -> None:
    cursor.execute("""
        CALL sqlml_train('SELECT * FROM iris WHERE species <> ''setosa'' TO TRAIN xgboost.gbtree
        WITH train.num_boost_round = 1 LABEL species INTO called');
    """)
    assert cursor.results is not None
    assert cursor.results.metrics
    cursor.execute("SELECT PREDICT('called', 5.1, 3.5, 1.4, 0.2) IN ('versicolor', 'virginica')")
    assert cursor.fetchall() == [(True,)]
    cursor.execute("DROP MODEL called")


def test_plain_statements_and_ours_may_stand_in_one_text(connection: sqlml.Connection) -> None:
    connection.autocommit = True
    cursor = connection.execute(
        "CREATE TEMP TABLE few AS SELECT * FROM iris WHERE sepal_length > ?;"
        "SELECT * FROM few LIMIT ? TO PREDICT USING m",
        [7.0, 3],
    )
    assert len(cursor.fetchall()) == 3  # what only this connection sees can be predicted for
    cursor.execute(
        "SELECT count(*) FROM few; SELECT PREDICT('m', few) FROM few LIMIT 1; SELECT ?", [5]
    )
    assert cursor.fetchall() == [(5,)]


def test_a_model_is_not_trained_in_the_middle_of_a_transaction(cursor: sqlml.Cursor) -> None:
    cursor.execute("FROM iris LIMIT 1")  # reading begins no transaction
    cursor.execute("SELECT * FROM iris TO PREDICT guesses.species USING m")
    cursor.execute("CREATE TABLE uncommitted AS FROM guesses")
    with pytest.raises(sqlml.ProgrammingError, match="E0880"):
        cursor.execute("FROM uncommitted TO PREDICT USING m")
    # but its function can be called, on what only the transaction sees
    assert cursor.execute("SELECT PREDICT('m', u) FROM uncommitted u LIMIT 1").fetchall() == [
        ("setosa",)
    ]
    cursor.execute("ROLLBACK; DROP TABLE guesses; COMMIT")


def test_the_listener_is_told_of_progress(path: Path) -> None:
    events: list[Event] = []
    with sqlml.connect(path, listener=events.append) as connection:
        connection.execute("SELECT * FROM iris LIMIT 7 TO PREDICT USING m")
    assert [event for event in events if isinstance(event, StepStarted)]
    assert isinstance(events[-1], RunFinished)


def test_a_training_is_cancelled_from_another_thread(tmp_path: Path) -> None:
    cancelling: list[Thread] = []

    def cancel(event: Event) -> None:
        if isinstance(event, StepStarted) and event.operation == "train":
            cancelling.append(Thread(target=cursor.cancel))
            cancelling[0].start()

    with sqlml.connect(tmp_path / "long.duckdb", autocommit=True, listener=cancel) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t AS SELECT random() AS x, random() AS y FROM range(20000)")
        with pytest.raises(sqlml.OperationalError, match="E0608"):
            cursor.execute(
                "SELECT * FROM t TO TRAIN xgboost.gbtree WITH train.num_boost_round = 1000000"
                " LABEL y INTO m"
            )
        assert cursor.execute("SELECT * FROM sqlml_models").fetchall() == []
        cancelling[0].join()


def test_rows_are_fetched_as_arrow(connection: sqlml.Connection) -> None:
    sql = "SELECT i, i::VARCHAR AS s FROM range(?) t(i)"
    expected = pa.table({"i": range(5), "s": list("01234")})
    for operation, values in ((sql, [5]), ("SELECT i, s FROM five", None)):
        cursor = connection.cursor()
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE five AS SELECT i, i::VARCHAR AS s FROM range(5) t(i)"
        )
        assert cursor.execute(operation, values).fetch_arrow_table() == expected
        assert cursor.execute(operation, values).fetch_record_batch(2).read_all() == expected
        assert pa.table(cursor.execute(operation, values)) == expected
        assert isinstance(cursor.execute(operation, values).fetch_df(), pd.DataFrame)
        assert (
            cursor.execute(operation, values)
            .fetch_polars()
            .equals(pl.DataFrame(cursor.execute(operation, values)))
        )
    returning = connection.execute("INSERT INTO five VALUES (9, 'x') RETURNING i")
    assert returning.fetch_record_batch().read_all() == pa.table({"i": [9]})


def test_a_stream_outlives_the_next_statement(connection: sqlml.Connection) -> None:
    stream = connection.execute("SELECT i FROM range(300000) t(i)").fetch_record_batch(1000)
    first = stream.read_next_batch()
    assert connection.execute("SELECT 1").fetchall() == [(1,)]
    rest = stream.read_all()
    assert first["i"].to_pylist() + rest["i"].to_pylist() == list(range(300_000))


def test_rows_are_either_tuples_or_arrow(connection: sqlml.Connection) -> None:
    cursor = connection.execute("SELECT i FROM range(5) t(i)")
    cursor.fetchone()
    with pytest.raises(sqlml.InterfaceError, match="E0883"):
        cursor.fetch_arrow_table()
    with pytest.raises(sqlml.InterfaceError, match="E0883"):
        cursor.fetch_record_batch()
