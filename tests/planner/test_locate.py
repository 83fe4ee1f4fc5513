import pytest

from sqlml.grammar.parser import parse
from sqlml.planner.locate import locate
from sqlml.source import Source

TRAIN = """SELECT age, "Long Name", price FROM houses WHERE age > 3
TO TRAIN xgboost.gbtree
WITH max_depth = 6, train.seed = 1, validation.select = "SELECT * FROM h"
COLUMN STANDARDIZE(age), CROSS([a, b], 10)
LABEL price
USING older
INTO newer"""


def place(text, about):
    (statement,) = parse(Source("t.sql", text)).statements
    return locate(statement, about).text


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("label", "price"),
        ("into", "newer"),
        ("using", "older"),
        ("model", "xgboost.gbtree"),
        ("query", 'SELECT age, "Long Name", price FROM houses WHERE age > 3'),
        ("validation.select", 'validation.select = "SELECT * FROM h"'),
        ("attribute max_depth", "max_depth = 6"),
        ("attribute model.max_depth", "max_depth = 6"),
        ("attribute train.seed", "train.seed = 1"),
        ("attribute seed", "train.seed = 1"),
        ("column AGE", "age"),
        ("column b", "b"),
        ("column Long Name", '"Long Name"'),
        ("attribute eta", "xgboost.gbtree"),
        ("", "xgboost.gbtree"),
        ("something else", "xgboost.gbtree"),
    ],
)
def test_parts_of_a_training_are_found(about, expected):
    assert place(TRAIN, about) == expected


def test_a_column_stands_in_column_before_it_stands_in_the_query():
    (statement,) = parse(Source("t.sql", TRAIN)).statements
    line, _ = statement.span.source.position(locate(statement, "column age").start)
    assert line == 4


def test_a_column_that_nobody_names_stands_at_the_query():
    assert place("SELECT * FROM t TO PREDICT USING m", "column x") == "SELECT * FROM t"


@pytest.mark.parametrize(
    ("text", "about", "expected"),
    [
        ("SELECT * FROM t TO PREDICT a.b USING m@3", "model", "m@3"),
        ("SELECT * FROM t TO PREDICT a.b USING m", "using", "m"),
        ("SELECT * FROM t TO PREDICT a.b USING m", "into", "a.b"),
        ("SELECT * FROM t TO PREDICT USING m", "into", "m"),
        ("SELECT * FROM t TO EVALUATE m LABEL a, b", "label", "a, b"),
        ("SELECT * FROM t TO EVALUATE m", "label", "m"),
        ("SELECT * FROM t TO EXPLAIN m USING e", "using", "e"),
        ("SELECT * FROM t TO RUN tool INTO a, b", "into", "a, b"),
        ("SELECT * FROM t TO RUN tool", "", "tool"),
        ("SELECT * FROM t TO MAXIMIZE SUM(x) WITH variables = 'x'", "model", "SUM(x)"),
        ("DROP MODEL m", "model", "m"),
        ("SHOW MODELS", "model", "SHOW MODELS"),
        ("SELECT 1", "query", "SELECT 1"),
        ("SELECT 1", "label", "SELECT 1"),
    ],
)
def test_parts_of_other_statements_are_found(text, about, expected):
    assert place(text, about) == expected
