import pytest

from sqlml.planner.plan import ModelUse

FLOWER = {"petal_length": "DOUBLE", "petal_width": "DOUBLE"}
TRAIN = (
    "SELECT petal_length, petal_width, species FROM iris "
    "TO TRAIN xgboost.gbtree LABEL species INTO m;"
)


@pytest.fixture
def flowers(bench):
    """The bench with a stored model of two columns."""
    classes = ("setosa", "versicolor")
    bench.store("flowers", FLOWER, {"species": "VARCHAR"}, classes=classes)
    return bench


@pytest.fixture
def table_of(flowers):
    """The columns of the table that TO PREDICT makes, as a later statement sees them."""
    flowers.store("anything", {})

    def columns(target, query="SELECT * FROM iris", attributes=""):
        table = target.rpartition(".")[0] or target
        plan = flowers.plan(
            f"{query} TO PREDICT {target} {attributes} USING flowers;"
            f"SELECT * FROM {table} TO PREDICT USING anything"
        )
        schema = plan.operators[1].rows.schema
        return [(column.name, column.type) for column in schema.columns], schema.open

    return columns


MEASURES = [
    (name, "DOUBLE") for name in ("sepal_length", "sepal_width", "petal_length", "petal_width")
]


# --- the model ----------------------------------------------------------------------------


def test_an_unknown_model_is_an_error_with_the_nearest_name(flowers):
    assert flowers.fault("SELECT * FROM iris TO PREDICT t USING flower") == (
        "E0202",
        "there is no trained model `flower`",
        "flower",
        "did you mean `flowers`?",
    )


def test_a_model_of_a_newer_sqlml_can_be_dropped_and_not_used(bench):
    bench.store("m", {"petal_width": "DOUBLE"}, format=2)
    (fault,) = bench.faults("SELECT * FROM iris TO PREDICT t USING m")
    assert (fault.code, fault.span.text) == ("E0505", "m")
    assert fault.label == "its format is 2, this sqlml reads 1"
    assert bench.plan("DROP MODEL m")


def test_without_any_model_the_hint_is_to_train_one(bench):
    *_, hint = bench.fault("SELECT * FROM iris TO PREDICT t USING flower")
    assert hint == "train it first: TO TRAIN … INTO flower"


def test_a_model_is_found_in_any_case(flowers):
    operator = flowers.operator("SELECT * FROM iris TO PREDICT t USING FLOWERS")
    assert operator.model == ModelUse("flowers")


def test_an_unknown_version_is_an_error_that_names_the_newest(flowers):
    assert flowers.fault("SELECT * FROM iris TO PREDICT t USING flowers@3") == (
        "E0210",
        "model `flowers` has no version 3",
        "flowers@3",
        "the newest stored version is `flowers@1`",
    )


def test_a_version_of_a_model_that_the_program_trains_is_not_known_yet(bench):
    code, _, _, hint = bench.fault(TRAIN + "SELECT * FROM iris TO PREDICT t USING m@1")
    assert code == "E0210"
    assert hint == "`m` is trained further up: write its name without a version"


# --- the columns that it needs ------------------------------------------------------------


def test_the_label_need_not_be_there(flowers):
    query = "SELECT petal_width, petal_length FROM iris"
    assert flowers.operator(f"{query} TO PREDICT USING flowers").column == "species"


def test_columns_are_found_in_any_case_and_order_and_others_pass_through(table_of):
    columns, _ = table_of("t", "SELECT 1 AS id, PETAL_width, PETAL_length FROM iris")
    assert [name for name, _ in columns] == ["id", "petal_width", "petal_length", "species"]


def test_missing_and_incompatible_columns_are_one_error_that_lists_them(bench):
    bench.store("m", {"a": "DOUBLE", "b": "VARCHAR", "petal_widht": "DOUBLE", "d": "DATE"})
    code, message, span, hint = bench.fault(
        "SELECT 'x' AS a, 1 AS b, petal_width, now() AS d FROM iris TO PREDICT t USING m"
    )
    assert code == "E0310"
    assert message == (
        "the query does not fit model `m`: it lacks the column `petal_widht`; "
        "`a` is VARCHAR, not DOUBLE; `b` is INTEGER, not VARCHAR"
    )
    assert span.startswith("SELECT")
    assert hint == (
        "did you mean `petal_width`? `petal_width AS petal_widht` renames it in the query"
    )


