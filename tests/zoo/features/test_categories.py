import numpy as np
import pyarrow as pa
import pytest

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import Encoding
from sqlml.zoo.features.hashing import hash_text

TREES = Encoding("native", missing=True, dtype="float32")
CITIES = "SELECT unnest(['Rome', 'Oslo', 'Rome', NULL, 'Bern']) AS city, unnest(range(5)) AS id"


def test_a_text_column_becomes_the_codes_of_its_values_most_frequent_first(bench):
    bench.table(CITIES)
    pipeline = bench.fit(bench.default("city"), encoding=TREES)
    matrix = pipeline.transform(bench.batch())
    np.testing.assert_array_equal(matrix[:, 0], [0, 2, 0, np.nan, 1])
    assert (pipeline.types, pipeline.cardinalities) == (("c",), (3,))
    assert pipeline.names == ("city",)


def test_a_text_column_becomes_one_column_per_value_and_null_is_all_zero(bench):
    bench.table(CITIES)
    pipeline = bench.fit(bench.default("city"))
    assert pipeline.names == ("city=Rome", "city=Bern", "city=Oslo")
    assert pipeline.transform(bench.batch()).tolist() == [
        [1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]
    ]  # fmt: skip


def test_a_value_not_seen_in_training_is_missing_or_the_other_one(bench):
    bench.table(CITIES)
    default, vocabulary = bench.default("city"), bench.feature("VOCABULARY", "city")
    pipeline = bench.fit(default, vocabulary, encoding=TREES, sql="FROM t WHERE city <> 'Bern'")
    matrix = pipeline.transform(bench.batch(where="id >= 3"))
    np.testing.assert_array_equal(matrix, [[np.nan, np.nan], [np.nan, 2]])
    assert pipeline.cardinalities == (2, 3)


def test_a_vocabulary_can_be_given_and_then_needs_no_query(bench):
    bench.table(CITIES)
    by_text = bench.feature("VOCABULARY", "city", ["Oslo", "Rome"])
    by_number = bench.feature("VOCABULARY", "id", [4, 0])
    matrix = bench.matrix(by_text, by_number, encoding=TREES)
    np.testing.assert_array_equal(matrix[:, 0], [1, 0, 1, np.nan, 2])
    np.testing.assert_array_equal(matrix[:, 1], [1, 2, 2, 2, 0])
    assert bench.queries == []


@pytest.mark.parametrize("kind", ["ENUM('Bern', 'Oslo', 'Rome')", "VARCHAR"])
def test_enums_are_categories_as_text_is(bench, kind):
    bench.table(f"SELECT city::{kind} AS city FROM ({CITIES})")
    matrix = bench.matrix(bench.default("city"), encoding=TREES)
    np.testing.assert_array_equal(matrix[:, 0], [0, 2, 0, np.nan, 1])


def test_uuids_and_integers_and_dates_can_have_a_vocabulary(bench):
    bench.table(
        "SELECT '00000000-0000-0000-0000-000000000001'::UUID AS u, 7::HUGEINT AS h,"
        " DATE '2020-02-03' AS d, TRUE AS b, 3::TINYINT AS i"
    )
    features = [bench.feature("VOCABULARY", name) for name in "uhdbi"]
    pipeline = bench.fit(*features, encoding=TREES)
    for batch in (bench.batch(", ".join(pipeline.expressions)), bench.batch()):
        assert pipeline.transform(batch).tolist() == [[0] * 5]


def test_missing_text_can_be_imputed(bench):
    bench.table(CITIES)
    most_frequent = bench.feature("IMPUTE", "city", "mode")
    other = bench.feature("IMPUTE", "city", "unknown")
    matrix = bench.matrix(most_frequent, other, encoding=TREES)
    np.testing.assert_array_equal(matrix, [[0, 0], [2, 2], [0, 0], [0, 3], [1, 1]])


def test_text_that_is_all_numbers_is_categories(bench):
    bench.table("SELECT unnest(['10', '20', '10']) AS zip")
    assert bench.fit(bench.default("zip"), encoding=TREES).types == ("c",)


def test_ids_are_taken_as_they_are(bench):
    bench.table("SELECT unnest([0, 2, NULL]) AS i, unnest(['1', ' 2', NULL]) AS s")
    native = bench.matrix(
        bench.feature("CATEGORY_ID", "i", 3), bench.feature("CATEGORY_ID", "s", 3), encoding=TREES
    )
    np.testing.assert_array_equal(native, [[0, 1], [2, 2], [np.nan, np.nan]])
    one_hot = bench.matrix(bench.feature("CATEGORY_ID", "i", 3))
    assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert bench.queries == []


@pytest.mark.parametrize(("value", "shown"), [("3", "3"), ("-1", "-1"), ("0.5", "0.5")])
def test_an_id_out_of_range_is_an_error_that_names_the_value(bench, value, shown):
    bench.table(f"SELECT unnest([0, {value}]) AS i")
    with pytest.raises(StepError) as caught:
        bench.matrix(bench.feature("CATEGORY_ID", "i", 3))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0437"
    assert f"holds {shown}," in diagnostic.message


