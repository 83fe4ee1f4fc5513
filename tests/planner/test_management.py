import pytest

from sqlml.planner.plan import ModelUse


@pytest.fixture
def shelf(bench):
    """The bench with two versions of a model."""
    bench.store("flowers", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    bench.store("flowers", {"sepal_width": "DOUBLE"}, {"species": "VARCHAR"})
    return bench


@pytest.mark.parametrize("words", ["SHOW TRAIN", "DESCRIBE MODEL", "DROP MODEL"])
def test_an_unknown_model_is_an_error_with_the_nearest_name(shelf, words):
    assert shelf.fault(f"{words} flower") == (
        "E0202",
        "there is no trained model `flower`",
        "flower",
        "did you mean `flowers`?",
    )


@pytest.mark.parametrize("words", ["SHOW TRAIN", "DESCRIBE MODEL", "DROP MODEL"])
def test_a_model_is_named_with_or_without_its_version(shelf, words):
    assert shelf.operator(f"{words} FLOWERS").model == ModelUse("flowers")
    assert shelf.operator(f"{words} flowers@1").model == ModelUse("flowers", 1)


def test_dropping_what_is_not_there_is_allowed_with_if_exists(bench):
    operator = bench.operator("DROP MODEL IF EXISTS flowers")
    assert (operator.action, operator.model, operator.if_exists) == (
        "drop",
        ModelUse("flowers"),
        True,
    )


def test_a_dropped_model_is_unknown_further_down(shelf):
    code, _, span, _ = shelf.fault(
        "DROP MODEL flowers; SELECT * FROM iris TO PREDICT USING flowers"
    )
    assert (code, span) == ("E0202", "flowers")


def test_a_model_can_be_trained_again_after_it_was_dropped(shelf):
    plan = shelf.plan(
        "DROP MODEL flowers;"
        "SELECT * FROM iris TO TRAIN lightgbm.gbdt LABEL species INTO flowers;"
        "SHOW TRAIN flowers"
    )
    assert plan.operators[-1].model == ModelUse("flowers", trained_by=1)


def test_a_dropped_version_is_unknown_and_the_others_stay(shelf):
    code, *_ = shelf.fault("DROP MODEL flowers@1; SHOW TRAIN flowers@1")
    assert code == "E0210"
    assert shelf.plan("DROP MODEL flowers@1; SHOW TRAIN flowers")


def test_when_the_newest_version_is_dropped_the_one_before_is_the_newest(shelf):
    predict = "SELECT petal_width FROM iris TO PREDICT USING flowers"
    code, *_ = shelf.fault(predict)
    assert code == "E0310"
    assert shelf.plan("DROP MODEL flowers@2;" + predict)


def test_when_every_version_is_dropped_the_model_is_gone(shelf):
    code, *_ = shelf.fault("DROP MODEL flowers@1; DROP MODEL flowers@2; SHOW TRAIN flowers")
    assert code == "E0202"


def test_a_model_that_the_program_trains_can_be_shown_and_dropped(bench):
    train = "SELECT * FROM iris TO TRAIN lightgbm.gbdt LABEL species INTO m;"
    assert bench.plan(train + "SHOW TRAIN M; DESCRIBE MODEL m; DROP MODEL m")
    code, *_ = bench.fault(train + "DROP MODEL m; SHOW TRAIN m")
    assert code == "E0202"