@pytest.mark.parametrize(
    ("given", "needed"),
    [("1", "DOUBLE"), ("true", "INTEGER"), ("NULL", "VARCHAR"), ("today()", "TIMESTAMP")],
)
def test_compatible_types_are_taken(bench, given, needed):
    bench.store("m", {"a": needed})
    assert bench.operator(f"SELECT {given} AS a TO PREDICT USING m")


def test_a_model_trained_further_up_is_known_with_its_columns(bench):
    code, message, *_ = bench.fault(TRAIN + "SELECT petal_width FROM iris TO PREDICT t USING m")
    assert code == "E0310"
    assert message == "the query does not fit model `m`: it lacks the column `petal_length`"


def test_a_needed_column_that_is_there_twice_is_an_error(flowers):
    code, message, *_ = flowers.fault(
        "SELECT petal_length, petal_width, petal_width FROM iris TO PREDICT USING flowers"
    )
    assert (code, message) == ("E0304", "the query gives several columns `petal_width`")


# --- the table that comes out -------------------------------------------------------------


def test_the_result_stands_last_named_like_the_label_which_it_replaces(table_of):
    columns, more = table_of("answers", "SELECT species, * EXCLUDE (species) FROM iris")
    assert columns == [*MEASURES, ("species", "VARCHAR")]
    assert more == ()


def test_the_last_part_of_the_target_is_the_column(table_of):
    columns, _ = table_of("answers.kind")
    assert columns == [*MEASURES, ("kind", "VARCHAR")]


def test_a_column_named_like_the_result_is_replaced(table_of):
    columns, _ = table_of("answers.kind", "SELECT 1 AS Kind, petal_width, petal_length FROM iris")
    assert [name for name, _ in columns] == ["petal_width", "petal_length", "kind"]


def test_probabilities_are_one_column_per_class(table_of):
    columns, more = table_of("answers.kind", attributes="WITH predict.probability = TRUE")
    assert columns[len(MEASURES) :] == [
        ("kind", "VARCHAR"),
        ("kind_proba_setosa", "DOUBLE"),
        ("kind_proba_versicolor", "DOUBLE"),
    ]
    assert more == ()


def test_probabilities_of_a_model_in_training_are_taken_on_trust_and_others_are_not(bench):
    predict = "SELECT * FROM iris TO PREDICT t WITH predict.probability = TRUE USING m;"
    assert bench.plan(TRAIN + predict + "SELECT species_proba_setosa FROM t")
    assert bench.fault(TRAIN + predict + "SELECT petal_widht FROM t") == (
        "E0302",
        "there is no column `petal_widht`",
        "petal_widht",
        "did you mean `petal_width`?",
    )


def test_trust_is_handed_on_to_tables_made_from_such_a_table(bench):
    predict = "SELECT * FROM iris TO PREDICT t WITH predict.probability = TRUE USING m;"
    copy = "CREATE TABLE u AS SELECT * FROM t;"
    assert bench.plan(TRAIN + predict + copy + "SELECT species_proba_setosa FROM u")
    code, *_ = bench.fault(TRAIN + predict + copy + "SELECT probability FROM u")
    assert code == "E0302"


def test_all_columns_of_such_a_table_are_no_features(bench):
    predict = "SELECT * FROM iris TO PREDICT t WITH predict.probability = TRUE USING m;"
    train = "SELECT * FROM t TO TRAIN xgboost.gbtree {} LABEL species INTO n"
    code, _, _, hint = bench.fault(TRAIN + predict + train.format(""))
    assert (code, hint) == ("E0220", "list the features: `COLUMN a, b, …`")
    assert bench.plan(TRAIN + predict + train.format("COLUMN petal_width, species_proba_setosa"))


@pytest.mark.parametrize(
    ("task", "type_"),
    [("clustering", "INTEGER"), ("outliers", "INTEGER"), ("density", "DOUBLE")],
)
def test_a_model_without_a_label_gives_a_prediction(bench, task, type_):
    bench.store("groups", {"petal_width": "DOUBLE"}, task=task)
    plan = bench.plan(
        "SELECT petal_width FROM iris TO PREDICT t USING groups;"
        "SELECT * FROM t TO PREDICT USING groups"
    )
    columns = plan.operators[1].rows.schema.columns
    assert [(c.name, c.type) for c in columns][-1] == ("prediction", type_)