def test_several_ids_per_row_are_counted(bench):
    bench.table("SELECT unnest(['0,2,2', '1', '', NULL]) AS s, unnest([[0, 1], [2, 2]]) AS l")
    bench.table("SELECT '0,2,2' AS s, [0, 1] AS l UNION ALL SELECT '', [2, 2]")
    sparse = bench.feature("SPARSE", "s", 3)
    dense = bench.feature("DENSE", "l", 2)
    matrix = bench.matrix(
        bench.feature("CATEGORY_ID", sparse, 3),
        bench.feature("INDICATOR", bench.feature("CATEGORY_ID", dense, 3)),
        encoding=TREES,
    )
    assert matrix.tolist() == [[1, 0, 2, 1, 1, 0], [0, 0, 0, 0, 0, 2]]


def reference_hash(text):
    """The hash in plain Python, one byte after the other."""
    modulus, base, value = 2**64, 0x9E3779B97F4A7C15, 0
    content = text.encode()
    for place, byte in enumerate(content):
        value = (value + (byte + 1) * pow(base, place, modulus)) % modulus
    mixed = (value + len(content) + base) % modulus
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) % modulus
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) % modulus
    return mixed ^ (mixed >> 31)


def test_the_hash_of_a_text_is_the_same_everywhere():
    texts = ["", "a", "ab", "ba", "Zürich", "x" * 1000]
    expected = [reference_hash(text) for text in texts]
    assert hash_text(pa.array(texts)).tolist() == expected
    assert hash_text(pa.array(["skipped", *texts]).slice(1)).tolist() == expected
    assert hash_text(pa.array([], type=pa.string())).tolist() == []


def test_hashes_spread_over_all_ids():
    hashes = hash_text(pa.array([f"user{number}" for number in range(100_000)]))
    assert len(np.unique(hashes)) == 100_000
    counts = np.bincount((hashes % np.uint64(100)).astype(int))
    chi_square = ((counts - 1000) ** 2 / 1000).sum()
    assert chi_square < 150  # 99 degrees of freedom: above 149 in one of a thousand cases


def test_category_hash_is_the_hash_modulo_n(bench):
    bench.table(CITIES)
    matrix = bench.matrix(bench.feature("CATEGORY_HASH", "city", 7), encoding=TREES)
    expected = [reference_hash(city) % 7 for city in ("Rome", "Oslo", "Rome")]
    np.testing.assert_array_equal(matrix[:3, 0], expected)
    assert np.isnan(matrix[3, 0])


def test_numbers_hash_as_their_text(bench):
    bench.table("SELECT 12 AS i, '12' AS s")
    features = [bench.feature("CATEGORY_HASH", name, 1000) for name in "is"]
    left, right = bench.matrix(*features, encoding=TREES)[0]
    assert left == right


def test_a_cross_is_the_same_for_the_same_pair_only(bench):
    bench.table(
        "SELECT a, b, i / 2.0 AS x FROM (VALUES ('p', 1, 1), ('p', 1, 2), ('q', 1, 1),"
        " ('p', 2, 30), (NULL, 1, 1)) v(a, b, i)"
    )
    cross = bench.feature("CROSS", ["a", "b", bench.feature("BUCKET", "x", [3])], 1_000_000)
    ids = bench.matrix(cross, encoding=TREES)[:, 0]
    assert ids[0] == ids[1]
    assert len({*ids[:4].tolist()}) == 3
    assert np.isnan(ids[4])
    assert bench.fit(cross, encoding=TREES).names == ("a×b×x",)


def test_a_cross_depends_on_the_order_of_its_parts(bench):
    bench.table("SELECT 'p' AS a, 'q' AS b")
    features = [bench.feature("CROSS", pair, 10**9) for pair in (["a", "b"], ["b", "a"])]
    left, right = bench.matrix(*features, encoding=TREES)[0]
    assert left != right


def test_an_indicator_is_one_hot_even_for_trees(bench):
    bench.table("SELECT unnest([5, 15, 25]) AS age, unnest(['a', 'b', 'a']) AS c")
    bucket = bench.feature("BUCKET", "age", [10, 20])
    features = bench.feature("INDICATOR", bucket), bench.feature("INDICATOR", "c")
    pipeline = bench.fit(*features, encoding=TREES)
    np.testing.assert_array_equal(
        pipeline.transform(bench.batch()), np.hstack([np.eye(3), [[1, 0], [0, 1], [1, 0]]])
    )
    assert set(pipeline.types) == {"q"}


