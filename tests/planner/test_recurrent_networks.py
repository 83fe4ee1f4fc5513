"""TO TRAIN of the Keras models that SQLFlow programs know: names, attributes and features."""

import pytest

TRAIN = "SELECT * FROM news TO TRAIN {} WITH {} COLUMN {} LABEL class INTO m"
TITLE = "EMBEDDING(SEQ_CATEGORY_ID(news_title, 16000, COMMA), 128, mean)"
SQLFLOW = (
    'model.n_classes=2, model.stack_units=[64,32], model.model_type="LSTM",'
    " model.bidirectional=True"
)


@pytest.fixture
def news(bench):
    bench.run("CREATE TABLE news (news_title VARCHAR, age DOUBLE, class INTEGER)")
    return bench


@pytest.mark.parametrize("prefix", ["", "sqlflow_models.", "keras.", "SQLFLOW_MODELS."])
@pytest.mark.parametrize("name", ["StackedRNNClassifier", "StackedBiLSTMClassifier"])
def test_sqlflows_program_is_taken_as_it_is(news, prefix, name):
    fit = news.operator(TRAIN.format(prefix + name, SQLFLOW, TITLE))
    assert fit.estimator == f"keras.{name}"
    assert fit.parameters == {
        "n_classes": 2,
        "stack_units": (64, 32),
        "model_type": "lstm",
        "bidirectional": True,
    }


@pytest.mark.parametrize("columns", ["age", "EMBEDDING(CATEGORY_ID(age, 9), 4)"])
def test_a_sequence_is_needed(news, columns):
    code, message, span, hint = news.fault(TRAIN.format("StackedRNNClassifier", SQLFLOW, columns))
    assert (code, span) == ("E0530", f"COLUMN {columns}")
    assert "`keras.StackedRNNClassifier`" in message
    assert "SEQ_CATEGORY_ID" in hint
    assert news.operator(TRAIN.format("StackedRNNClassifier", SQLFLOW, f"{columns}, {TITLE}"))


def test_an_unknown_kind_of_layer_is_refused(news):
    text = TRAIN.format("StackedRNNClassifier", "model.model_type = 'cnn'", TITLE)
    code, message, *_ = news.fault(text)
    assert code == "E0205"
    assert "lstm" in message


def test_a_series_needs_its_length_and_takes_several_labels(bench):
    bench.run("CREATE TABLE fund (past VARCHAR, a DOUBLE, b DOUBLE)")
    text = (
        "SELECT * FROM fund TO TRAIN RNNBasedTimeSeriesModel {}"
        " COLUMN DENSE(past, 7, COMMA) LABEL a, b INTO m"
    )
    assert bench.fault(text.format(""))[0] == "E0208"
    metrics = 'validation.metrics="MeanAbsoluteError,MeanSquaredError"'
    fit = bench.operator(text.format(f"WITH model.n_in = 7, model.n_out = 2, {metrics}"))
    assert fit.estimator == "keras.RNNBasedTimeSeriesModel"
    assert fit.settings["validation.metrics"] == ("mean_absolute_error", "mean_squared_error")
    older = text.replace("RNNBased", "sqlflow_models.LSTMBased").format("WITH model.n_in = 7")
    assert bench.operator(older).estimator == "keras.LSTMBasedTimeSeriesModel"


def test_the_functional_model_is_known(news):
    fit = news.operator(
        TRAIN.format("sqlflow_models.dnnclassifier_functional_model", "model.n_classes=2", "age")
    )
    assert (fit.estimator, fit.parameters) == (
        "keras.dnnclassifier_functional_model",
        {"n_classes": 2},
    )


@pytest.mark.parametrize("label", ["VARCHAR", "DOUBLE[]", "FLOAT[3]", "INTEGER[]"])
def test_a_series_is_labelled_with_several_numbers_in_one_column(bench, label):
    bench.run(f"CREATE TABLE series (past DOUBLE[], following {label})")
    query = "SELECT * FROM series TO TRAIN {} COLUMN DENSE(past, 5) LABEL following INTO m"
    series = "sqlflow_models.RNNBasedTimeSeriesModel WITH model.n_in = 5, model.n_out = 3"
    assert bench.operator(query.format(series)).label == ("following",)
    for other in ("DNNClassifier WITH model.hidden_units = [4]", "LightGBM.gbdt"):
        if label != "VARCHAR":
            assert bench.fault(query.format(other))[0] == "E0308"
    deep = query.format("DNNRegressor WITH model.hidden_units = [4]")
    if label == "VARCHAR":
        assert bench.fault(deep)[0] == "E0308"
    else:
        assert bench.operator(deep)
