import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import Encoding

TREES = Encoding("native", missing=True, dtype="float32")
WITH_CSR = Encoding("onehot", missing=False, sparse=True, dtype="float64")


@pytest.mark.parametrize(
    ("texts", "arguments"),
    [
        (["0.5,1,-2e1", "3,4,5"], (3,)),
        (["0.5; 1 ;-20", "3;4;5"], (3, "SEMICOLON")),
        (["0.5 1  -20", " 3 4 5"], ([3, 1], "space", "float32")),
        (["[0.5, 1, -20]", "(3, 4, 5)"], (3,)),
        (["0.5|1|-20", "3|4|5"], (3, "|")),
    ],
)
def test_dense_reads_text_in_every_spelling(bench, texts, arguments):
    bench.table(f"SELECT unnest({texts}) AS v")
    matrix = bench.matrix(bench.feature("DENSE", "v", *arguments))
    assert matrix.tolist() == [[0.5, 1, -20], [3, 4, 5]]
    assert not any("string_split" in query for query in bench.queries)


@pytest.mark.parametrize(
    "expression",
    ["[[1, 2, 3, 4], [5, 6, 7, 8]]", "[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]",
     "[[1, 2, 3, 4]::FLOAT[4], [5, 6, 7, 8]::FLOAT[4]]",
     "[[[1, 2], [3, 4]]::INTEGER[2][2], [[5, 6], [7, 8]]::INTEGER[2][2]]"],
)  # fmt: skip
def test_lists_and_arrays_are_taken_as_they_are(bench, expression):
    bench.table(f"SELECT unnest({expression}) AS v")
    pipeline = bench.fit(bench.default("v"))
    assert pipeline.transform(bench.batch()).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert pipeline.names == ("v_0", "v_1", "v_2", "v_3")


def test_a_missing_list_is_missing_in_every_column(bench):
    bench.table("SELECT unnest([[1.5, NULL], NULL, [3, 4]]) AS v")
    matrix = bench.matrix(bench.default("v"), encoding=TREES)
    np.testing.assert_array_equal(matrix, [[1.5, np.nan], [np.nan, np.nan], [3, 4]])
    with pytest.raises(StepError, match=r"E0433.*`v`"):
        bench.matrix(bench.default("v"))


@pytest.mark.parametrize("sql", ["['1,2', '3,4,5']", "[[1, 2], [3, 4, 5]]"])
def test_rows_of_different_lengths_are_an_error_with_an_example(bench, sql):
    bench.table(f"SELECT unnest({sql}) AS v")
    for feature in (bench.feature("DENSE", "v"), bench.feature("DENSE", "v", 2)):
        with pytest.raises(StepError, match=r"E0439.*`v`.*3, ?4, ?5"):
            bench.matrix(feature)


def test_text_that_is_no_number_is_an_error_with_an_example_row(bench):
    bench.table("SELECT unnest(['1,2', NULL, '3,four']) AS v")
    with pytest.raises(StepError, match=r"E0438.*`v` holds '3,four'"):
        bench.matrix(bench.feature("DENSE", "v", 2), encoding=TREES)


def test_plain_text_that_lists_numbers_in_every_row_becomes_the_numbers(bench):
    bench.table("SELECT (i || ',' || i / 2.0) AS v FROM range(2000) r(i)")
    pipeline = bench.fit(bench.default("v"))
    np.testing.assert_array_equal(
        pipeline.transform(bench.batch()), [[i, i / 2] for i in range(2000)]
    )


@pytest.mark.parametrize(
    ("texts", "code", "message"),
    [
        (["1:0.5 3:2", "2:1"], "E0440", "SPARSE(v, shape)"),
        (["1,2,3", "1,2"], "E0439", "2 numbers in some rows and 3 in others"),
        (["1,2,3", "none"], "E0441", "'none'"),
    ],
)
def test_plain_text_of_another_format_is_an_error_that_says_so(bench, texts, code, message):
    bench.table(f"SELECT unnest({texts}) AS v")
    with pytest.raises(StepError) as caught:
        bench.fit(bench.default("v"))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code
    assert message in diagnostic.message + diagnostic.hint


@pytest.mark.parametrize("texts", [["10:30", "11:45"], ["a", "b,c", "1,2", "d", "e"], ["", "x"]])
def test_other_text_stays_categories(bench, texts):
    bench.table(f"SELECT unnest({texts}) AS v")
    assert bench.fit(bench.default("v"), encoding=TREES).types == ("c",)


@pytest.mark.parametrize(
    ("texts", "arguments"),
    [
        (["3:0.5,5:1", "0", "", None], (6,)),
        (["3:0.5 5", "0:1", " ", None], ([2, 3], "SPACE")),
        (["3:0.5\t5", "0", "", None], (6, r"\t")),
        (["3:0.5\x015:1", "0", "", None], (6, r"\001")),
        (["3=0.5;5=1", "0=1", "", None], (6, ";", "int64", "=", "float32")),
    ],
)
def test_sparse_reads_indices_and_pairs(bench, texts, arguments):
    values = ", ".join("NULL" if text is None else f"'{text}'" for text in texts)
    bench.table(f"SELECT unnest([{values}]) AS v")
    expected = [[0, 0, 0, 0.5, 0, 1], [1, 0, 0, 0, 0, 0], [0] * 6, [0] * 6]
    feature = bench.feature("SPARSE", "v", *arguments)
    assert bench.matrix(feature).tolist() == expected
    assert bench.feature("INDICATOR", feature) == feature