def test_more_values_than_a_vocabulary_holds_are_other_ones(bench, monkeypatch):
    monkeypatch.setattr("sqlml.zoo.features.vocabulary.MOST_VALUES", 2)
    bench.table("SELECT unnest(['a', 'a', 'b', 'b', 'c']) AS x")
    matrix = bench.matrix(bench.feature("VOCABULARY", "x"), encoding=TREES)
    assert matrix[:, 0].tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("CATEGORY_ID", ("city", 0), "≥ 1"),
        ("CATEGORY_ID", ("city", "many"), "whole number"),
        ("CATEGORY_HASH", ("score", 10), "DOUBLE"),
        ("CATEGORY_HASH", ("city",), "takes 2 to 3 arguments"),
        ("VOCABULARY", ("city", []), "no list"),
        ("VOCABULARY", ("city", ["a", "a"]), "twice"),
        ("VOCABULARY", ("day",), "TIMESTAMP"),
        ("CROSS", (["city"], 10), "two or more"),
        ("CROSS", (["city", "score"], 10), "DOUBLE"),
        ("INDICATOR", ("score",), "DOUBLE"),
        ("EMBEDDING", ("city", 0), "≥ 1"),
        ("EMBEDDING", ("city", 8, "total"), "no combiner"),
        ("EMBEDDING", ("city", 8, "sum", "best"), "no initializer"),
        ("EMBEDDING", ("score", 8), "DOUBLE"),
        ("SEQ_CATEGORY_ID", ("score", 8), "DOUBLE"),
        ("SEQ_CATEGORY_ID", ("city", 2**24), "at most"),
        ("WEIGHTED_CATEGORY", ("city",), "no keys with values"),
    ],
)
def test_wrong_arguments_are_refused_with_a_hint(bench, function, arguments, message):
    bench.table("SELECT 'a' AS city, 1.5::DOUBLE AS score, now()::TIMESTAMP AS day")
    with pytest.raises(AttributeProblem, match=message) as caught:
        bench.feature(function, *arguments)
    assert caught.value.hint


LISTS = """SELECT * FROM (VALUES
    (['a', 'b', 'a'], [2, 0]::INTEGER[]), ([], []), (NULL, NULL), (['c', NULL, 'b'], [1, NULL]))
    t(words, ids)"""


def test_what_a_column_lists_are_categories_of_the_row(bench):
    bench.table(LISTS)
    matrix = bench.matrix(bench.feature("VOCABULARY", "words"), encoding=TREES)
    np.testing.assert_array_equal(  # a, b, c, others
        matrix, [[2, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]]
    )
    assert bench.fit(bench.feature("INDICATOR", "words")).names == ("words=a", "words=b", "words=c")
    given = bench.feature("VOCABULARY", "words", ["b", "z"])
    np.testing.assert_array_equal(bench.matrix(given), [[1, 0, 2], [0, 0, 0], [0, 0, 0], [1, 0, 1]])
    np.testing.assert_array_equal(
        bench.matrix(bench.feature("CATEGORY_ID", "ids", 3)),
        [[1, 0, 1], [0, 0, 0], [0, 0, 0], [0, 1, 0]],
    )
    np.testing.assert_array_equal(
        bench.matrix(bench.feature("INDICATOR", "ids")),
        [[1, 0, 1], [0, 0, 0], [0, 0, 0], [0, 1, 0]],
    )


def test_hashes_of_listed_texts_are_those_of_single_ones(bench):
    bench.table("SELECT unnest(['a', 'b', 'c']) AS word")
    single = bench.matrix(bench.feature("CATEGORY_HASH", "word", 16))
    bench.table(LISTS)
    found = bench.matrix(bench.feature("CATEGORY_HASH", "words", 16))
    expected = [2 * single[0] + single[1], 0 * single[0], 0 * single[0], single[1] + single[2]]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("ids", ["[3]", "[-1]"])
def test_a_listed_id_outside_is_an_error(bench, ids):
    bench.table(f"SELECT {ids}::INTEGER[] AS ids")
    with pytest.raises(StepError, match="ids"):
        bench.matrix(bench.feature("CATEGORY_ID", "ids", 3))


def test_a_list_of_categories_is_none_for_cross(bench):
    bench.table(LISTS)
    with pytest.raises(AttributeProblem, match="words"):
        bench.feature("CROSS", ["words", "ids"], 8)


@pytest.mark.parametrize("text", ["ids", "'[' || ids || ']'"])
def test_text_of_several_ids_has_their_indicators(bench, text):
    """As CountVectorizer finds them, which knows nothing of `other` categories either."""
    from sklearn.feature_extraction.text import CountVectorizer

    written = ["3,5, 7", "5", None, "12,3,3", " 7 , 5"]
    bench.table(
        f"SELECT {text} AS ids FROM (SELECT unnest({written!r}::VARCHAR[]) AS ids)".replace(
            "None", "NULL"
        )
    )
    pipeline = bench.fit(bench.feature("INDICATOR", "ids"))
    counter = CountVectorizer(token_pattern=r"\d+")
    expected = counter.fit_transform([one or "" for one in written]).toarray()
    order = [counter.vocabulary_[name.removeprefix("ids=")] for name in pipeline.names]
    assert pipeline.transform(bench.batch()).tolist() == expected[:, order].tolist()


def test_text_that_is_not_ids_throughout_is_one_category_a_row(bench):
    bench.table("SELECT unnest(['a,b', '3,5', '3,5']) AS tags")
    pipeline = bench.fit(bench.feature("INDICATOR", "tags"))
    assert pipeline.names == ("tags=3,5", "tags=a,b")
