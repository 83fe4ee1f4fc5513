"""Predictions in brackets, rewritten as calls."""

import pytest

from sqlml.grammar.nested import with_functions

CALL = (
    "SELECT COLUMNS(name -> lower(name) <> 'y'), PREDICT('{}', sqlml_rows) AS \"y\""
    " FROM ({}\n) AS sqlml_rows"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 FROM (SELECT a FROM t TO PREDICT USING m) v", ("m", "SELECT a FROM t")),
        ("SELECT 1 FROM (SELECT (a) FROM t to predict using m@2 ) v", ("m@2", "SELECT (a) FROM t")),
        ('SELECT 1 FROM (FROM t TO PREDICT USING "m x") v', ("m x", "FROM t")),
    ],
)  # fmt: skip
def test_a_prediction_in_brackets_becomes_a_call(text: str, expected: tuple[str, str]) -> None:
    written = with_functions(text, "duckdb", lambda _: "y")
    assert written == f"SELECT 1 FROM ({CALL.format(*expected)}) v"


def test_predictions_may_stand_in_predictions() -> None:
    text = "SELECT * FROM (SELECT * FROM (FROM t TO PREDICT USING a) x TO PREDICT USING b) y"
    inner = f"SELECT * FROM ({CALL.format('a', 'FROM t')}) x"
    assert (
        with_functions(text, "duckdb", lambda _: "y")
        == f"SELECT * FROM ({CALL.format('b', inner)}) y"
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM t TO PREDICT USING m",
        "SELECT (1) FROM t TO PREDICT USING m",
        "SELECT '(TO PREDICT USING m)'",
        "SELECT * FROM (SELECT * FROM t TO PREDICT WITH predict.probability = TRUE USING m) v",
        "SELECT * FROM (SELECT * FROM t TO PREDICT u.y USING m) v",
        "SELECT (1; SELECT * FROM t TO PREDICT USING m)",
    ],
)
def test_everything_else_is_left_as_it_is(text: str) -> None:
    assert with_functions(text, "duckdb", lambda _: "y") == text
    assert with_functions(text, "duckdb", lambda _: None) == text
