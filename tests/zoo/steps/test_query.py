"""Plain SQL."""

from typing import Any


def test_a_select_gives_its_rows(context: Any) -> None:
    outcome = context.run("query", sql="SELECT i FROM range(40) t(i)")
    assert (outcome.summary, outcome.rows) == ("40 rows", 40)
    assert context.results[-1].num_rows == 40


def test_a_statement_without_rows_gives_none(context: Any) -> None:
    outcome = context.run("query", sql="CREATE TABLE t (i INTEGER)", writes=("t",))
    assert (outcome.summary, context.results) == ("", [])
