"""TO TRAIN of neural networks: names, attributes, optimizers, and what is not installed."""

import sys

import pytest

TRAIN = "SELECT * FROM iris TO TRAIN {} WITH {} LABEL species INTO m"
LAYERS = "model.hidden_units = [8, 4]"


@pytest.mark.parametrize(
    "name",
    [
        "DNNClassifier",
        "dnnclassifier",
        "keras.DNNClassifier",
        "sqlflow_models.DNNClassifier",
        "tensorflow.DNNClassifier",
        "tf.estimator.DNNClassifier",
    ],
)
def test_a_network_has_the_names_that_programs_use(bench, name):
    fit = bench.operator(TRAIN.format(name, LAYERS))
    assert fit.estimator == "keras.DNNClassifier"
    assert fit.parameters == {"hidden_units": (8, 4)}


def test_hidden_units_are_needed(bench):
    code, message, span, hint = bench.fault(TRAIN.format("DNNClassifier", "train.epoch = 2"))
    assert (code, span) == ("E0208", "DNNClassifier")
    assert "`model.hidden_units`" in message
    assert "model.hidden_units" in hint


def test_an_optimizer_and_its_attributes_are_written_in_any_case(bench):
    text = f"{LAYERS}, model.optimizer = rmsProp, optimizer.learning_rate = 0.1, optimizer.rho = 0"
    fit = bench.operator(TRAIN.format("DNNClassifier", text))
    assert fit.parameters == {
        "hidden_units": (8, 4),
        "optimizer": "RMSprop",
        "optimizer.learning_rate": 0.1,
        "optimizer.rho": 0.0,
    }


@pytest.mark.parametrize(
    ("attribute", "written", "today"),
    [
        ("optimizer", "tf.keras.optimizers.Adam", "Adam"),
        ("optimizer", "RMSPropOptimizer", "RMSprop"),
        ("optimizer", "Momentum", "SGD"),
        ("activation_fn", "tf.nn.relu6", "relu6"),
        ("loss", "keras.losses.BinaryCrossentropy", "cross_entropy"),
    ],
)
def test_what_tensorflow_calls_it_is_taken_with_a_note(bench, attribute, written, today):
    text = TRAIN.format("DNNClassifier", f"{LAYERS}, model.{attribute} = '{written}'")
    assert bench.operator(text).parameters[attribute] == today
    assert bench.notes(text) == [(f"`{written}` is called `{today}` today", f"'{written}'")]


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("optimizer.momentum = 0.9", "optimizer.momentum = 0.9"),
        ("model.optimizer = Adam, optimizer.momentum = 0.9", "optimizer.momentum = 0.9"),
        ("loss.gamma = 1", "loss.gamma = 1"),
    ],
)
def test_an_attribute_of_another_optimizer_or_loss_is_refused(bench, given, at):
    code, _, span, hint = bench.fault(TRAIN.format("DNNClassifier", f"{LAYERS}, {given}"))
    assert (code, span) == ("E0231", at)
    assert "leave it out" in hint


@pytest.mark.parametrize(
    "name",
    [
        "validation.steps",
        "validation.start_delay_secs",
        "validation.throttle_secs",
        "train.save_checkpoints_steps",
        "train.log_every_n_iter",
        "model.loss_reduction",
        "model.model_dir",
    ],
)
def test_what_older_programs_set_is_taken_with_a_note(bench, name):
    text = TRAIN.format("LinearClassifier", f"{name} = 10")
    assert bench.operator(text).settings == {}
    ((note, span),) = bench.notes(text)
    assert note.startswith(f"`{name}` has no effect: ")
    assert span == name


def test_tensorflow_that_is_not_installed_is_told_before_anything_runs(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert bench.fault(TRAIN.format("DNNClassifier", LAYERS)) == (
        "E0230",
        "`keras.DNNClassifier` needs TensorFlow, which is not installed",
        "DNNClassifier",
        'pip install "sqlml[tensorflow]"',
    )


WIDE_AND_DEEP = (
    "SELECT * FROM iris TO TRAIN DNNLinearCombinedClassifier WITH model.dnn_hidden_units = [4] {} "
    "LABEL species INTO m"
)


def targets(bench, columns):
    features = bench.operator(WIDE_AND_DEEP.format(columns)).features
    return {target: [feature.label for feature in found] for target, found in features.items()}


def test_columns_are_for_the_inputs_that_they_name(bench):
    columns = (
        "COLUMN petal_width, CROSS([BUCKET(petal_width, 3), BUCKET(petal_length, 3)], 9) "
        "FOR linear_feature_columns COLUMN petal_width, petal_length FOR DNN_FEATURE_COLUMNS"
    )
    assert targets(bench, columns) == {
        "linear_feature_columns": ["petal_width", "petal_width×petal_length"],
        "dnn_feature_columns": ["petal_width", "petal_length"],
    }


def test_without_columns_every_input_has_all(bench):
    found = targets(bench, "")
    assert found["linear_feature_columns"] == found["dnn_feature_columns"]
    assert "petal_width" in found["dnn_feature_columns"]


def test_a_column_clause_of_a_model_with_several_inputs_needs_a_target(bench):
    code, message, span, hint = bench.fault(WIDE_AND_DEEP.format("COLUMN petal_width"))
    assert (code, span) == ("E0235", "COLUMN petal_width")
    assert "`linear_feature_columns` and `dnn_feature_columns`" in message
    assert "FOR linear_feature_columns" in hint


def test_an_unknown_target_is_told_with_the_nearest(bench):
    columns = "COLUMN petal_width FOR dnn_feature_column"
    code, message, span, hint = bench.fault(WIDE_AND_DEEP.format(columns))
    assert (code, span) == ("E0235", "dnn_feature_column")
    assert "no input `dnn_feature_column`" in message
    assert hint == "did you mean `dnn_feature_columns`?"


def test_each_optimizer_has_attributes_of_its_own(bench):
    text = WIDE_AND_DEEP.replace(
        "[4]", "[4], linear_optimizer.l1_regularization_strength = 0.1, dnn_optimizer.momentum = 1"
    )
    code, _, span, hint = bench.fault(text.format(""))
    assert code == "E0205"  # momentum is below 1
    code, _, span, hint = bench.fault(text.replace("momentum = 1", "momentum = 0.5").format(""))
    assert (code, span) == ("E0231", "dnn_optimizer.momentum = 0.5")
    assert "`model.dnn_optimizer = RMSprop`" in hint


def test_a_sequence_stands_in_an_embedding(bench):
    text = (
        "SELECT *, '1,2' AS steps FROM iris TO TRAIN DNNClassifier WITH {} COLUMN {} "
        "LABEL species INTO m"
    )
    written = "SEQ_CATEGORY_ID(steps, 5)"
    code, _, span, hint = bench.fault(text.format(LAYERS, written))
    assert (code, span) == ("E0216", written)
    assert hint == "write EMBEDDING(SEQ_CATEGORY_ID(steps, 5), dimension)"
    fit = bench.operator(text.format(LAYERS, f"EMBEDDING({written}, 4, mean)"))
    assert fit.features[""][0].combiner == "mean"
