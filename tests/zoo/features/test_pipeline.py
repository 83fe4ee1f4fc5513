import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sqlml.errors import ProgramError, StepError
from sqlml.zoo.features import FEATURES
from sqlml.zoo.features.contract import ColumnReference, Encoding, feature_from_json
from sqlml.zoo.features.defaults import default_feature
from sqlml.zoo.features.number import Number
from sqlml.zoo.features.pipeline import Pipeline

TREES = Encoding("native", missing=True, sparse=True, dtype="float32")
NUMBER, WORD = ColumnReference("x", "DOUBLE"), ColumnReference("Word", "VARCHAR")
MIXED = (
    "SELECT i / 7 AS x, chr((97 + i % 5)::INT) AS word, i % 4 AS k, (i || ',' || i % 3) AS v,"
    " (i % 9 || ':0.5') AS s, DATE '2024-01-01' + i::INT AS d, 'some text ' || i AS review,"
    " i % 2 = 0 AS b FROM range(1, 200) r(i)"
)


def one_of_each(bench):
    """Every function once, and nested ones."""
    log = bench.feature("LOG", "x")
    bucket = bench.feature("BUCKET", "x", 5)
    sparse_column = bench.feature("SPARSE", "s", 9)
    features = {
        "NUMERIC": bench.feature("NUMERIC", "x"),
        "STANDARDIZE": bench.feature("STANDARDIZE", log),
        "MINMAX": bench.feature("MINMAX", "k"),
        "LOG": log,
        "IMPUTE": bench.feature("IMPUTE", bench.feature("MINMAX", "x"), "mode"),
        "BUCKET": bucket,
        "TEXT": bench.feature("TEXT", "v"),
        "VOCABULARY": bench.feature("VOCABULARY", "word"),
        "CATEGORY_ID": bench.feature("CATEGORY_ID", sparse_column, 9),
        "CATEGORY_HASH": bench.feature("CATEGORY_HASH", "word", 3),
        "CROSS": bench.feature("CROSS", ["word", bucket, "b"], 50),
        "INDICATOR": bench.feature("INDICATOR", "k"),
        "DENSE": bench.feature("DENSE", "v"),
        "SPARSE": sparse_column,
        "DATE_PARTS": bench.feature("DATE_PARTS", "d"),
        "TFIDF": bench.feature("TFIDF", "review", 80),
        "TIME": bench.feature("TIME", "d"),
        "EMBEDDING": bench.feature("EMBEDDING", bucket, 4, "mean", "zeros"),
        "SEQ_CATEGORY_ID": bench.feature("SEQ_CATEGORY_ID", sparse_column, 9),
        "WEIGHTED_CATEGORY": bench.feature(
            "WEIGHTED_CATEGORY", bench.feature("CATEGORY_HASH", sparse_column, 7)
        ),
    }
    assert features.keys() == set(FEATURES)
    return features.values()


@pytest.mark.parametrize("encoding", [TREES, Encoding(), Encoding(sparse=True, dtype="float64")])
def test_every_function_is_stored_and_replayed_exactly(bench, encoding):
    bench.table(MIXED)
    features = one_of_each(bench)
    assert [feature_from_json(json.loads(json.dumps(f.to_json()))) for f in features] == [*features]
    pipeline = bench.fit(*features, encoding=encoding)
    restored = Pipeline.from_json(json.loads(json.dumps(pipeline.to_json())))
    assert restored == pipeline
    matrix = pipeline.transform(bench.batch(", ".join(pipeline.expressions)))
    for batch in (bench.batch(", ".join(restored.expressions)), bench.batch()):
        assert_same(restored.transform(batch), matrix, rtol=1e-6)
    assert matrix.shape == (199, pipeline.width)
    assert sparse.issparse(matrix) == pipeline.is_sparse == encoding.sparse
    assert len(pipeline.names) == len(pipeline.types) == len({*pipeline.names}) == pipeline.width
    codes = [place for place, kind in enumerate(pipeline.types) if kind == "c"]
    for place in codes:
        column = matrix[:, [place]].toarray() if sparse.issparse(matrix) else matrix[:, [place]]
        assert np.nanmax(column) < pipeline.cardinalities[place]


def assert_same(left, right, rtol):
    if sparse.issparse(left):
        left, right = left.toarray(), right.toarray()
    np.testing.assert_allclose(left, right, rtol=rtol, equal_nan=True)