def test_a_wide_feature_is_csr_where_the_model_takes_it_and_zeros_of_numbers_are_kept(bench):
    bench.table("SELECT 0.0 AS x, '3:0.5,99999:2' AS v UNION ALL SELECT 1.0, '99999'")
    matrix = bench.matrix(
        bench.default("x"), bench.feature("SPARSE", "v", 100_000), encoding=WITH_CSR
    )
    assert sparse.issparse(matrix)
    assert matrix.format == "csr"
    assert matrix.shape == (2, 100_001)
    assert matrix.indices.tolist() == [0, 4, 100_000, 0, 100_000]
    assert matrix.data.tolist() == [0, 0.5, 2, 1, 1]


def test_a_feature_that_is_too_wide_to_be_dense_is_an_error(bench):
    bench.table("SELECT '3:0.5' AS v")
    with pytest.raises(StepError, match=r"E0442.*100,000 columns"):
        bench.fit(bench.feature("SPARSE", "v", 100_000))


@pytest.mark.parametrize(
    ("text", "code"),
    [("6", "E0437"), ("-1", "E0437"), ("a", "E0438"), ("1:b", "E0438"), ("1:2:3", "E0438")],
)
def test_an_entry_that_cannot_be_is_an_error(bench, text, code):
    bench.table(f"SELECT unnest(['1', '{text}']) AS v")
    with pytest.raises(StepError, match=f"{code}.*`v`") as caught:
        bench.matrix(bench.feature("SPARSE", "v", 6))
    assert ("`SPARSE(v, n, SPACE)`" in caught.value.diagnostics[0].hint) == (text == "a")


def test_buckets_of_a_vector_are_those_of_each_position(bench):
    bench.table("SELECT unnest(['1,50', '15,5']) AS v")
    bucket = bench.feature("BUCKET", bench.feature("DENSE", "v", 2), [10, 20])
    assert bench.matrix(bucket).tolist() == [[1, 0, 0, 0, 0, 1], [0, 1, 0, 1, 0, 0]]
    assert bench.fit(bucket).names[:4] == ("v=0:..10", "v=0:10..20", "v=0:20..", "v=1:..10")


REVIEWS = [
    "Good coffee, GOOD price!", "bad coffee", "the price is not bad", "", "Çay güzel 2 kez", "...",
    "coffee coffee coffee tea",
]  # fmt: skip


@pytest.mark.parametrize("encoding", [WITH_CSR, Encoding("onehot", dtype="float64")])
def test_tfidf_gives_what_scikit_learn_gives(bench, encoding):
    bench.table(f"SELECT unnest({REVIEWS}) AS review")
    pipeline = bench.fit(bench.feature("TFIDF", "review"), encoding=encoding)
    ours = pipeline.transform(bench.batch())
    vectorizer = TfidfVectorizer(token_pattern=r"[^\W_]+")
    theirs = vectorizer.fit_transform(REVIEWS).toarray()
    order = [vectorizer.vocabulary_[name.removeprefix("review=")] for name in pipeline.names]
    assert sorted(order) == list(range(theirs.shape[1]))
    np.testing.assert_allclose(ours, theirs[:, order], rtol=1e-12, atol=0)


def test_tfidf_keeps_the_tokens_of_most_rows_equals_in_alphabetical_order(bench):
    bench.table(f"SELECT unnest({REVIEWS}) AS review UNION ALL SELECT NULL")
    pipeline = bench.fit(bench.feature("TFIDF", "review", 3))
    assert pipeline.names == ("review=coffee", "review=bad", "review=price")
    assert not pipeline.transform(bench.batch())[-1].any()


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("DENSE", ("v", 0), "≥ 1"),
        ("DENSE", ("v", [2, "x"]), "shape"),
        ("DENSE", ("v", 2, "COMA"), "no delimiter"),
        ("DENSE", ("v", 2, "COMMA", "text"), "no type"),
        ("DENSE", ("a", 2), "does not have 2"),
        ("DENSE", ("x", 2), "one number"),
        ("DENSE", ("day", 2), "DATE"),
        ("SPARSE", ("v",), "2 to 6 arguments"),
        ("SPARSE", ("v", 5, "COLON"), "both delimiters"),
        ("TFIDF", ("x",), "INTEGER"),
        ("TFIDF", ("v", 0), "≥ 1"),
    ],
)
def test_wrong_arguments_are_refused(bench, function, arguments, message):
    bench.table("SELECT '1,2' AS v, [1, 2, 3]::FLOAT[3] AS a, 1 AS x, DATE '2020-01-01' AS day")
    with pytest.raises(AttributeProblem, match=message) as caught:
        bench.feature(function, *arguments)
    assert caught.value.hint
