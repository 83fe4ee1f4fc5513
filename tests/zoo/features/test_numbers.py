import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import Encoding

TREES = Encoding("native", missing=True, dtype="float32")
SAMPLE = "SELECT (random() * 100 - 20)::DECIMAL(9, 3) AS x, i AS id FROM range(500) r(i)"


def values(bench, name="x"):
    return np.array(
        bench.connection.execute(f"SELECT {name}::DOUBLE FROM t").fetchall(), dtype=float
    )


@pytest.mark.parametrize(
    ("function", "scaler"), [("STANDARDIZE", StandardScaler()), ("MINMAX", MinMaxScaler())]
)
def test_scaling_gives_what_scikit_learn_gives(bench, function, scaler):
    bench.table(SAMPLE)
    ours = bench.matrix(bench.feature(function, "x"), bench.feature(function, "id"))
    theirs = scaler.fit_transform(np.hstack([values(bench), values(bench, "id")]))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("how", "strategy"), [("mean", "mean"), ("Median", "median")])
def test_imputing_gives_what_scikit_learn_gives(bench, how, strategy):
    bench.table("SELECT CASE WHEN i % 7 > 0 THEN ln(i) END AS x FROM range(1, 500) r(i)")
    ours = bench.matrix(bench.feature("IMPUTE", "x", how))
    theirs = SimpleImputer(strategy=strategy).fit_transform(values(bench))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_the_mode_is_the_smallest_of_the_most_frequent_values(bench):
    bench.table("SELECT unnest([10, 9, 10, 9, 1, NULL]) AS x")
    ours = bench.matrix(bench.feature("IMPUTE", "x", "mode"))
    theirs = SimpleImputer(strategy="most_frequent").fit_transform(values(bench))
    np.testing.assert_array_equal(ours, theirs)
    assert ours[-1, 0] == 9


def test_a_given_value_takes_the_place_of_null_and_nan(bench):
    bench.table("SELECT unnest([1, NULL, 'nan'::DOUBLE]) AS x")
    assert bench.matrix(bench.feature("IMPUTE", "x", -2.5)).tolist() == [[1], [-2.5], [-2.5]]
    assert len(bench.queries) == 0


def test_functions_nest_and_the_inner_one_learns_first(bench):
    bench.table("SELECT CASE WHEN i % 3 > 0 THEN exp(i / 100) END AS x FROM range(300) r(i)")
    inner = bench.feature("IMPUTE", "x", "median")
    ours = bench.matrix(bench.feature("STANDARDIZE", bench.feature("LOG", inner)))
    imputed = SimpleImputer(strategy="median").fit_transform(values(bench))
    theirs = StandardScaler().fit_transform(np.log(imputed))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    assert len(bench.queries) == 2


def test_a_constant_column_is_standardized_to_zero(bench):
    bench.table("SELECT 0.1 + 0.2 AS x FROM range(10)")
    assert not bench.matrix(bench.feature("STANDARDIZE", "x")).any()
    assert not bench.matrix(bench.feature("MINMAX", "x")).any()


def test_log_is_the_natural_logarithm(bench):
    bench.table("SELECT unnest([1.0, 2.5, 1e10]) AS x")
    np.testing.assert_allclose(bench.matrix(bench.feature("LOG", "x")), np.log(values(bench)))


def test_log_of_zero_is_an_error_that_names_the_value(bench):
    bench.table("SELECT unnest([1.0, -2.5]) AS x")
    with pytest.raises(StepError) as caught:
        bench.matrix(bench.feature("LOG", "x"))
    assert caught.value.diagnostics[0].code == "E0436"
    assert "-2.5" in caught.value.diagnostics[0].message
    with pytest.raises(StepError):
        bench.matrix(bench.feature("STANDARDIZE", bench.feature("LOG", "x")))


def test_plain_numbers_of_every_type_need_no_query(bench):
    types = ["TINYINT", "UBIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL(18, 3)", "BOOLEAN"]
    bench.table("SELECT " + ", ".join(f"1::{t} AS c{i}" for i, t in enumerate(types)))
    features = [bench.default(f"c{i}") for i in range(len(types))]
    pipeline = bench.fit(*features, encoding=TREES)
    assert bench.queries == []
    for batch in (bench.batch(", ".join(pipeline.expressions)), bench.batch()):
        matrix = pipeline.transform(batch)
        assert matrix.dtype == np.float32
        assert matrix.flags.c_contiguous
        assert matrix.tolist() == [[1] * len(types)]


def test_null_is_nan_where_the_model_takes_missing_values(bench):
    bench.table("SELECT unnest([1, NULL, 3]) AS x, unnest([TRUE, FALSE, NULL]) AS b")
    ours = bench.matrix(bench.default("x"), bench.default("b"), encoding=TREES)
    np.testing.assert_array_equal(ours, np.array([[1, 1], [np.nan, 0], [3, np.nan]]))


def test_null_is_an_error_with_the_count_where_the_model_does_not(bench):
    bench.table("SELECT unnest([1, NULL, NULL]) AS x")
    with pytest.raises(StepError) as caught:
        bench.fit(bench.default("x"))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0433"
    assert diagnostic.about == "column x"
    assert "2 rows" in diagnostic.message
    assert "IMPUTE(x, median)" in diagnostic.hint


def test_all_columns_with_nulls_are_named_at_once(bench):
    bench.table("SELECT unnest([1, NULL]) AS x, unnest([NULL, 2]) AS y, 3 AS z")
    with pytest.raises(StepError) as caught:
        bench.fit(*map(bench.default, "xyz"))
    assert [one.about for one in caught.value.diagnostics] == ["column x", "column y"]


