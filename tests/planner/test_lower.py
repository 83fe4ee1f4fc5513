import pytest

from sqlml.source import Source
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import (
    ModelReference,
    Output,
    OutputDeclaration,
    Place,
    Query,
    Relation,
    Train,
)
from sqlml.workflow.text import parse_workflow, print_workflow

TRAIN = "SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL species INTO {};"


@pytest.fixture
def waits(bench):
    """From each step to the steps that it waits for."""

    def found(text):
        return {name: set(needs(node)) for name, node in bench.nodes(text).items()}

    return found


def test_a_training_becomes_a_step(bench):
    text = "\nSELECT * FROM iris TO TRAIN xgboost.gbtree WITH eta = 1 LABEL species INTO m"
    node = bench.nodes(text)["train"]
    assert node.operation == Train(
        "xgboost.gbtree",
        {"eta": 1.0},
        {},
        {
            "": tuple(
                {"function": "NUMERIC", "column": {"column": name, "type": "DOUBLE"}}
                for name in ("sepal_length", "sepal_width", "petal_length", "petal_width")
            )
        },
        ("species",),
        "m",
        text.strip(),
    )
    assert node.inputs == {"rows": Relation("SELECT * FROM iris", ("iris",), stable=True)}
    assert node.outputs == (OutputDeclaration("model", "model", "m"),)
    assert node.place == Place("t.sql", 2, 1)


def test_plain_sql_becomes_a_query_step(bench):
    node = bench.nodes("CREATE TABLE t AS SELECT * FROM iris, 'examples/data/wine.csv'")["query"]
    assert node.operation == Query(
        "CREATE TABLE t AS SELECT * FROM iris, 'examples/data/wine.csv'",
        ("iris",),
        ("t",),
        repeatable=True,
        files=("examples/data/wine.csv",),
    )
    assert node.outputs == (OutputDeclaration("table", "table", "t"),)