def test_fitting_asks_once_for_all_aggregates_and_once_for_all_values(bench):
    bench.table(MIXED)
    bench.fit(
        *(bench.feature("STANDARDIZE", name) for name in ("x", "k")),
        *(bench.feature("MINMAX", name) for name in ("x", "k")),
        *(bench.feature("VOCABULARY", name) for name in ("word", "k", "b", "d")),
        bench.feature("TFIDF", "review"),
    )  # fmt: skip
    assert len(bench.queries) == 2


def test_the_order_of_rows_and_threads_does_not_change_what_is_learnt(bench):
    bench.table("SELECT random() AS x, (random() * 50)::INT::VARCHAR AS w FROM range(300000)")
    features = [bench.feature("STANDARDIZE", "x"), bench.feature("IMPUTE", "x", "mean"),
                bench.feature("BUCKET", "x", 9), bench.default("w")]  # fmt: skip
    first = bench.fit(*features)
    for threads in (1, 2, 4):
        bench.connection.execute(f"SET threads = {threads}")
        assert bench.fit(*features, sql="SELECT * FROM t ORDER BY random()") == first


def test_a_query_that_ends_in_a_comment_is_read(bench):
    bench.table(MIXED)
    features = [bench.feature("STANDARDIZE", "x"), bench.default("word"), bench.default("v")]
    assert bench.fit(*features, sql="SELECT * FROM t -- all") == bench.fit(*features)


def test_columns_are_found_in_any_case_and_order(bench):
    bench.table(MIXED)
    pipeline = bench.fit(Number(NUMBER), bench.default("word"), encoding=TREES)
    batch = pa.record_batch({"WORD": ["b", "zz"], "more": [1, 2], "X": [1.5, 2]})
    np.testing.assert_array_equal(pipeline.transform(batch)[:, 0], [1.5, 2])


def test_a_missing_column_is_an_error_that_names_it_and_the_nearest():
    pipeline = Pipeline((Number(ColumnReference("width", "DOUBLE")),), TREES)
    with pytest.raises(StepError) as caught:
        pipeline.transform(pa.record_batch({"widht": [1.0]}))
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.about) == ("E0431", "column width")
    assert diagnostic.hint == "did you mean `widht`?"


@pytest.mark.parametrize(
    ("function", "arguments", "value"),
    [("NUMERIC", (), "text"), ("CATEGORY_HASH", (5,), 1.5), ("DENSE", (2,), 1), ("SPARSE", (2,), 1),
     ("DATE_PARTS", (["year"],), "2024-01-01")],
)  # fmt: skip
def test_a_column_of_another_type_than_in_training_is_an_error(function, arguments, value):
    feature = FEATURES.load(function).parse((ColumnReference("c"), *arguments))
    with pytest.raises(StepError, match=r"E0432.*`c` is"):
        Pipeline((feature,), TREES).transform(pa.record_batch({"c": [value]}))


def test_a_column_is_read_once_in_the_form_that_all_its_features_can_take(bench):
    bench.table('SELECT 1::DOUBLE AS "a""b", 2::DOUBLE AS y, 3::FLOAT AS f, uuid() AS u, 4 AS k')
    pipeline = bench.fit(
        bench.default('a"b'), bench.default("y"), bench.feature("BUCKET", "y", [1]),
        bench.default("f"), bench.default("u"), bench.default("k"),
        bench.feature("VOCABULARY", "k"),
        encoding=TREES,
    )  # fmt: skip
    assert pipeline.columns == ('a"b', "y", "f", "u", "k")
    assert pipeline.expressions == (
        'CAST("a""b" AS FLOAT) AS "a""b"', '"y"', '"f"', 'CAST("u" AS VARCHAR) AS "u"', '"k"'
    )  # fmt: skip
    assert pipeline.transform(bench.batch(", ".join(pipeline.expressions))).tolist() == [
        [1, 2, 1, 3, 0, 4, 0]
    ]


def test_no_two_matrix_columns_have_the_same_name():
    other = Number(ColumnReference("x (2)", "DOUBLE"))
    pipeline = Pipeline((Number(NUMBER), Number(NUMBER), other, Number(NUMBER)), TREES)
    assert pipeline.names == ("x", "x (2)", "x (2) (2)", "x (3)")


def test_no_rows_give_an_empty_matrix(bench):
    bench.table(MIXED)
    for encoding in (TREES, Encoding()):
        pipeline = bench.fit(*one_of_each(bench), encoding=encoding)
        assert pipeline.transform(bench.batch(where="FALSE")).shape == (0, pipeline.width)


