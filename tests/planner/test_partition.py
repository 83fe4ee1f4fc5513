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


SOLD = "SELECT * FROM sold TO TRAIN ARIMA WITH {} LABEL n INTO m"


def test_the_segments_of_a_forecast_are_its_series(bench):
    bench.run("CREATE TABLE sold (day DATE, shop VARCHAR, town VARCHAR, n DOUBLE)")
    query = (
        "SELECT day, shop, n FROM sold TO TRAIN ARIMA "
        "WITH model.order = [1, 1, 1], train.{} = shop LABEL n INTO m"
    )
    by_partition, by_series = (
        bench.operator(query.format(name)) for name in ("partition_by", "series")
    )
    assert by_partition.features == by_series.features
    assert "partition_by" not in by_partition.settings


@pytest.mark.parametrize(
    ("settings", "told", "way_out"),
    [
        ("train.partition_by = [shop, town]", "by one column", "concat(shop, ' ', town)"),
        ("train.partition_by = shop, train.series = town", "are the same", "keep one"),
        (
            "train.partition_by = shop, train.partition_default = global",
            "of all series together",
            "leave `train.partition_default` out",
        ),
    ],
)
def test_a_partition_that_series_cannot_stand_for_is_refused(bench, settings, told, way_out):
    bench.run("CREATE TABLE sold (day DATE, shop VARCHAR, town VARCHAR, n DOUBLE)")
    (fault,) = (f for f in bench.faults(SOLD.format(settings)) if f.code == "E0577")
    assert told in fault.message
    assert way_out in fault.hint
