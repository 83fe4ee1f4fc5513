import pytest

TRAIN = "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH {} LABEL sepal_width INTO m {}"


def plan(bench, attributes):
    bench.run("ALTER TABLE iris ADD COLUMN place VARCHAR; ALTER TABLE iris ADD COLUMN day DATE")
    return bench.operator(TRAIN.format(attributes, ""))


@pytest.mark.parametrize(
    ("written", "columns"),
    [("place", ("place",)), ("'PLACE'", ("place",)), ("['place', 'day']", ("place", "day"))],
)
def test_columns_of_the_key_are_no_features(bench, written, columns):
    fit = plan(bench, f"train.partition_by = {written}")
    assert fit.settings["partition_by"] == columns
    features = [name for feature in fit.features[""] for name in feature.columns]
    assert not set(columns) & set(features)


def test_the_key_is_needed_to_predict(bench):
    bench.run("ALTER TABLE iris ADD COLUMN place VARCHAR")
    train = TRAIN.format("train.partition_by = place", "")
    code, message, *_ = bench.fault(
        f"{train}; SELECT * EXCLUDE (place) FROM iris TO PREDICT USING m"
    )
    assert (code, "`place`" in message) == ("E0310", True)


@pytest.mark.parametrize(
    ("attributes", "code", "place"),
    [
        ("train.partition_by = plaze", "E0315", "plaze"),
        ("train.partition_by = petal_width", "E0577", "petal_width"),
        ("train.partition_default = global", "E0209", "train.partition_default = global"),
    ],
)
def test_what_makes_no_segments_is_an_error(bench, attributes, code, place):
    found, _, text, _ = bench.fault(TRAIN.format(attributes, ""))
    assert (found, text) == (code, place)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("eta = 1", "train.partition_by = place", "`before` has no segments to go on with"),
        ("train.partition_by = place", "eta = 1", "add `train.partition_by = place`"),
        (
            "train.partition_by = [place, day]",
            "train.partition_by = place",
            "add `train.partition_by = [place, day]`",
        ),
        ("train.partition_by = PLACE", "train.partition_by = 'place'", None),
    ],
)
def test_training_goes_on_by_the_same_segments_only(bench, before, now, told):
    bench.run("ALTER TABLE iris ADD COLUMN place VARCHAR; ALTER TABLE iris ADD COLUMN day DATE")
    query = "SELECT * EXCLUDE (day) FROM iris" if "day" not in before else "FROM iris"
    program = (  # `eta` stands for no partition
        f"{query} TO TRAIN xgboost.gbtree WITH {before} LABEL sepal_width INTO before;"
        f"{query} TO TRAIN xgboost.gbtree WITH {now} LABEL sepal_width USING before INTO m"
    )
    if told is None:
        assert bench.operator(program).base.name == "before"
        return
    code, message, place, hint = bench.fault(program)
    assert (code, place) == ("E0578", "before")
    assert told in (message, hint)


def test_a_forecast_has_series_instead(bench):
    bench.run("CREATE TABLE sold (day DATE, shop VARCHAR, n DOUBLE)")
    faults = bench.faults(
        "SELECT * FROM sold TO TRAIN ARIMA WITH train.partition_by = shop LABEL n INTO m"
    )
    (found,) = (fault for fault in faults if fault.code == "E0577")
    assert "train.series" in found.hint
