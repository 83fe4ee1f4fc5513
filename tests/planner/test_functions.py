import pytest

from sqlml.planner.plan import ModelUse
from sqlml.workflow import ir

FLOWER = {"petal_length": "DOUBLE", "petal_width": "DOUBLE"}
RECORD = '{\'petal_length\': "iris"."petal_length", \'petal_width\': "iris"."petal_width"}'
TRAIN = (
    "SELECT petal_length, petal_width, species FROM iris "
    "TO TRAIN xgboost.gbtree LABEL species INTO m;"
)


@pytest.fixture
def flowers(bench):
    """The bench with a stored model of two columns, and one of a number."""
    classes = ("setosa", "versicolor")
    bench.store("flowers", FLOWER, {"species": "VARCHAR"}, classes=classes)
    bench.store("width", FLOWER, {"sepal_width": "DOUBLE"}, task="regression")
    bench.run("CREATE TABLE two (id BIGINT, petal_width DOUBLE)")
    return bench


# --- what is called -----------------------------------------------------------------------


def test_a_table_gives_the_columns_that_the_model_needs_by_name(flowers):
    operator = flowers.operator("SELECT PREDICT('flowers', iris) AS kind FROM iris")
    assert operator.sql == f'SELECT "sqlml_predict:flowers"({RECORD}) AS kind FROM iris'
    assert operator.models == (ModelUse("flowers"),)


def test_values_are_taken_in_the_order_of_the_models_columns(flowers):
    operator = flowers.operator("SELECT PREDICT('flowers@1', 1.5, sepal_width / 2) AS k FROM iris")
    record = "{'petal_length': 1.5, 'petal_width': sepal_width / 2}"
    assert operator.sql == f'SELECT "sqlml_predict:flowers@1"({record}) AS k FROM iris'
    assert operator.models == (ModelUse("flowers", 1),)


@pytest.mark.parametrize("row", ["i", "i.*", "I", '"i"'])
def test_an_alias_can_be_written_in_several_ways(flowers, row):
    operator = flowers.operator(f"SELECT PREDICT('flowers', {row}) FROM iris AS i")
    assert '."petal_length"' in operator.sql
    assert operator.sql.endswith(' AS "predict" FROM iris AS i')


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("SELECT PREDICT('flowers', i) FROM iris i", {"predict": "VARCHAR"}),
        ("SELECT PREDICT('width', i) FROM iris i", {"predict": "DOUBLE"}),
        (
            "SELECT PREDICT_PROBA('flowers', i) AS p FROM iris i",
            {"p": "STRUCT(setosa DOUBLE, versicolor DOUBLE)"},
        ),
        ("SELECT PREDICT_PROBA('flowers', 'Setosa', i) AS p FROM iris i", {"p": "DOUBLE"}),
        ("SELECT PREDICT_PROBA('flowers', 'setosa', 1, 2) AS p", {"p": "DOUBLE"}),
        ("SELECT PREDICT_PROBA('flowers', i).setosa AS p FROM iris i", {"p": "DOUBLE"}),
        ("SELECT avg(PREDICT('width', i)) FROM iris i", {"avg(predict('width', i))": "DOUBLE"}),
    ],
)
def test_types_and_names_are_known_before_anything_runs(flowers, query, types):
    flowers.store("anything", {})
    schema = flowers.operator(f"{query} TO PREDICT USING anything").rows.schema
    assert {column.name: column.type for column in schema.columns} == types


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE iris SET species = PREDICT('flowers', iris) WHERE species IS NULL",
        "DELETE FROM iris WHERE PREDICT('flowers', iris) = 'setosa'",
        "INSERT INTO iris SELECT * REPLACE (PREDICT('flowers', i) AS species) FROM iris i",
        "WITH a AS (FROM iris) SELECT * FROM a ORDER BY PREDICT('flowers', a)",
        "SELECT (SELECT max(PREDICT('flowers', i)) FROM iris i)",
        "SELECT * FROM two JOIN iris USING (petal_width) WHERE PREDICT('flowers', *) = 'setosa'",
        "SELECT * FROM two, LATERAL (SELECT 1 AS petal_length) l WHERE PREDICT('flowers', *) = 'b'",
        "EXPLAIN ANALYZE SELECT PREDICT('flowers', i) FROM iris i",
        "COPY (SELECT PREDICT('flowers', i) FROM iris i) TO 'x.csv'",
        "SELECT 'PREDICT(' AS text, PREDICT('flowers', i) -- PREDICT('x', y)\nFROM iris i",
        "SELECT PREDICT('flowers', i) IN (SELECT species FROM iris) FROM iris i",
        "SELECT species, PREDICT('flowers', i) p FROM iris i GROUP BY ALL HAVING p = 'setosa'",
        "SELECT PREDICT('flowers', i) FROM (SELECT * FROM iris UNION ALL FROM iris) i",
    ],
)
def test_it_can_stand_wherever_an_expression_can(flowers, statement):
    operator = flowers.operator(statement)
    assert "sqlml_predict:flowers" in operator.sql
    assert operator.models == (ModelUse("flowers"),)