def test_batches_larger_than_a_slice_are_the_same_as_their_parts(bench, monkeypatch):
    bench.table(MIXED)
    for encoding in (TREES, Encoding()):
        pipeline = bench.fit(*one_of_each(bench), encoding=encoding)
        whole = pipeline.transform(bench.batch())
        with monkeypatch.context() as patch:
            patch.setattr("sqlml.zoo.features.pipeline.SLICE_ROWS", 64)
            assert_same(pipeline.transform(bench.batch()), whole, rtol=0)


def test_the_matrix_lies_in_memory_by_rows_or_by_columns(bench):
    bench.table(MIXED)
    features = [bench.default(name) for name in ("x", "word", "v", "d")]
    by_rows, by_columns = (
        bench.matrix(*features, encoding=Encoding("native", True, False, "float32", layout))
        for layout in ("rows", "columns")
    )
    assert by_rows.flags.c_contiguous
    assert by_columns.flags.f_contiguous
    np.testing.assert_array_equal(by_rows, by_columns)


def test_ten_thousand_columns_work(bench):
    bench.table("SELECT " + ", ".join(f"{i}::DOUBLE AS c{i}" for i in range(10_000)))
    features = [default_feature(f"c{i}", "DOUBLE") for i in range(10_000)]
    pipeline = bench.fit(*features)
    assert pipeline.transform(bench.batch()).tolist() == [[*range(10_000)]]


@given(
    st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=False, width=32), min_size=1),
    st.lists(st.none() | st.text(), min_size=1),
)
def test_any_numbers_and_texts_can_be_transformed(numbers, texts):
    rows = min(len(numbers), len(texts))
    batch = pa.record_batch(
        {"x": pa.array(numbers[:rows], pa.float64()), "Word": pa.array(texts[:rows], pa.string())}
    )
    features = [
        Number(NUMBER),
        FEATURES.load("BUCKET").parse((NUMBER, [-1, 0, 1.5])),
        FEATURES.load("CATEGORY_HASH").parse((WORD, 7)),
        FEATURES.load("VOCABULARY").parse((WORD, ["a", ""])),
        FEATURES.load("CROSS").parse(((WORD, WORD), 7)),
    ]
    pipeline = Pipeline(tuple(features), TREES)
    restored = Pipeline.from_json(json.loads(json.dumps(pipeline.to_json())))
    matrix = restored.transform(batch)
    np.testing.assert_array_equal(matrix, pipeline.transform(batch))
    np.testing.assert_array_equal(
        matrix[:, 0], np.array([np.nan if x is None else x for x in numbers[:rows]], np.float32)
    )
    is_null = np.array([text is None for text in texts[:rows]])
    np.testing.assert_array_equal(np.isnan(matrix[:, 2:]), np.repeat(is_null[:, None], 3, axis=1))


@pytest.mark.parametrize(
    ("type_name", "function"),
    [
        ("DECIMAL(18,3)", "NUMERIC"), ("HUGEINT", "NUMERIC"), ("BOOLEAN", "NUMERIC"),
        ("VARCHAR", "TEXT"), ("ENUM('a', 'b(c)[]')", "VOCABULARY"), ("UUID", "VOCABULARY"),
        ("TIMESTAMP WITH TIME ZONE", "DATE_PARTS"), ("DATE", "DATE_PARTS"), ("TIME", "DATE_PARTS"),
        ("DOUBLE[]", "DENSE"), ("FLOAT[3]", "DENSE"), ("DECIMAL(4,2)[][2]", "DENSE"),
        ("STRUCT(a INTEGER)", None), ("MAP(VARCHAR, INTEGER)", None), ("BLOB", None),
        ("VARCHAR[]", "VOCABULARY"), ("DATE[3]", "VOCABULARY"),
        ("INTERVAL", None), ("STRUCT(a INTEGER)[]", None), ('"NULL"', None),
    ],
)  # fmt: skip
def test_each_database_type_has_its_default_feature_or_none(type_name, function):
    found = default_feature("c", type_name)
    assert (found and found.function) == function


@pytest.mark.parametrize("name", [*FEATURES])
def test_every_function_says_how_it_is_written(name):
    function = FEATURES.load(name)
    assert function.function == name
    assert function.usage.startswith(f"{name}(")
    assert function.doc.endswith((".", ")"))


def test_an_unknown_function_is_an_error_with_the_nearest():
    with pytest.raises(ProgramError, match=r"E0430.*\n.*did you mean `STANDARDIZE`"):
        FEATURES.load("STANDARDISE")
