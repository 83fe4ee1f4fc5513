"""The sqlglot dialect, used as tools that check and wrap SQL use it."""

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from sqlml.connectors import sqlglot as plugin

QUERY = "SELECT a, b FROM s.t AS x JOIN u USING (k) WHERE a > 1"
TRAIN = "TO TRAIN xgboost.gbtree WITH objective = reg:squarederror, eta = 0.1 LABEL y INTO m"
# What Superset takes for a change of the database.
CHANGES = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.TruncateTable,
    exp.Alter,
)  # fmt: skip


def parse(sql: str, dialect: str = "sqlml") -> exp.Expr:
    assert plugin.Sqlml is not None  # loaded, and so registered under its name
    return sqlglot.parse_one(sql, dialect=dialect)


def changes(tree: exp.Expr) -> bool:
    return any(tree.find(kind) for kind in CHANGES)


@pytest.mark.parametrize(
    ("sql", "is_change"),
    [
        (f"{QUERY} {TRAIN}", True),
        (f"{QUERY} TO PREDICT out.y USING m", True),
        (f"{QUERY} TO PREDICT USING m", False),
        (f"{QUERY} TO PREDICT WITH predict.probability = TRUE USING m@3", False),
        (f"{QUERY} LIMIT 3 TO EVALUATE m WITH validation.metrics = 'accuracy'", False),
        (f"{QUERY} TO EVALUATE m INTO scores", True),
        (f"{QUERY} TO EXPLAIN m", False),
        (f"{QUERY} TO EXPLAIN m USING GainExplainer INTO gains", True),
        (f'{QUERY} TO RUN a/b:v1 CMD "x.py"', True),
        (f"{QUERY} TO MAXIMIZE SUM(x) CONSTRAINT x <= 3 WITH variables = 'x(k)' INTO r", True),
        ("SELECT 1 AS a UNION ALL SELECT 2 AS a ORDER BY a TO PREDICT USING m", False),
        ("WITH c AS (SELECT 1 AS a) SELECT * FROM c TO PREDICT USING m", False),
        ("SELECT id, PREDICT('m', t) AS p FROM t", False),
        ("SHOW MODELS", False),
        ("SHOW TRAIN m", False),
        ("DESCRIBE MODEL m@2", False),
        ("DROP MODEL IF EXISTS m", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dialect", ["sqlml", "sqlmlserver"])
def test_a_statement_is_taken_apart_and_written_again(
    sql: str, is_change: bool, dialect: str
) -> None:
    tree = parse(sql, dialect)
    assert changes(tree) is is_change
    assert tree.sql(dialect=dialect) == sql
    assert parse(tree.sql(dialect=dialect), dialect) == tree
    pretty = tree.copy().sql(dialect=dialect, pretty=True)
    assert "".join(pretty.split()) == "".join(sql.split())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT TO_TIMESTAMP('2025-01-05', 'YYYY-MM-DD'), TO_CHAR(d, 'YYYY'), a ~ 'x' FROM t",
        "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a), JSONB_EXTRACT_PATH(j, 'a') FROM t",
        "SELECT * EXCLUDE (a) FROM (SELECT * FROM t TO PREDICT USING m) AS v",
    ],
)
def test_what_tools_send_to_the_server_keeps_its_meaning(sql: str) -> None:
    assert parse(sql, "sqlmlserver").sql(dialect="sqlmlserver") == sql


def test_the_tables_of_the_query_are_found() -> None:
    for clause in (TRAIN, "TO PREDICT USING m", "TO EVALUATE m"):
        tables = {table.sql() for table in parse(f"{QUERY} {clause}").find_all(exp.Table)}
        assert tables == {"s.t AS x", "u"}
    scopes = traverse_scope(parse(f"{QUERY} {TRAIN}"))
    assert {table.name for scope in scopes for table in scope.tables} == {"t", "u"}


def test_a_prediction_may_be_nested_and_limited() -> None:
    sql = (
        "SELECT y, COUNT(*) FROM (SELECT * FROM t TO PREDICT USING m) AS virtual_table"
        " GROUP BY y LIMIT 100"
    )
    tree = parse(sql)
    assert isinstance(tree, exp.Select)
    assert tree.sql(dialect="sqlml") == sql
    wrapped = exp.select("*").from_(parse("SELECT * FROM t TO PREDICT USING m").subquery("v"))
    assert wrapped.limit(5).sql(dialect="sqlml") == (
        "SELECT * FROM (SELECT * FROM t TO PREDICT USING m) AS v LIMIT 5"
    )
    limited = parse("SELECT * FROM t TO PREDICT USING m")
    limited.set("limit", exp.Limit(expression=exp.Literal.number(9)))
    assert limited.sql(dialect="sqlml") == "SELECT * FROM t LIMIT 9 TO PREDICT USING m"


def test_a_training_cannot_be_nested() -> None:
    with pytest.raises(sqlglot.ParseError):
        parse(f"SELECT * FROM ({QUERY} {TRAIN}) AS v")


def test_statements_of_a_script_are_kept_apart() -> None:
    parsed = sqlglot.parse(f"{QUERY} {TRAIN}; SELECT 1; DROP MODEL m", dialect="sqlml")
    assert [tree is not None and changes(tree) for tree in parsed] == [True, False, True]


def test_other_sql_is_duckdbs() -> None:
    sql = "SELECT to, train FROM t AS to, LATERAL (SELECT INTERVAL '1' YEAR) AS train"
    assert parse(sql) == sqlglot.parse_one(sql, dialect="duckdb")