@pytest.mark.parametrize(
    ("label", "result"), [("INTEGER", "DOUBLE"), ("FLOAT", "FLOAT"), ("DECIMAL(18,3)", "DOUBLE")]
)
def test_a_regression_gives_floats(bench, label, result):
    bench.store("m", {"petal_width": "DOUBLE"}, {"y": label}, task="regression")
    plan = bench.plan(
        "SELECT petal_width FROM iris TO PREDICT t USING m; SELECT * FROM t TO PREDICT USING m"
    )
    assert plan.operators[1].rows.schema.columns[-1].type == result


def test_a_table_cannot_have_two_columns_of_one_name(flowers):
    code, message, span, _ = flowers.fault(
        "SELECT 1 AS id, 2 AS id, * FROM iris TO PREDICT answers USING flowers"
    )
    assert (code, span) == ("E0314", "answers")
    assert message == "the table would have two columns `id`"


def test_a_view_cannot_be_predicted_into(flowers):
    flowers.run("CREATE VIEW answers AS SELECT 1 AS x")
    code, message, span, _ = flowers.fault("SELECT * FROM iris TO PREDICT answers USING flowers")
    assert (code, span) == ("E0313", "answers")
    assert message.startswith("`answers` cannot be written")


def test_a_table_in_an_unknown_schema_cannot_be_written(flowers):
    code, _, span, hint = flowers.fault("SELECT * FROM iris TO PREDICT s.t.x USING flowers")
    assert (code, span) == ("E0313", "s.t.x")
    assert hint == "`CREATE SCHEMA s;` makes it"


def test_a_quoted_name_may_hold_a_dot(flowers):
    operator = flowers.operator('SELECT * FROM iris TO PREDICT "my.table".kind USING flowers')
    assert (operator.into, operator.column) == ('"my.table"', "kind")


def test_a_target_that_looks_like_a_table_in_a_schema_gets_a_note(flowers):
    flowers.run("CREATE SCHEMA lab; CREATE TABLE lab.x (a INTEGER)")
    (note,) = flowers.notes("SELECT * FROM iris TO PREDICT lab.answers USING flowers")
    assert note == (
        "`lab.answers` is column `answers` of a table `lab`; for a table in the schema `lab`, "
        "name the column, too: `lab.answers.column`",
        "lab.answers",
    )


def test_a_schema_that_the_program_makes_counts(flowers):
    notes = flowers.notes(
        "CREATE SCHEMA lab; CREATE TABLE lab.x (a INTEGER);"
        "SELECT * FROM iris TO PREDICT lab.answers USING flowers"
    )
    assert len(notes) == 1


def test_replacing_the_table_that_is_read_gets_a_note_if_the_label_is_lost(flowers):
    assert flowers.notes("SELECT * FROM iris TO PREDICT iris.kind USING flowers") == [
        ("`iris` is read and then replaced: its label `species` will be gone", "iris.kind")
    ]


def test_classes_that_differ_in_case_only_have_no_columns_of_probabilities(bench):
    bench.store("answers", {"petal_width": "DOUBLE"}, {"y": "VARCHAR"}, classes=("Yes", "yes"))
    query = (
        "SELECT petal_width FROM iris TO PREDICT t WITH predict.probability = TRUE USING answers"
    )
    code, message, span, hint = bench.fault(query)
    assert (code, span) == ("E0314", "predict.probability = TRUE")
    assert message.endswith("one column `y_proba_Yes`")
    assert "lower" in hint


def test_a_regression_has_no_probabilities(bench):
    bench.store("m", {"petal_width": "DOUBLE"}, {"y": "DOUBLE"}, task="regression")
    code, message, span, _ = bench.fault(
        "SELECT * FROM iris TO PREDICT WITH predict.probability = TRUE USING m"
    )
    assert (code, span) == ("E0223", "predict.probability = TRUE")
    assert message == "`m` gives no probabilities: it is for regression"
