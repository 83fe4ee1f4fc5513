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
