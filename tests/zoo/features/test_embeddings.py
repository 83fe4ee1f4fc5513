"""EMBEDDING, SEQ_CATEGORY_ID and WEIGHTED_CATEGORY: what they give to a network."""

import numpy as np
import pytest
from scipy import sparse

from sqlml.errors import StepError
from sqlml.zoo.features.contract import Encoding
from sqlml.zoo.models.keras_inputs import Inputs

NETWORK = Encoding("onehot", missing=False, sparse=True, dtype="float32")
TABLE = (
    "SELECT * FROM (VALUES (1, 'ulm', '2,0,2', '3:0.5,1:2', 'red blue red', [4, 4]),"
    " (2, 'rom', '4', '2', '', [0]), (3, 'ulm', NULL, '0:0', 'blue', NULL))"
    " v(n, city, steps, tags, words, list)"
)


def of_network(bench, feature):
    """The part that a feature makes of the matrix, and each row's ids with their weights."""
    pipeline = bench.fit(feature, encoding=NETWORK)
    matrix = pipeline.transform(bench.batch(", ".join(pipeline.expressions)))
    (part,) = pipeline.parts
    given = Inputs((part,), (part,)).arranged(matrix).cut(0, matrix.shape[0])
    pairs = zip(given["ids_0"], given["weights_0"], strict=True)
    return part, [list(zip(*(a[w != 0].tolist() for a in (i, w)), strict=True)) for i, w in pairs]


def test_an_embedding_of_text_learns_its_vocabulary(bench):
    bench.table(TABLE)
    part, rows = of_network(bench, bench.feature("EMBEDDING", "city", 8, "MEAN", "he_normal"))
    assert (part.kind, part.size, part.dimension) == ("ids", 2, 8)
    assert (part.combiner, part.initializer) == ("mean", "he_normal")
    assert rows == [[(0, 1)], [(1, 1)], [(0, 1)]]


@pytest.mark.parametrize("written", ["uniform", "Random_Uniform", "RandomUniform"])
def test_an_initializer_has_the_names_that_keras_gives_it(bench, written):
    bench.table(TABLE)
    assert bench.feature("EMBEDDING", "city", 8, "sum", written).initializer == "random_uniform"


def test_what_training_did_not_see_has_no_vector(bench):
    bench.table(TABLE)
    pipeline = bench.fit(bench.feature("EMBEDDING", "city", 8), encoding=NETWORK)
    bench.table("SELECT 'oslo' AS city")
    assert not pipeline.transform(bench.batch()).any()


@pytest.mark.parametrize("column", ["steps", "list"])
def test_a_sequence_keeps_the_order_and_repetitions(bench, column):
    bench.table(TABLE)
    sequence = bench.feature("SEQ_CATEGORY_ID", column, 5)
    part, rows = of_network(bench, bench.feature("EMBEDDING", sequence, 3))
    expected = {
        "steps": [[(2, 1), (0, 1), (2, 1)], [(4, 1)], []],
        "list": [[(4, 1), (4, 1)], [(0, 1)], []],
    }
    assert (part.kind, part.size) == ("sequence", 5)
    assert rows == expected[column]


def test_of_a_sequence_longer_than_in_training_the_last_ids_count(bench):
    bench.table(TABLE)
    pipeline = bench.fit(bench.feature("SEQ_CATEGORY_ID", "steps", 5), encoding=NETWORK)
    bench.table("SELECT '0,1,2,3,4' AS steps UNION ALL SELECT '1,0'")
    np.testing.assert_array_equal(pipeline.transform(bench.batch()), [[3, 4, 5], [2, 1, 0]])


