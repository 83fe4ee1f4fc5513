"""Programs that train Keras models, the way SQLFlow's tutorials write them."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from sqlml.source import Source
from tests.codegen.scripts import contents, run_script, same

# One program, so that a single process loads TensorFlow.
PROGRAM = """
SELECT * EXCLUDE (species, id) FROM iris TO TRAIN DNNClassifier
WITH model.n_classes = 3, model.hidden_units = [10, 20], train.epoch = 20, train.batch_size = 16
COLUMN sepal_length, sepal_width, petal_length, petal_width
LABEL code INTO sqlflow_models.my_dnn_model;

SELECT * FROM iris TO PREDICT said.code WITH predict.probability = TRUE
USING sqlflow_models.my_dnn_model;

SELECT * FROM iris TO EVALUATE sqlflow_models.my_dnn_model
WITH validation.metrics = 'accuracy, log_loss' INTO scores;

SELECT * FROM iris LIMIT 20 TO EXPLAIN sqlflow_models.my_dnn_model INTO why;

SELECT plan, active, visits / 30 AS visits, worth / 10 AS worth FROM customers
TO TRAIN LinearRegressor WITH model.optimizer = Adam, optimizer.learning_rate = 0.05,
    train.epoch = 60
LABEL worth INTO worth_model;

SELECT plan, active, visits / 30 AS visits, id FROM customers
TO PREDICT worths.worth USING worth_model;
"""
CODES = np.array([3, 7, 42])


@pytest.fixture(scope="module")
def trained(laboratory):
    laboratory.run(PROGRAM)
    return laboratory


def chances(laboratory):
    said = laboratory.table("said")
    return said[[f"code_proba_{code}" for code in CODES]].to_numpy()


def test_the_iris_tutorial_finds_the_classes(trained):
    said = trained.table("said")
    assert (said["code"] == trained.frames["iris"]["code"]).mean() > 0.9
    assert (CODES[chances(trained).argmax(axis=1)] == said["code"]).all()


def test_the_stored_network_says_the_same_by_hand(trained):
    from sqlml.zoo.models.keras_library import keras

    folder = trained.bundle("sqlflow_models.my_dnn_model")
    measures = trained.frames["iris"].iloc[:, :4].to_numpy(np.float32)
    network = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    by_hand = network.predict({"numbers": measures}, verbose=0)
    np.testing.assert_allclose(chances(trained), by_hand, atol=1e-6)


def test_every_epoch_is_kept_with_its_metrics(trained):
    losses = trained.rounds("sqlflow_models.my_dnn_model", "train_loss")
    assert len(losses) == 20
    assert losses[-1] < losses[0]


def test_an_evaluation_is_that_of_the_predictions(trained):
    from sklearn.metrics import log_loss

    truth = trained.frames["iris"]["code"]
    scores = trained.table("scores")
    assert scores["log_loss"][0] == pytest.approx(log_loss(truth, chances(trained)), rel=1e-6)


def test_contributions_to_each_class_are_written(trained):
    assert trained.table("why").shape == (20, 12)


def test_a_regression_with_text_is_close_to_least_squares(trained):
    """Of the same columns, text as one 0/1 column per value."""
    frame = trained.frames["customers"]
    plans = [(frame["plan"] == plan).to_numpy(float) for plan in ("free", "paid", "team")]
    matrix = np.column_stack([*plans, frame["active"], frame["visits"] / 30])
    weights, *_ = np.linalg.lstsq(matrix, frame["worth"] / 10, rcond=None)
    found = trained.table("worths")["worth"].to_numpy()
    np.testing.assert_allclose(found, matrix @ weights, atol=0.15)


def test_a_plain_script_learns_the_same_networks(trained, tmp_path):
    program = Path(__file__).parents[1].joinpath("codegen/plain/networks.sql").read_text()
    trained.run(program)
    workflow = trained.session.compile([Source("networks.sql", program)]).workflow
    with duckdb.connect(run_script(workflow, tmp_path)) as script:
        for table in ("both_say", "reading_says"):
            (ours,), theirs = (
                trained.run(f"FROM {table} ORDER BY ALL"),
                contents(script, "main", table),
            )
            assert ours.to_arrow().column_names == theirs.column_names
            for column in theirs.column_names:  # the order of sums rounds single precision
                same(ours.to_arrow()[column], theirs[column], f"{table}.{column}", 1e-4)