def test_nan_is_an_error_as_null_is(bench):
    bench.table("SELECT unnest([1, 'nan'::DOUBLE]) AS x")
    with pytest.raises(StepError, match="E0433"):
        bench.matrix(bench.default("x"))


def test_null_that_comes_only_at_prediction_is_an_error_too(bench):
    bench.table("SELECT unnest([1.5, 2, NULL]) AS x")
    pipeline = bench.fit(bench.default("x"), sql="SELECT * FROM t WHERE x IS NOT NULL")
    with pytest.raises(StepError, match=r"`x` is empty .* in 1 row"):
        pipeline.transform(bench.batch())


@pytest.mark.parametrize("value", ["'inf'", "'-inf'", "1e300"])
def test_a_value_beyond_single_precision_is_an_error(bench, value):
    bench.table(f"SELECT unnest([1, {value}::DOUBLE]) AS x, 1 AS y")
    pipeline = bench.fit(bench.default("y"), bench.default("x"), encoding=TREES)
    with pytest.raises(StepError, match=r"E0435.*`x`"):
        pipeline.transform(bench.batch())


def test_nothing_is_learnt_from_an_empty_column(bench):
    bench.table("SELECT NULL::DOUBLE AS x FROM range(3)")
    with pytest.raises(StepError, match="E0434"):
        bench.fit(bench.feature("IMPUTE", "x", "mean"))
    with pytest.raises(StepError, match="E0434"):
        bench.fit(bench.feature("IMPUTE", "x", "mode"))
    standardized = bench.matrix(bench.feature("STANDARDIZE", "x"), encoding=TREES)
    assert np.isnan(standardized).all()


def test_buckets_count_a_boundary_as_the_upper_bucket(bench):
    bench.table("SELECT unnest([-1, 10, 10.5, 20, 99, NULL]) AS age")
    bucket = bench.feature("BUCKET", "age", [10, 20])
    native = bench.matrix(bucket, encoding=TREES)[:, 0]
    np.testing.assert_array_equal(native, [0, 1, 1, 2, 2, np.nan])
    one_hot = bench.matrix(bucket)
    np.testing.assert_array_equal(one_hot[:-1], np.eye(3)[[0, 1, 1, 2, 2]])
    assert not one_hot[-1].any()
    assert bench.fit(bucket).names == ("age=..10", "age=10..20", "age=20..")
    assert bench.fit(bucket, encoding=TREES).types == ("q",)


def test_learnt_buckets_are_about_equal_in_size(bench):
    bench.table("SELECT i * i AS x FROM range(1000) r(i)")
    ids = bench.matrix(bench.feature("BUCKET", "x", 4), encoding=TREES)[:, 0]
    assert np.bincount(ids.astype(int)).tolist() == [250, 250, 250, 250]
    boundaries = np.quantile(values(bench, "x"), [0.25, 0.5, 0.75])
    learnt = bench.fit(bench.feature("BUCKET", "x", 4)).features[0].boundaries
    np.testing.assert_allclose(learnt, boundaries)


def test_a_frequent_value_makes_fewer_buckets(bench):
    bench.table("SELECT CASE WHEN i < 90 THEN 0 ELSE i END AS x FROM range(100) r(i)")
    assert bench.fit(bench.feature("BUCKET", "x", 10)).width == 2


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("BUCKET", ([10, 0],), "strictly ascending"),
        ("BUCKET", ([5, 5],), "strictly ascending"),
        ("BUCKET", ([],), "at least one"),
        ("BUCKET", (["a"],), "no boundary"),
        ("BUCKET", (1,), "≥ 2"),
        ("BUCKET", (2.5,), "whole number"),
        ("BUCKET", (), "takes 2 arguments, not 1"),
        ("IMPUTE", ("average",), "'average' cannot take the place"),
        ("IMPUTE", (None,), "nothing cannot"),
        ("STANDARDIZE", (1,), "takes 1 argument, not 2"),
    ],
)
def test_wrong_arguments_are_refused(bench, function, arguments, message):
    bench.table("SELECT 1.5 AS x")
    with pytest.raises(AttributeProblem, match=message) as caught:
        bench.feature(function, "x", *arguments)
    assert caught.value.hint


@pytest.mark.parametrize("function", ["NUMERIC", "STANDARDIZE", "MINMAX", "LOG"])
def test_a_column_that_is_no_number_is_refused_with_what_to_use(bench, function):
    bench.table("SELECT 'a' AS city, DATE '2020-01-01' AS day")
    with pytest.raises(AttributeProblem, match="`city`, which is VARCHAR") as caught:
        bench.feature(function, "city")
    assert "VOCABULARY(city)" in caught.value.hint
    with pytest.raises(AttributeProblem) as caught:
        bench.feature(function, "day")
    assert "DATE_PARTS(day)" in caught.value.hint


@pytest.mark.parametrize(
    ("function", "arguments", "place"),
    [
        ("BUCKET", ("x", [10, 0]), 1),
        ("BUCKET", ("city", [0, 10]), 0),
        ("IMPUTE", ("x", "average"), 1),
        ("DENSE", ("x", 2), 1),
        ("CATEGORY_ID", ("day", 5), 0),
        ("CROSS", (["city", "x"], 10), 0),
        ("STANDARDIZE", ("x", 1), None),
    ],
)
def test_a_refusal_says_which_argument_is_at_fault(bench, function, arguments, place):
    bench.table("SELECT 1.5 AS x, 'a' AS city, DATE '2020-01-01' AS day")
    with pytest.raises(AttributeProblem) as caught:
        bench.feature(function, *arguments)
    assert caught.value.argument == place