def test_a_model_of_the_program_is_an_output_and_a_stored_one_a_reference(bench):
    bench.store("old", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    nodes = bench.nodes(
        TRAIN.format("m")
        + "SELECT * FROM iris TO PREDICT USING m;"
        + "SELECT * FROM iris TO PREDICT USING OLD;"
        + "SELECT * FROM iris TO PREDICT USING old@1"
    )
    assert nodes["predict"].inputs["model"] == Output("train", "model")
    assert nodes["predict"].after == ()
    assert nodes["predict-2"].inputs["model"] == ModelReference("old")
    assert nodes["predict-3"].inputs["model"] == ModelReference("old", 1)


def test_the_workflow_prints_and_parses(bench):
    workflow = bench.workflow(
        TRAIN.format("m") + "SELECT * FROM iris TO EXPLAIN m WITH explain.keys = 'species' INTO t"
    )
    assert parse_workflow(Source("w", print_workflow(workflow))) == workflow


# --- tables -------------------------------------------------------------------------------


def test_independent_statements_wait_for_nothing(waits):
    assert waits("SELECT 1; SELECT * FROM iris;" + TRAIN.format("a") + TRAIN.format("b")) == {
        "query": set(),
        "query-2": set(),
        "train": set(),
        "train-2": set(),
    }


def test_reading_waits_for_writing(waits):
    found = waits("CREATE TABLE t AS SELECT 1 AS x; SELECT * FROM t; SELECT * FROM T")
    assert found["query-2"] == found["query-3"] == {"query"}


def test_writing_waits_for_reading_and_for_writing(waits):
    found = waits(
        "CREATE TABLE t AS SELECT 1 AS x; SELECT * FROM t; SELECT * FROM t;"
        "INSERT INTO t VALUES (2); INSERT INTO t VALUES (3); DROP TABLE t"
    )
    assert found["query-4"] == {"query-2", "query-3"}
    assert found["query-5"] == {"query-4"}
    assert found["query-6"] == {"query-5"}


def test_a_table_and_its_name_with_the_main_schema_are_the_same(waits):
    found = waits(
        "CREATE TABLE t AS SELECT 1 AS x; SELECT * FROM main.t; SELECT * FROM memory.main.t"
    )
    assert found["query-2"] == found["query-3"] == {"query"}


def test_tables_of_different_schemas_are_independent(bench, waits):
    bench.run("CREATE SCHEMA a; CREATE SCHEMA b")
    found = waits(
        "CREATE TABLE a.t AS SELECT 1 AS x; CREATE TABLE b.t AS SELECT 2 AS x;"
        "SELECT * FROM a.t; SELECT * FROM b.t"
    )
    assert found["query-2"] == set()
    assert found["query-3"] == {"query"}
    assert found["query-4"] == {"query-2"}


def test_a_view_reads_what_it_is_made_of(bench, waits):
    bench.run("CREATE VIEW v AS SELECT * FROM iris; CREATE VIEW w AS SELECT * FROM v")
    found = waits("DELETE FROM iris; SELECT * FROM w TO TRAIN KMeans COLUMN petal_width INTO m;")
    assert found["train"] == {"query"}
    found = waits("CREATE VIEW u AS SELECT * FROM iris; DELETE FROM iris; SELECT * FROM u")
    assert found["query-2"] == {"query"}
    assert found["query-3"] == {"query-2", "query"} or found["query-3"] == {"query-2"}


def test_a_prediction_waits_for_its_rows_and_what_reads_its_table_waits_for_it(waits):
    found = waits(
        "CREATE TABLE t AS SELECT * FROM iris;"
        + TRAIN.format("m")
        + "SELECT * FROM t TO PREDICT p.kind USING m; SELECT kind FROM p"
    )
    assert found["predict"] == {"query", "train"}
    assert found["query-2"] == {"predict"}


def test_validation_rows_are_waited_for(waits):
    found = waits(
        "CREATE TABLE t AS SELECT * FROM iris;"
        'SELECT * FROM iris TO TRAIN xgboost.gbtree WITH validation.select = "FROM t" '
        "LABEL species INTO m"
    )
    assert found["train"] == {"query"}


@pytest.mark.parametrize(
    "statement", ["BEGIN", "SET threads = 2", "CREATE SCHEMA s", "CREATE TEMP TABLE x AS SELECT 1"]
)
def test_statements_that_touch_more_than_tables_keep_their_place(waits, statement):
    found = waits(f"SELECT 1; SELECT 2; {statement}; SELECT 3; SELECT 4")
    assert found["query-3"] == {"query", "query-2"}
    assert found["query-4"] == found["query-5"] == {"query-3"}


# --- models -------------------------------------------------------------------------------


def test_versions_of_a_model_are_made_in_order(waits):
    assert waits(TRAIN.format("m") + TRAIN.format("M"))["train-2"] == {"train"}


def test_a_new_version_waits_for_those_who_use_the_newest(bench, waits):
    bench.store("m", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    found = waits("SELECT * FROM iris TO PREDICT USING m;" + TRAIN.format("m"))
    assert found["train"] == {"predict"}


def test_dropping_waits_for_users_and_training_again_waits_for_dropping(waits):
    found = waits(
        TRAIN.format("m")
        + "SELECT * FROM iris TO PREDICT USING m; SELECT * FROM iris TO EVALUATE m; DROP MODEL m;"
        + TRAIN.format("m")
    )
    assert found["manage"] == {"predict", "evaluate"}
    assert found["train-2"] == {"manage"}


def test_show_models_comes_after_what_stands_before_it_and_before_what_stands_after(waits):
    found = waits(TRAIN.format("a") + TRAIN.format("b") + "SHOW MODELS;" + TRAIN.format("c"))
    assert found["manage"] == {"train", "train-2"}
    assert found["train-3"] == {"manage"}


def test_a_model_that_goes_on_waits_for_its_base(bench, waits):
    found = waits(
        TRAIN.format("m")
        + "SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL species USING m INTO n"
    )
    assert found["train-2"] == {"train"}


def test_a_dropped_table_is_no_output(bench):
    assert bench.nodes("DROP TABLE iris")["query"].outputs == ()