def test_what_only_mentions_it_is_left_alone(flowers):
    text = "SELECT 'PREDICT(''x'', t)' AS s, predict FROM (SELECT 1 AS predict)"
    assert flowers.operator(text).sql == text


def test_a_result_can_be_given_to_another_model(flowers):
    flowers.store("second", {"species": "VARCHAR"}, {"y": "BIGINT"}, classes=(0, 1))
    operator = flowers.operator("SELECT PREDICT('second', PREDICT('flowers', i)) AS y FROM iris i")
    assert operator.sql.count("sqlml_predict:") == 2
    assert set(operator.models) == {ModelUse("second"), ModelUse("flowers")}


# --- what runs before ---------------------------------------------------------------------


def test_it_waits_for_the_training_of_its_model_and_uses_that_version(flowers):
    nodes = flowers.nodes(f"{TRAIN} SELECT PREDICT('m', i) AS p FROM iris i")
    assert nodes["query"].inputs == {"function": ir.Output("train", "model")}


def test_a_query_in_front_of_a_clause_waits_too(flowers):
    nodes = flowers.nodes(
        f"{TRAIN} SELECT *, PREDICT('m', i) AS p FROM iris i TO TRAIN xgboost.gbtree "
        "LABEL species INTO n"
    )
    assert nodes["train-2"].inputs["function"] == ir.Output("train", "model")


def test_training_waits_for_those_who_use_the_earlier_version(flowers):
    nodes = flowers.nodes(f"{TRAIN} SELECT PREDICT('m', i) AS p FROM iris i; {TRAIN}")
    assert [after.node for after in nodes["train-2"].after] == ["query"]


def test_who_reads_a_view_uses_the_models_that_it_calls(flowers):
    nodes = flowers.nodes(
        f"{TRAIN} CREATE VIEW v AS SELECT PREDICT('m', i) AS p FROM iris i; {TRAIN} FROM v"
    )
    assert nodes["query-2"].inputs == {"function": ir.Output("train-2", "model")}


def test_a_class_of_a_model_that_is_not_trained_yet_is_known_to_be_a_number(flowers):
    flowers.plan(f"{TRAIN} SELECT sum(PREDICT_PROBA('m', i).setosa) FROM iris i")
    proba = "SELECT PREDICT_PROBA('m', 'setosa', i) AS p, species FROM iris i"
    fit = flowers.operator(f"{TRAIN} {proba} TO TRAIN xgboost.gbtree LABEL species INTO n")
    assert [column.type for column in fit.rows.schema.columns] == ["DOUBLE", "VARCHAR"]


# --- errors -------------------------------------------------------------------------------


def test_an_unknown_model_is_told_with_the_nearest_name(flowers):
    assert flowers.fault("SELECT PREDICT('flower', i) FROM iris i") == (
        "E0202",
        "there is no trained model `flower`",
        "'flower'",
        "did you mean `flowers`?",
    )


@pytest.mark.parametrize("model", ["species", "lower('Flowers')", "NULL", "1"])
def test_the_model_is_named_in_quotes(flowers, model):
    code, _, place, _ = flowers.fault(f"SELECT PREDICT({model}, i) FROM iris i")
    assert (code, place) == ("E0570", "PREDICT")


