import pytest

from sqlml.planner.plan import ModelUse


def test_a_training_is_resolved(bench):
    fit = bench.operator(
        "SELECT * FROM iris TO TRAIN XGBoost.GBTree WITH max_depth = 6 LABEL Species INTO my_model"
    )
    assert fit.estimator == "xgboost.gbtree"
    assert fit.parameters == {"max_depth": 6}
    assert fit.label == ("species",)
    assert fit.into == "my_model"
    assert [feature.label for feature in fit.features[""]] == [
        "sepal_length",
        "sepal_width",
        "petal_length",
        "petal_width",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("xgboost.gbtre", "did you mean `xgboost.gbtree`?"),
        ("KMean", "did you mean `KMeans`?"),
        ("zzzzz", "docs/models.md lists them all"),
    ],
)
def test_an_unknown_model_type_is_an_error_with_the_nearest_name(bench, name, hint):
    assert bench.fault(f"SELECT * FROM iris TO TRAIN {name} LABEL species INTO m") == (
        "E0201",
        f"there is no model `{name}`",
        name,
        hint,
    )


def test_a_model_of_sqlflow_s_image_is_named_otherwise(bench):
    code, _, span, hint = bench.fault(
        "SELECT * FROM iris TO TRAIN sqlflow/sqlflow_models:v1/DNNClassifier LABEL species INTO m"
    )
    assert (code, span) == ("E0212", "sqlflow/sqlflow_models:v1/DNNClassifier")
    assert hint == "write `keras.DNNClassifier`"


# --- labels -------------------------------------------------------------------------------


def test_an_unknown_label_is_an_error_with_the_nearest_column(bench):
    assert bench.fault("SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL spicies INTO m") == (
        "E0305",
        "the query has no column `spicies` to be the label",
        "spicies",
        "did you mean `species`?",
    )


def test_a_supervised_model_needs_a_label(bench):
    assert bench.fault("SELECT * FROM iris TO TRAIN xgboost.gbtree INTO m") == (
        "E0306",
        "`xgboost.gbtree` learns from a label, and none is given",
        "xgboost.gbtree",
        "add `LABEL column`",
    )


def test_an_unsupervised_model_takes_no_label(bench):
    code, message, span, hint = bench.fault(
        "SELECT * FROM iris TO TRAIN KMeans LABEL species INTO m"
    )
    assert (code, span) == ("E0307", "species")
    assert message == "`sklearn.cluster.KMeans` learns without a label"
    assert "TO EVALUATE" in hint


@pytest.mark.parametrize(
    "model", ["xgboost.XGBRegressor", "sklearn.linear_model.Ridge", "lightgbm.LGBMRegressor"]
)
def test_a_text_label_for_a_regressor_is_refused(bench, model):
    code, message, span, _ = bench.fault(
        f"SELECT * FROM iris TO TRAIN {model} LABEL species INTO m"
    )
    assert (code, span) == ("E0308", "species")
    assert message == "column `species` is text, and a regression needs numbers"


def test_a_text_label_for_a_regression_objective_is_refused(bench):
    code, *_ = bench.fault(
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' "
        "LABEL species INTO m"
    )
    assert code == "E0308"


def test_whether_floats_are_classes_is_left_to_the_run(bench):
    fit = bench.operator(
        "SELECT * FROM iris TO TRAIN xgboost.XGBClassifier LABEL petal_width INTO m"
    )
    assert fit.label == ("petal_width",)


def test_a_list_is_no_label_of_a_model_with_one_output(bench):
    code, message, *_ = bench.fault(
        "SELECT petal_width, [1, 2] AS y FROM iris TO TRAIN lightgbm.gbdt LABEL y INTO m"
    )
    assert (code, message) == ("E0308", "column `y` is of type INTEGER[], which cannot be a label")


def test_several_labels_need_a_model_with_several_outputs(bench):
    code, message, span, _ = bench.fault(
        "SELECT * FROM iris TO TRAIN lightgbm.LGBMRegressor LABEL petal_width, petal_length INTO m"
    )
    assert (code, span) == ("E0309", "petal_width, petal_length")
    assert message == "`lightgbm.LGBMRegressor` has one label, and there are 2"


def test_a_label_named_twice_is_an_error_at_the_second(bench):
    text = "SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL petal_width, PETAL_WIDTH INTO m"
    code, _, span, _ = bench.fault(text)
    assert (code, span) == ("E0309", "PETAL_WIDTH")


def test_a_label_that_is_selected_twice_is_an_error(bench):
    code, message, span, _ = bench.fault(
        "SELECT petal_width, species, species FROM iris "
        "TO TRAIN xgboost.gbtree LABEL species INTO m"
    )
    assert (code, span) == ("E0304", "species")
    assert message == "the query gives several columns `species`"


