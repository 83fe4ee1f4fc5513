"""Names and queries as parts of larger SQL, as DuckDB reads them."""

import duckdb
import pytest

from sqlml.quoting import as_written, identifier, select_from


@pytest.mark.parametrize("name", ["a", "a b", 'say "hi"', "it's", "täble", "select", "1st"])
def test_a_quoted_name_means_itself(name: str) -> None:
    relation = duckdb.sql(f"SELECT 1 AS {identifier(name)}")
    assert relation.columns == [name]


def test_a_name_is_quoted_only_where_it_needs_it() -> None:
    assert [as_written(name) for name in ("age", "a b")] == ["age", '"a b"']


def test_a_comment_at_the_end_of_a_query_stays_its_own() -> None:
    query = select_from("sum(n)", "SELECT unnest([1, 2]) AS n -- both")
    assert duckdb.sql(query).fetchall() == [(3,)]
