"""PREDICT: which columns come out, in which order, of which type."""

from typing import Any

import numpy as np
import pytest

from sqlml.errors import StepError

ROUNDS = {"num_boost_round": 3}
DATA = "SELECT i AS x, i % 3 AS z, if(i % 2 = 0, 'even', 'odd') AS y FROM range(60) t(i)"


@pytest.fixture
def trained(context: Any) -> Any:
    context.train("xgboost.gbtree", DATA, "y", settings=ROUNDS)
    return context


def test_all_columns_but_the_label_come_first_and_the_result_last(trained: Any) -> None:
    found = trained.predict(f"SELECT 'extra' AS note, y, z, x FROM ({DATA})", "y")
    assert found.column_names == ["note", "z", "x", "y"]
    found = trained.predict(f"SELECT 1 AS guess, x, y, z FROM ({DATA})", "guess")
    assert found.column_names == ["x", "z", "guess"]


def test_the_label_need_not_be_there_and_names_match_in_any_case(trained: Any) -> None:
    found = trained.predict("SELECT 3 AS Z, 8 AS X", "y")
    assert found.column_names == ["Z", "X", "y"]


def test_probabilities_follow_the_result_and_add_up_to_one(trained: Any) -> None:
    found = trained.predict(DATA, "y", probability=True)
    assert found.column_names == ["x", "z", "y", "y_proba_even", "y_proba_odd"]
    even, odd = found["y_proba_even"].to_numpy(), found["y_proba_odd"].to_numpy()
    np.testing.assert_allclose(even + odd, 1)
    assert np.array_equal(found["y"].to_numpy(), np.where(odd > 0.5, "odd", "even"))


def test_predicting_again_over_the_answers_replaces_the_results(trained: Any) -> None:
    settings = {"probability": True}
    for rows in (DATA, "SELECT * FROM answers"):
        trained.run(
            "predict", column="y", settings=settings, into="answers", rows=rows, model="m@1"
        )
    names = [name for name, *_ in trained.query("DESCRIBE answers")]
    assert names == ["x", "z", "y", "y_proba_even", "y_proba_odd"]


def test_no_rows_give_no_rows_with_all_columns(trained: Any) -> None:
    found = trained.predict(f"SELECT * FROM ({DATA}) LIMIT 0", "y")
    assert (found.num_rows, found.column_names) == (0, ["x", "z", "y"])


def test_the_size_of_batches_does_not_matter(trained: Any) -> None:
    whole, small = trained.predict(DATA, "y"), trained.predict(DATA, "y", batch_size=7)
    assert whole.equals(small)


def test_missing_columns_are_listed_in_one_error(trained: Any) -> None:
    with pytest.raises(StepError) as caught:
        trained.predict("SELECT 1 AS xx", "y")
    (found,) = caught.value.diagnostics
    assert (found.code, found.about) == ("E0409", "query")
    assert found.message == "the query lacks columns that the model needs: `x`, `z`"


def test_what_the_model_does_not_give_is_refused(context: Any) -> None:
    context.train(
        "xgboost.gbtree", "SELECT i AS x, i * 1.5 AS y FROM range(60) t(i)", "y", settings=ROUNDS
    )
    for settings in ({"probability": True}, {"extra_outputs": ("score",)}):
        with pytest.raises(StepError) as caught:
            context.predict("SELECT 1 AS x", "y", **settings)
        assert caught.value.diagnostics[0].code == "E0415"
        assert caught.value.diagnostics[0].about == f"attribute predict.{next(iter(settings))}"


def test_the_outcome_tells_the_number_of_rows(trained: Any) -> None:
    outcome = trained.run("predict", column="y", settings={}, rows=DATA, model="m@1")
    assert (outcome.summary, outcome.rows) == ("60 rows", 60)
    assert trained.told[-1][0] == 60