def test_an_indicator_of_a_sequence_counts_its_ids(bench):
    bench.table(TABLE)
    indicator = bench.feature("INDICATOR", bench.feature("SEQ_CATEGORY_ID", "steps", 5))
    found = bench.matrix(indicator)
    np.testing.assert_array_equal(found, [[1, 0, 2, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])


def test_weights_stand_beside_keys(bench):
    bench.table(TABLE)
    ids = bench.feature("CATEGORY_ID", bench.feature("SPARSE", "tags", 4), 4)
    weighted = bench.feature("WEIGHTED_CATEGORY", ids)
    _, rows = of_network(bench, bench.feature("EMBEDDING", weighted, 3))
    assert rows == [[(1, 2), (3, 0.5)], [(2, 1)], []]
    _, rows = of_network(bench, bench.feature("EMBEDDING", ids, 3))
    assert rows == [[(1, 1), (3, 1)], [(2, 1)], [(0, 1)]]


def test_hashed_keys_have_weights_too(bench):
    bench.table(TABLE)
    hashed = bench.feature("CATEGORY_HASH", bench.feature("SPARSE", "tags", 4), 1000)
    found = bench.matrix(bench.feature("WEIGHTED_CATEGORY", hashed))
    np.testing.assert_allclose(found.sum(axis=1), [2.5, 1, 0])
    plain = bench.matrix(bench.feature("CATEGORY_HASH", "n", 1000))
    assert np.flatnonzero(found[1]) == np.flatnonzero(plain[1])  # the key 2, the number 2


def test_a_delimiter_makes_several_ids_of_a_text(bench):
    bench.table(TABLE)
    np.testing.assert_array_equal(
        bench.matrix(bench.feature("CATEGORY_ID", "steps", 5, "COMMA")),
        bench.matrix(bench.feature("CATEGORY_ID", bench.feature("SPARSE", "steps", 5), 5)),
    )
    words = bench.matrix(bench.feature("CATEGORY_HASH", "words", 10_000, "SPACE"))
    np.testing.assert_array_equal(np.sort(words[0])[-2:], [1, 2])
    assert np.array_equal(words[2] > 0, words[0] == 1)
    assert not words[1].any()


def test_ids_may_be_listed_where_vectors_or_columns_are_made_of_them(bench):
    bench.table(TABLE)
    plain, listed = bench.feature("CATEGORY_ID", "steps", 5), ("CATEGORY_ID", "steps", 5, "COMMA")
    found = bench.matrix(bench.feature("INDICATOR", plain))
    assert found.tolist() == bench.matrix(bench.feature(*listed)).tolist()
    assert (
        of_network(bench, bench.feature("EMBEDDING", plain, 3))[1]
        == of_network(bench, bench.feature("EMBEDDING", bench.feature(*listed), 3))[1]
    )
    bench.table("SELECT unnest(['3', NULL, '1']) AS steps")
    found = bench.matrix(bench.feature("INDICATOR", bench.feature("CATEGORY_ID", "steps", 4)))
    assert found.tolist() == [[0, 0, 0, 1], [0] * 4, [0, 1, 0, 0]]


def test_an_id_out_of_range_is_an_error_in_a_sequence_too(bench):
    bench.table(TABLE)
    pipeline = bench.fit(bench.feature("SEQ_CATEGORY_ID", "steps", 4), encoding=NETWORK)
    with pytest.raises(StepError, match="4"):
        pipeline.transform(bench.batch())


def test_wide_embeddings_stay_sparse(bench):
    bench.table(TABLE)
    wide = bench.feature("EMBEDDING", bench.feature("CATEGORY_HASH", "city", 10**7), 4)
    pipeline = bench.fit(wide, bench.feature("NUMERIC", "n"), encoding=NETWORK)
    matrix = pipeline.transform(bench.batch())
    assert sparse.issparse(matrix)
    assert matrix.shape == (3, 10**7 + 1)
    looked_up = pipeline.parts[:1]
    given = Inputs(pipeline.parts, looked_up).arranged(matrix).cut(1, 3)
    np.testing.assert_array_equal(given["numbers"], [[2], [3]])
    assert given["ids_0"].shape == (2, 1)


def test_a_list_of_words_is_a_bag_of_vectors(bench):
    bench.table("SELECT unnest([['x', 'y', 'x', 'y'], ['y'], NULL]) AS words")
    part, rows = of_network(bench, bench.feature("EMBEDDING", "words", 4, "mean"))
    assert (part.kind, part.size, part.dimension, part.combiner) == ("ids", 2, 4, "mean")
    assert rows == [[(0, 0.5), (1, 0.5)], [(0, 1)], []]
