"""Rows of a query as batches."""

from typing import Any

import numpy as np
import pytest

from sqlml.zoo.features.contract import Encoding
from sqlml.zoo.features.defaults import default_feature
from sqlml.zoo.features.fit import fit
from sqlml.zoo.label import Label
from sqlml.zoo.steps import dataset as steps
from sqlml.zoo.steps.dataset import Others, QueryDataset, Roles, Sampled
from sqlml.zoo.steps.split import draw

SQL = "SELECT i::FLOAT AS x, i % 4 = 0 AS y, i + 0.5 AS w FROM range(300) t(i)"
LABEL = Label("y", "BOOLEAN", (False, True))


@pytest.fixture
def dataset(context: Any) -> QueryDataset:
    feature = default_feature("x", "FLOAT")
    assert feature is not None
    pipeline = fit([feature], SQL, context.table, Encoding())
    return QueryDataset(context.rows(SQL, stable=True), pipeline, Roles((LABEL,), "w"))


def column(dataset: QueryDataset) -> list[float]:
    return [value for batch in dataset for value in batch.matrix[:, 0].tolist()]


def test_a_dataset_may_be_read_again_and_again(dataset: QueryDataset) -> None:
    assert column(dataset) == column(dataset) == list(range(300))
    assert (dataset.width, dataset.names, dataset.types) == (1, ("x",), ("q",))


def test_few_rows_are_read_once_and_many_again(
    context: Any, dataset: QueryDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.query("CREATE SEQUENCE reads")
    counted = context.rows(f"SELECT *, nextval('reads') AS n FROM ({SQL})", stable=True)
    for most, passes in ((2**20, 1), (0, 3)):
        monkeypatch.setattr(steps, "MOST_KEPT", most)
        read = QueryDataset(counted, dataset.pipeline, Roles((LABEL,), "n"))
        before = context.query("SELECT nextval('reads')")[0][0]
        first, _, last = column(read), column(read), read.whole()
        assert first == last.matrix[:, 0].tolist() == list(range(300))
        assert context.query("SELECT nextval('reads')")[0][0] - before == 300 * passes + 1
        last.matrix[:] = 0  # it is the caller's own
        assert column(read) == first


def test_labels_and_weights_go_with_their_rows(dataset: QueryDataset) -> None:
    whole = dataset.whole()
    assert whole.label is not None
    assert whole.weight is not None
    assert np.array_equal(whole.label, whole.matrix[:, 0] % 4 == 0)
    assert np.array_equal(whole.weight, whole.matrix[:, 0] + 0.5)


def test_the_whole_is_the_same_with_and_without_a_known_size(dataset: QueryDataset) -> None:
    known = QueryDataset(dataset.rows, dataset.pipeline, dataset.roles, size=300)
    assert np.array_equal(known.whole().matrix, dataset.whole().matrix)
    assert np.array_equal(known.whole().label, dataset.whole().label)


def test_a_split_and_its_rest_are_all_rows(dataset: QueryDataset) -> None:
    split = draw((225, 75), 0.2, 0)
    parts = [
        QueryDataset(dataset.rows, dataset.pipeline, dataset.roles, choice)
        for choice in (split, Others(split))
    ]
    held, rest = map(column, parts)
    assert sorted(held + rest) == list(range(300))
    assert (len(held), sum(value % 4 == 0 for value in held)) == (60, 15)


def test_a_sample_is_seeded_and_of_about_its_share(dataset: QueryDataset) -> None:
    split = draw((225, 75), 0.5, 0)
    sampled = QueryDataset(dataset.rows, dataset.pipeline, dataset.roles, Sampled(split, 0.4, 7))
    rows = column(sampled)
    assert rows == column(sampled)
    assert 30 < len(rows) < 90
    among = QueryDataset(dataset.rows, dataset.pipeline, dataset.roles, split)
    assert set(rows) < set(column(among))


def test_no_rows_are_an_empty_matrix(context: Any, dataset: QueryDataset) -> None:
    none = context.rows(f"SELECT * FROM ({SQL}) LIMIT 0", stable=True)
    assert QueryDataset(none, dataset.pipeline).whole().matrix.shape == (0, 1)


def test_wide_text_stays_sparse(context: Any) -> None:
    sql = "SELECT 'w' || (i % 90) AS t FROM range(200) t(i)"
    feature = default_feature("t", "VARCHAR")
    assert feature is not None
    encoding = Encoding(categories="onehot", sparse=True)
    pipeline = fit([feature], sql, context.table, encoding)
    whole = QueryDataset(context.rows(sql, stable=True), pipeline, size=200).whole()
    assert whole.matrix.format == "csr"
    assert whole.matrix.shape == (200, pipeline.width)
    assert whole.matrix.sum() == 200