def test_predict_of_nothing_is_an_error(flowers):
    assert flowers.faults("SELECT PREDICT()")[0].code == "E0570"
    assert flowers.faults("SELECT PREDICT('flowers')")[0].code == "E0571"


def test_columns_that_a_table_lacks_are_one_error(flowers):
    query = "SELECT PREDICT('flowers', two) FROM two JOIN iris USING (petal_width)"
    code, message, place, _ = flowers.fault(query)
    assert (code, place) == ("E0310", "PREDICT")
    assert message == "`two` does not fit model `flowers`: it lacks the column `petal_length`"


def test_a_column_of_another_type_is_an_error(flowers):
    query = "SELECT PREDICT('flowers', x) FROM (SELECT 'a' AS petal_length, 1 AS petal_width) x"
    code, message, _, _ = flowers.fault(query)
    assert code == "E0310"
    assert "`petal_length` is VARCHAR, not DOUBLE" in message


@pytest.mark.parametrize("values", ["1", "1, 2, 3", "petal_width"])
def test_a_wrong_number_of_values_is_an_error(flowers, values):
    code, message, place, hint = flowers.fault(f"SELECT PREDICT('flowers', {values}) FROM iris")
    assert (code, place) == ("E0571", "PREDICT")
    assert message.startswith("model `flowers` needs 2 values")
    assert "`petal_length`, `petal_width`" in hint


def test_an_unknown_class_is_an_error(flowers):
    assert flowers.fault("SELECT PREDICT_PROBA('flowers', 'setsoa', i) FROM iris i") == (
        "E0572",
        "`flowers` has no class `setsoa`",
        "PREDICT_PROBA",
        "did you mean `setosa`?",
    )


@pytest.mark.parametrize(
    ("classes", "words", "way_out"),
    [
        (("No", "Yes", "yes"), "`Yes` and `yes` are one name in SQL", "as with `lower`"),
        (("", "yes"), "the class of empty text no name", "predict.probability = TRUE"),
    ],
)
def test_classes_that_cannot_be_fields_are_an_error(bench, classes, words, way_out):
    bench.store("answers", {"petal_width": "DOUBLE"}, {"said": "VARCHAR"}, classes=classes)
    code, message, place, hint = bench.fault("SELECT PREDICT_PROBA('answers', i) FROM iris i")
    assert (code, place) == ("E0572", "PREDICT_PROBA")
    assert words in message
    assert way_out in hint


def test_probabilities_of_a_number_are_an_error(flowers):
    code, _, place, _ = flowers.fault("SELECT PREDICT_PROBA('width', i) FROM iris i")
    assert (code, place) == ("E0572", "PREDICT_PROBA")


def test_a_view_of_a_model_that_is_dropped_is_an_error(flowers):
    program = (
        "CREATE VIEW v AS SELECT PREDICT('flowers', i) AS p FROM iris i;"
        "DROP MODEL flowers; SELECT * FROM v"
    )
    code, message, place, _ = flowers.fault(program)
    assert (code, place) == ("E0573", "SELECT * FROM v")
    assert "`flowers`" in message


def test_a_macro_cannot_call_a_model(flowers):
    code, _, place, _ = flowers.fault("CREATE MACRO g(a, b) AS PREDICT('flowers', a, b)")
    assert (code, place) == ("E0574", "PREDICT")


def test_a_mistake_elsewhere_stands_at_its_own_place(flowers):
    code, _, place, _ = flowers.fault("SELECT PREDICT('flowers', i), colour FROM iris i")
    assert (code, place) == ("E0302", "colour")


def test_nothing_follows_from_a_training_that_is_wrong(flowers):
    program = TRAIN.replace("LABEL species", "LABEL specie") + (
        "SELECT PREDICT('m', i), PREDICT_PROBA('m', i).setosa FROM iris i"
    )
    assert [fault.code for fault in flowers.faults(program)] == ["E0305"]


# --- other dialects -----------------------------------------------------------------------


def test_it_can_be_called_in_another_dialect(flowers):
    plan = flowers.plan('SELECT PREDICT("flowers", `iris`) AS `p` FROM `iris`', dialect="mysql")
    assert plan.operators[0].sql == f'SELECT "sqlml_predict:flowers"({RECORD}) AS "p" FROM "iris"'