# --- settings -----------------------------------------------------------------------------


def test_group_and_weight_are_columns_and_no_features(bench):
    fit = bench.operator(
        "SELECT * FROM iris TO TRAIN xgboost.XGBRanker "
        "WITH train.group = SPECIES, train.weight = sepal_width LABEL petal_width INTO m"
    )
    assert fit.settings == {"group": "species", "weight": "sepal_width"}
    assert [feature.label for feature in fit.features[""]] == ["sepal_length", "petal_length"]


def test_an_unknown_weight_is_an_error_with_the_nearest_column(bench):
    text = (
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH train.weight = sepal_with "
        "LABEL species INTO m"
    )
    assert bench.fault(text) == (
        "E0315",
        "the query has no column `sepal_with` for `train.weight`",
        "sepal_with",
        "did you mean `sepal_width`?",
    )


def test_a_weight_that_is_no_number_is_an_error(bench):
    rows = "SELECT *, DATE '2026-01-01' AS day FROM iris"
    train = f"{rows} TO TRAIN xgboost.gbtree WITH train.weight = day LABEL species INTO m"
    code, message, span, _hint = bench.fault(train)
    assert (code, span) == ("E0413", "day")
    assert message == "column `day` is DATE, and a weight is a number"


def test_a_ranking_needs_groups(bench):
    code, message, span, hint = bench.fault(
        "SELECT * FROM iris TO TRAIN xgboost.XGBRanker LABEL petal_width INTO m"
    )
    assert (code, span, hint) == ("E0208", "xgboost.XGBRanker", "add `train.group = column`")
    assert "ranked against each other" in message


def test_groups_are_for_rankings(bench):
    code, _, span, _ = bench.fault(
        "SELECT * FROM iris TO TRAIN xgboost.XGBClassifier WITH train.group = petal_width "
        "LABEL species INTO m"
    )
    assert (code, span) == ("E0209", "train.group = petal_width")


def test_early_stopping_needs_rows_to_validate_on(bench):
    code, message, _, hint = bench.fault(
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH train.early_stopping_rounds = 3 "
        "LABEL species INTO m"
    )
    assert (code, message) == ("E0209", "early stopping needs rows to validate on")
    assert "validation.split" in hint


# --- validation rows ----------------------------------------------------------------------


def validated(query):
    return (
        "SELECT petal_width, petal_length, species FROM iris TO TRAIN xgboost.gbtree "
        f'WITH validation.select = "{query}" LABEL species INTO m'
    )


def test_validation_rows_are_read_by_a_query_of_their_own(bench):
    fit = bench.operator(validated("SELECT * FROM iris WHERE petal_width > 1;"))
    assert fit.validation.sql == "SELECT * FROM iris WHERE petal_width > 1"
    assert fit.validation.facts.reads == ("iris",)
    assert "validation.select" not in fit.settings


def test_an_unknown_table_in_validation_select_is_found_in_the_string(bench):
    assert bench.fault(validated("SELECT * FROM irs")) == (
        "E0301",
        "there is no table `irs`",
        "irs",
        "did you mean `iris`?",
    )


def test_validation_rows_have_the_columns_of_the_training_rows(bench):
    code, message, span, _ = bench.fault(validated("SELECT petal_width, sepal_width FROM iris"))
    assert (code, span) == ("E0310", '"SELECT petal_width, sepal_width FROM iris"')
    assert message == (
        "the query does not fit the training rows: it lacks the columns `petal_length`, `species`"
    )


def test_select_and_split_exclude_each_other(bench):
    text = validated("FROM iris").replace("LABEL", ", validation.split = 0.2 LABEL")
    code, message, span, _ = bench.fault(text)
    assert (code, span) == ("E0209", "validation.split = 0.2")
    assert message == "`validation.select` and `validation.split` exclude each other"


def test_folds_exclude_other_rows_to_validate_on(bench):
    text = validated("FROM iris").replace("LABEL", ", validation.folds = 3 LABEL")
    code, message, span, hint = bench.fault(text)
    assert (code, span) == ("E0209", "validation.folds = 3")
    assert message == "`validation.select` and `validation.folds` exclude each other"
    assert hint == "keep one of the two"


def test_folds_of_what_no_metric_measures_are_refused(bench):
    code, message, span, _ = bench.fault(
        "SELECT petal_width FROM iris TO TRAIN PCA WITH validation.folds = 3 INTO m"
    )
    assert (code, span) == ("E0209", "validation.folds = 3")
    assert message.startswith("no metric tells how good a transformation is")


