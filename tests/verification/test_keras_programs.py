"""Programs that train Keras models, the way SQLFlow's tutorials write them."""

import numpy as np
import pytest

THREADS = 1
TUTORIAL = """
SELECT * EXCLUDE (species, id) FROM iris TO TRAIN DNNClassifier
WITH model.n_classes = 3, model.hidden_units = [10, 20],
    train.epoch = {epochs}, train.batch_size = 16
COLUMN sepal_length, sepal_width, petal_length, petal_width
LABEL code INTO sqlflow_models.my_dnn_model;
"""


@pytest.fixture(scope="module")
def dnn(laboratory):
    laboratory.run(TUTORIAL.format(epochs=20))
    return laboratory


def test_the_iris_tutorial_finds_the_classes(dnn):
    dnn.run(
        "SELECT * FROM iris TO PREDICT said.code WITH predict.probability = TRUE "
        "USING sqlflow_models.my_dnn_model"
    )
    said = dnn.table("said")
    assert (said["code"] == dnn.frames["iris"]["code"]).mean() > 0.9
    chances = said[[f"code_proba_{name}" for name in (3, 7, 42)]].to_numpy()
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
    assert (np.array([3, 7, 42])[chances.argmax(axis=1)] == said["code"]).all()


def test_the_stored_network_says_the_same_by_hand(dnn):
    from sqlml.zoo.models.keras_library import keras

    dnn.run("SELECT * FROM iris TO PREDICT said_2.code USING sqlflow_models.my_dnn_model")
    folder = dnn.bundle("sqlflow_models.my_dnn_model")
    measures = dnn.frames["iris"].iloc[:, :4].to_numpy(np.float32)
    network = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    classes = np.array([3, 7, 42])[network.predict({"numbers": measures}, verbose=0).argmax(axis=1)]
    np.testing.assert_array_equal(dnn.table("said_2")["code"], classes)


def test_every_epoch_is_kept_with_its_metrics(dnn):
    losses = dnn.rounds("sqlflow_models.my_dnn_model", "train_loss")
    assert len(losses) == 20
    assert losses[-1] < losses[0]


def test_a_network_is_evaluated_and_explained(dnn):
    from sklearn.metrics import log_loss

    found = dnn.run(
        "SELECT * FROM iris TO EVALUATE sqlflow_models.my_dnn_model "
        "WITH validation.metrics = 'accuracy, log_loss'"
    ).to_pandas()
    dnn.run(
        "SELECT * FROM iris TO PREDICT said_3.code WITH predict.probability = TRUE "
        "USING sqlflow_models.my_dnn_model"
    )
    said = dnn.table("said_3")
    chances = said[[f"code_proba_{name}" for name in (3, 7, 42)]].to_numpy()
    assert found["log_loss"][0] == pytest.approx(
        log_loss(dnn.frames["iris"]["code"], chances), rel=1e-5
    )
    dnn.run("SELECT * FROM iris LIMIT 20 TO EXPLAIN sqlflow_models.my_dnn_model INTO why")
    assert len(dnn.table("why")) == 20


def test_a_regression_with_text_is_close_to_least_squares(laboratory):
    """Ftrl with enough epochs comes near to the closed form on the same one-hot columns."""
    laboratory.run(
        "SELECT plan, active, visits / 30 AS visits, worth / 10 AS worth, id FROM customers "
        "TO TRAIN LinearRegressor WITH model.optimizer = Adam, optimizer.learning_rate = 0.05, "
        "train.epoch = 60 COLUMN plan, active, visits LABEL worth INTO worth_model"
    )
    laboratory.run(
        "SELECT plan, active, visits / 30 AS visits, id FROM customers "
        "TO PREDICT worths.worth USING worth_model"
    )
    frame = laboratory.frames["customers"]
    plans = [(frame["plan"] == plan).to_numpy(float) for plan in ("free", "paid", "team")]
    matrix = np.column_stack([*plans, frame["active"], frame["visits"] / 30])
    weights, *_ = np.linalg.lstsq(matrix, frame["worth"] / 10, rcond=None)
    found = laboratory.table("worths")["worth"].to_numpy()
    np.testing.assert_allclose(found, matrix @ weights, atol=0.1)
