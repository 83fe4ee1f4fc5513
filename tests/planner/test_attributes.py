import pytest

from sqlml.planner.attributes import is_meant

TRAIN = "SELECT * FROM iris TO TRAIN {model} WITH {attributes} LABEL species INTO m"


def train(attributes, model="xgboost.gbtree"):
    return TRAIN.format(model=model, attributes=attributes)


def test_an_unknown_attribute_is_an_error_with_the_nearest_name(bench):
    assert bench.fault(train("max_dpeth = 6, eta = 0.1")) == (
        "E0203",
        "`xgboost.gbtree` has no attribute `max_dpeth`",
        "max_dpeth",
        "did you mean `max_depth`?",
    )


@pytest.mark.parametrize(
    ("attributes", "hint"),
    [
        ("model.max_dpeth = 6", "did you mean `model.max_depth`?"),
        ("validation.splt = 0.5", "did you mean `validation.split`?"),
        ("validation.metric = auc", "did you mean `validation.metrics`?"),
        ("train.max_depth = 6", "write `max_depth`"),
        ("split = 0.5", "write `validation.split`"),
    ],
)
def test_the_hint_has_the_namespace_where_it_is_needed(bench, attributes, hint):
    code, _, span, told = bench.fault(train(attributes))
    assert (code, span, told) == ("E0203", attributes.partition(" ")[0], hint)


def test_a_scikit_learn_parameter_needs_its_namespace(bench):
    text = "SELECT petal_width FROM iris TO TRAIN KMeans WITH n_clusters = 3 INTO m"
    assert bench.fault(text) == (
        "E0203",
        "`sklearn.cluster.KMeans` has no attribute `n_clusters`",
        "n_clusters",
        "write `model.n_clusters`",
    )


def test_an_attribute_given_twice_is_an_error_at_the_second(bench):
    (fault,) = bench.faults(train("max_depth = 6, max_depth = 7"))
    assert (fault.code, fault.message) == ("E0204", "`max_depth` is given twice")
    assert fault.label == "first in line 1, column 49"
    assert fault.span.start == train("max_depth = 6, max_depth = 7").rindex("max_depth")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("eta", "learning_rate"),
        ("n_estimators", "num_boost_round"),
        ("model.n_estimators", "train.num_boost_round"),
        ("max_depth", "model.max_depth"),
    ],
)
def test_an_attribute_given_under_two_names_is_given_twice(bench, first, second):
    code, message, span, _ = bench.fault(train(f"{first} = 1, {second} = 1"))
    assert (code, span) == ("E0204", second)
    assert message == f"`{second}` is given twice: `{second}` is another name of `{first}`"


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("max_depth", "'deep'", "`max_depth` must be an integer ≥ 0"),
        ("gamma", "-1", "`gamma` must be a number ≥ 0, not -1"),
        ("train.seed", "1.5", "`train.seed` must be an integer in [0, 2147483647], not 1.5"),
        ("tree_method", "fast", "`tree_method` must be"),
        ("validation.split", "1", "`validation.split` must be a number in (0, 1), not 1"),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_an_error_that_says_which(
    bench, attribute, value, message
):
    code, told, span, _ = bench.fault(train(f"{attribute} = {value}"))
    assert (code, span) == ("E0205", value)
    assert told.startswith(message)


def test_an_old_name_of_an_objective_is_accepted_with_a_note(bench):
    text = (
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH objective = reg:linear "
        "COLUMN petal_length LABEL sepal_length INTO m"
    )
    assert bench.operator(text).parameters == {"objective": "reg:squarederror"}
    assert bench.notes(text) == [("`reg:linear` is called `reg:squarederror` today", "reg:linear")]


def test_a_space_inside_a_list_is_not_a_value(bench):
    code, message, _, hint = bench.fault(train("max_depth = [RANGE(1, 2)]"))
    assert code == "E0207"
    assert message == "`RANGE(…)` is not a value here"
    assert "stand alone behind" in hint


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("optimizer.learning_rate", "DNNClassifier"),
        ("loss.name", "DNNClassifier"),
    ],
)
def test_attributes_of_other_models_are_refused(bench, name, way_out):
    code, message, span, hint = bench.fault(train(f"{name} = 1"))
    assert (code, span) == ("E0206", name)
    assert message == f"`{name}` is not available for `xgboost.gbtree`"
    assert way_out in hint


def test_an_attribute_of_another_statement_is_refused(bench):
    bench.store("m", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    assert bench.fault("SELECT * FROM iris TO PREDICT WITH train.seed = 1 USING m") == (
        "E0206",
        "`train.seed` has no meaning in TO PREDICT",
        "train.seed",
        "TO PREDICT takes `predict.probability`, `predict.extra_outputs`, `predict.steps`, "
        "`predict.forecast_start`, `predict.forecast_end`, `predict.interval`, "
        "`predict.batch_size`",
    )


def test_summary_is_another_name_of_explain(bench):
    bench.store("m", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    operator = bench.operator("SELECT * FROM iris TO EXPLAIN m WITH summary.plot_type = dot")
    assert operator.settings == {"plot_type": "dot"}


def test_values_are_converted_and_names_are_canonical(bench):
    fit = bench.operator(train("learning_rate = 1, n_estimators = 7.0, train.seed = 3"))
    assert fit.parameters == {"eta": 1.0}
    assert fit.settings == {"num_boost_round": 7, "seed": 3}


def test_metrics_are_kept_under_their_own_names(bench):
    fit = bench.operator(train("validation.metrics = 'Accuracy, AUC, accuracy_score'"))
    assert fit.settings == {"validation.metrics": ("accuracy", "roc_auc")}


def test_metrics_of_another_task_are_refused(bench):
    code, message, span, hint = bench.fault(
        train("objective = multi:softprob, validation.metrics = 'r2'")
    )
    assert (code, span) == ("E0211", "'r2'")
    assert message == "`r2` does not measure classification, which `xgboost.gbtree` is for"
    assert hint.startswith("metrics: `accuracy`")


@pytest.mark.parametrize(
    ("name", "about", "expected"),
    [
        ("max_depth", "max_depth", True),
        ("model.max_depth", "max_depth", True),
        ("max_depth", "model.max_depth", True),
        ("summary.keys", "explain.keys", True),
        ("eta", "max_depth", False),
    ],
)
def test_steps_name_attributes_with_or_without_namespace(name, about, expected):
    assert is_meant(name, about) is expected