def test_folds_do_not_tell_when_to_stop(bench):
    code, *_ = bench.fault(
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH validation.folds = 3,"
        " train.early_stopping_rounds = 2 LABEL species INTO m"
    )
    assert code == "E0209"


# --- going on from an earlier model -------------------------------------------------------


def test_training_goes_on_from_a_stored_version(bench):
    bench.store("Early", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    query = "SELECT petal_width, species FROM iris"
    fit = bench.operator(f"{query} TO TRAIN xgboost.gbtree LABEL species USING early@1 INTO late")
    assert fit.base == ModelUse("Early", 1)


def test_an_unknown_earlier_model_is_an_error_with_the_nearest_name(bench):
    bench.store("early", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    assert bench.fault(
        "SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL species USING erly INTO late"
    ) == ("E0202", "there is no trained model `erly`", "erly", "did you mean `early`?")


def test_another_kind_of_model_cannot_go_on(bench):
    bench.store("early", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    code, message, span, hint = bench.fault(
        "SELECT * FROM iris TO TRAIN lightgbm.gbdt LABEL species USING early INTO late"
    )
    assert (code, span) == ("E0221", "early")
    assert message == "`early` is a `xgboost.gbtree`, and a `lightgbm.gbdt` cannot go on from it"
    assert hint == "write `TO TRAIN xgboost.gbtree`, or leave USING out"


def test_training_cannot_go_on_with_other_columns(bench):
    bench.store("early", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    train = "SELECT petal_length, species FROM iris TO TRAIN xgboost.gbtree LABEL species"
    assert bench.fault(f"{train} USING early INTO late") == (
        "E0408",
        "`early` was trained on other features; they differ in `petal_length`, `petal_width`",
        "early",
        "use the COLUMN clause and the columns that it was trained with",
    )
    assert bench.plan(f"{train} INTO early; {train} USING early INTO late")


def test_training_cannot_go_on_with_labels_of_another_kind(bench):
    bench.store("early", {"petal_width": "DOUBLE"}, {"sepal_width": "DOUBLE"})
    train = "SELECT petal_width, {} FROM iris TO TRAIN xgboost.gbtree LABEL {} USING early INTO m"
    assert bench.fault(train.format("sepal_width > 3 AS wide", "wide")) == (
        "E0408",
        "label `wide` is of type BOOLEAN; `early` learnt from DOUBLE",
        "early",
        "cast it in the query: `wide::DOUBLE`, or leave USING out",
    )
    two = train.format("sepal_width, sepal_length", "sepal_width, sepal_length")
    code, message, _span, _hint = bench.fault(two)
    assert code == "E0408"
    assert (
        message
        == "`early` learnt from `sepal_width`, and not from `sepal_width` and `sepal_length`"
    )
    assert bench.plan(train.format("sepal_width::INT AS wide", "wide"))


def test_a_new_version_keeps_the_spelling_of_the_name(bench):
    bench.store("Iris_Model", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    fit = bench.operator("SELECT * FROM iris TO TRAIN lightgbm.gbdt LABEL species INTO iris_model")
    assert fit.into == "Iris_Model"


# --- the query ----------------------------------------------------------------------------


def test_a_wrong_column_in_the_query_is_found_at_its_place(bench):
    assert bench.fault(
        "SELECT petal_widht, species FROM iris TO TRAIN xgboost.gbtree LABEL species INTO m"
    ) == ("E0302", "there is no column `petal_widht`", "petal_widht", "did you mean `petal_width`?")


def test_a_query_in_another_dialect_is_translated_and_its_errors_are_found(bench):
    text = "SELECT `petal_width`, `specis` FROM `iris` TO TRAIN xgboost.gbtree LABEL y INTO m"
    faults = bench.faults(text, dialect="mysql")
    assert (faults[0].code, faults[0].span.text) == ("E0302", "specis")
    plan = bench.plan(text.replace("specis", "species").replace(" y ", " species "), "mysql")
    assert plan.operators[0].rows.sql == 'SELECT "petal_width", "species" FROM "iris"'


def test_columns_that_only_the_run_can_tell_must_be_listed(bench):
    train = (
        "INSERT INTO iris SELECT * FROM iris;"
        "PIVOT iris ON species USING avg(petal_width) GROUP BY sepal_width "
        "TO TRAIN xgboost.gbtree {} LABEL setosa INTO m"
    )
    code, message, _, hint = bench.fault(train.format(""))
    assert (code, hint) == ("E0220", "list the features: `COLUMN a, b, …`")
    assert message == "which columns this query gives is only known when it runs"
    assert bench.plan(train.format("COLUMN sepal_width")).operators[-1].label == ("setosa",)
