"""Forms of statements, against what DuckDB says of their columns."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.grammar.forms import without_compared

SAME = [
    "SELECT * FROM t WHERE a > {}",
    "SELECT a, b FROM t WHERE a >= {} AND b <> {} OR b = {}",
    "SELECT 'WHERE a > 5' AS x, a FROM t WHERE a<{} ORDER BY 1 LIMIT 3",
    "SELECT x FROM (SELECT a + 1.5 AS x FROM t) WHERE x < {}",
]
OTHER = [
    "SELECT a = {} FROM t",
    "SELECT a > {} FROM t WHERE a > 1",
    "SELECT a FROM t WHERE a > 1 UNION ALL SELECT a = {} FROM t",
    "FROM t WHERE a > 1 SELECT b > {}",
    "SELECT a FROM t ORDER BY {}",
    "SELECT '{}' FROM t WHERE a > 1",
    "SELECT a -- WHERE a > 1\n, b > {} FROM t",
]


def columns(sql: str) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (a INTEGER, b TINYINT)")
        relation = connection.sql(sql)
        return list(zip(relation.columns, map(str, relation.types), strict=True))


@pytest.mark.parametrize("query", SAME)
def test_what_is_compared_with_changes_no_column(query: str) -> None:
    some, others = query.replace("{}", "7"), query.replace("{}", "123456789")
    assert without_compared(some) == without_compared(others) != query
    assert columns(some) == columns(others)


@pytest.mark.parametrize("query", OTHER)
def test_other_numbers_stay(query: str) -> None:
    text = query.replace("{}", "2")
    assert without_compared(text).count("2") == text.count("2")


@pytest.mark.parametrize("number", ["1234567890", "1.5", "1e3", "'7'"])
def test_numbers_of_other_types_stay(number: str) -> None:
    text = f"SELECT * FROM t WHERE a > {number}"
    assert without_compared(text) == text


PIECES = ["SELECT", "a", "b", "7", "42", ">", "=", ",", "(", ")", "WHERE", "AND", "FROM t", "UNION"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(lambda some: " ".join(["SELECT", *some])))
def test_a_query_and_its_form_have_the_same_columns(query: str) -> None:
    try:
        found = columns(query)
    except duckdb.Error:
        return
    assert columns(without_compared(query)) == found
