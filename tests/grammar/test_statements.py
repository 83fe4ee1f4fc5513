import pytest

from sqlml.errors import ProgramError
from sqlml.grammar import ast
from sqlml.grammar.parser import parse
from sqlml.grammar.statements import is_complete
from sqlml.source import Source

PLAIN = [
    "SELECT 1",
    'SELECT 1 AS "to"',
    "SELECT 1 AS to",
    "SELECT 1 AS to, 2 AS train",
    "SELECT t.to FROM t",
    "SELECT 'x TO TRAIN m INTO y' AS a",
    'SELECT "TO TRAIN m" FROM t',
    "SELECT 1 -- TO TRAIN m INTO y",
    "SELECT 1 /* TO TRAIN m INTO y */ + 1",
    "SELECT $$ TO TRAIN m INTO y; $$",
    "SELECT INTERVAL '1-2' YEAR TO MONTH",
    "SELECT CAST('1' AS INTERVAL DAY TO SECOND)",
    "ALTER TABLE a RENAME TO train",
    "ALTER TABLE a RENAME COLUMN b TO predict",
    "COPY t TO run",
    "COPY t TO run (FORMAT csv)",
    "COPY (SELECT * FROM t) TO 'run.csv' (HEADER)",
    "EXPORT DATABASE 'x'",
    "GRANT SELECT ON t TO train WITH GRANT OPTION",
    "ROLLBACK TO SAVEPOINT run",
    "SET x TO run",
    "SHOW TABLES",
    "SHOW train",
    "SHOW train.iris",
    "SHOW ALL TABLES",
    "DESCRIBE t",
    "DESCRIBE model",
    "DESCRIBE model.t",
    "DROP TABLE t",
    "DROP TABLE IF EXISTS model",
    "CREATE MACRO f(a) AS a + 1",
    "CREATE TABLE train AS SELECT 1 AS label",
    "CREATE TABLE t (a INTERVAL YEAR TO MONTH)",
    "INSERT INTO train SELECT * FROM t",
    "FROM train",
    "VALUES (1, 'to train')",
    "SELECT {'a': [1, 2]}['a'][1]",
    "SELECT * FROM t show",
    "PREPARE p AS SELECT $1",
    "EXPLAIN SELECT 1",
    "SELECT '\\'",
    "not even SQL",
    "?",
    "'text'",
]


@pytest.mark.parametrize("sql", PLAIN)
def test_plain_sql_passes_through_as_it_is_written(sql: str) -> None:
    program = parse(Source("f", f"SELECT 0;\n{sql}\n;  SELECT 2"))
    assert [type(statement) for statement in program.statements] == [ast.Plain] * 3
    middle = program.statements[1]
    assert isinstance(middle, ast.Plain)
    assert middle.sql == middle.span.text
    assert middle.span.start == 10
    assert sql.startswith(middle.sql)


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        ("SELECT * FROM t", ""),
        ("select 1 as to", ""),
        ("SELECT *\nFROM t -- TO TRAIN\nWHERE a = ';'", ""),
        ("WITH a AS (SELECT 1) SELECT * FROM a", ""),
        ("FROM t1 t2", ""),
        ("FROM t", ""),
        ("VALUES (1, 2)", ""),
        ("(SELECT 1) UNION (SELECT 2)", ""),
        ("TABLE t", ""),
        ("SELECT * FROM a JOIN b USING (k)", ""),
        ("SELECT [1, 2], {'a': 1}, '\\'", ""),
        ("SELECT INTERVAL '1' YEAR TO MONTH", ""),
        ("SELECT 1", "/* between */"),
        ("SELECT 1", "-- TO TRAIN\n"),
    ],
)
def test_the_query_ends_where_the_clause_begins(query: str, rest: str) -> None:
    text = f"{query} {rest} to /**/ predict USING m"
    (statement,) = parse(Source("f", text)).statements
    assert isinstance(statement, ast.Predict)
    assert statement.query.sql == query
    assert statement.query.span.text == query
    assert statement.span.text == text


@pytest.mark.parametrize(
    "sql", ["", "   ", ";", ";;\n;", "-- c", "/* c; */ ;", "\ufeff", "\ufeff;"]
)
def test_nothing_is_a_program_without_statements(sql: str) -> None:
    assert parse(Source("f", sql)).statements == ()


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("", True),
        ("SELECT 1", False),
        ("SELECT 1;", True),
        ("SELECT 1; -- c", True),
        ("SELECT 1; SELECT", False),
        ("SELECT ';", False),
        ("SELECT 1 /* ;", False),
        ("SELECT 1 TO TRAIN m INTO x;", True),
        ("CREATE JOB j SCHEDULE '@daily' AS SELECT 1;", True),
        ("CREATE JOB j SCHEDULE '@daily' AS BEGIN SELECT 1;", False),
        ("CREATE JOB j SCHEDULE '@daily' AS BEGIN SELECT 1; END;", True),
    ],
)
def test_a_text_is_complete_once_its_last_statement_has_its_semicolon(
    text: str, complete: bool
) -> None:
    assert is_complete(text) is complete


def test_windows_line_ends_and_a_byte_order_mark_do_not_move_columns() -> None:
    with pytest.raises(ProgramError) as error:
        parse(Source("f.sql", "\ufeffSELECT 'ä'\r\nTO TRAIN m\r\nLABLE y\r\nINTO x"))
    span = error.value.diagnostics[0].span
    assert span is not None
    assert span.place == "f.sql:3:1"
    with pytest.raises(ProgramError) as error:
        parse(Source("f.sql", "\ufeffSELECT '"))
    span = error.value.diagnostics[0].span
    assert span is not None
    assert span.place == "f.sql:1:8"
