from collections.abc import Iterator
from functools import reduce

import duckdb
import pytest
from sqlglot.expressions import BitString, Expr, Paren, null

from sqlml.errors import ProgramError
from sqlml.grammar.queries import analyse, translate
from sqlml.grammar.written import written

# --- what is read and written ---


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT * FROM t",
        "FROM t",
        "SELECT * FROM db.t, u",
        'SELECT * FROM "my table" JOIN s."other one" ON true',
        "SELECT * FROM t WHERE x IN (SELECT y FROM u) AND EXISTS (SELECT 1 FROM v)",
        "WITH a AS (SELECT * FROM t) SELECT * FROM a JOIN u ON true",
        "WITH t AS (SELECT * FROM t) SELECT * FROM t",
        "WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT * FROM b, c",
        "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) SELECT * FROM a",
        "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) q, u",
        "SELECT * FROM t UNION SELECT * FROM u EXCEPT SELECT * FROM v",
        "SELECT (SELECT max(x) FROM u) FROM t",
        "SELECT * FROM range(10), generate_series(1, 2), t",
        "VALUES (1), (2)",
        "SELECT 'FROM nowhere' -- FROM comment",
    ],
)
def test_a_query_reads_the_tables_that_duckdb_says(
    sql: str, database: duckdb.DuckDBPyConnection
) -> None:
    facts = analyse(sql)
    assert facts.kind == "select"
    assert {name.casefold() for name in facts.reads} == {
        name.casefold().replace('"', "") for name in database.get_table_names(sql, qualified=True)
    }


@pytest.mark.parametrize(
    ("sql", "dialect", "reads", "files"),
    [
        ("SELECT * FROM t WHERE a > {} AND b IN ({}, 2) LIMIT {}", "duckdb", ["t"], []),
        ("SELECT {} FROM 'part {} .csv' WHERE a = {}", "duckdb", [], ["part {} .csv"]),
        ('SELECT {} FROM "year {} " WHERE a = {}', "duckdb", ["year {} "], []),
        ("SELECT a{} FROM t{} WHERE a > {}", "duckdb", ["t{}"], []),
        ("SELECT 'it\\'s {} ' FROM {}_sales WHERE a > {}", "mysql", ["{}_sales"], []),
        ("SELECT * FROM sales-{} JOIN {} ON a > {}", "bigquery", ["sales-{}", "{}"], []),
    ],
)
def test_queries_that_differ_in_numbers_alone_read_what_they_say(
    sql: str, dialect: str, reads: list[str], files: list[str]
) -> None:
    for number in ("1", "20", "3000000000"):
        facts = analyse(sql.replace("{}", number), dialect)
        assert facts.parsed
        assert list(facts.reads) == [name.replace("{}", number) for name in reads]
        assert list(facts.files) == [name.replace("{}", number) for name in files]


@pytest.mark.parametrize(
    ("sql", "kind", "reads", "writes"),
    [
        ("CREATE TABLE x AS SELECT * FROM t", "create", ["t"], ["x"]),
        ("CREATE OR REPLACE TABLE s.x AS FROM t JOIN u USING (k)", "create", ["t", "u"], ["s.x"]),
        ("CREATE TABLE x (a INT, b TEXT)", "create", [], ["x"]),
        ("CREATE VIEW x AS SELECT * FROM t", "create", ["t"], ["x"]),
        ("CREATE INDEX i ON t (a)", "create", [], ["t"]),
        ("INSERT INTO x SELECT * FROM t", "insert", ["t"], ["x"]),
        ("INSERT INTO x (a, b) VALUES (1, 2)", "insert", [], ["x"]),
        ("WITH c AS (FROM t) INSERT INTO x SELECT * FROM c", "insert", ["t"], ["x"]),
        ("UPDATE x SET a = 1 FROM t WHERE x.k = t.k", "update", ["t"], ["x"]),
        ("DELETE FROM x USING t WHERE x.k = t.k", "delete", ["t"], ["x"]),
        (
            "MERGE INTO x USING t ON x.a = t.a WHEN MATCHED THEN DELETE",
            *("merge", ["t"], ["x"]),
        ),
        ("DROP TABLE IF EXISTS x", "drop", [], ["x"]),
        ("DROP VIEW x", "drop", [], ["x"]),
        ("ALTER TABLE x RENAME TO train", "alter", [], ["x", "train"]),
        ("ALTER TABLE x ADD COLUMN b INT", "alter", [], ["x"]),
        ("TRUNCATE x", "truncate", [], ["x"]),
        ("COPY x FROM 'data.csv'", "copy", [], ["x"]),
        ("COPY t TO 'data.csv'", "copy", ["t"], []),
        ("DESCRIBE t", "describe", ["t"], []),
        ("SUMMARIZE t", "summarize", ["t"], []),
    ],
)
def test_a_statement_reads_and_writes_tables(
    sql: str, kind: str, reads: list[str], writes: list[str]
) -> None:
    facts = analyse(sql)
    assert (facts.kind, list(facts.reads), list(facts.writes)) == (kind, reads, writes)
    assert facts.parsed


@pytest.mark.parametrize(
    ("sql", "files"),
    [
        ("SELECT * FROM 'x.csv'", ["x.csv"]),
        ('SELECT * FROM "data/x.parquet" JOIN t USING (k)', ["data/x.parquet"]),
        ("FROM 'part-*'", ["part-*"]),
        ("SELECT * FROM read_csv('x.csv', header = true)", ["x.csv"]),
        ("SELECT * FROM read_csv(['a.csv', 'b.csv'])", ["a.csv", "b.csv"]),
        ("SELECT * FROM read_parquet('a/*.parquet')", ["a/*.parquet"]),
        ("SELECT * FROM read_json_auto('x.json')", ["x.json"]),
        ("CREATE TABLE t AS FROM 'x.csv.gz'", ["x.csv.gz"]),
        ("COPY t FROM 'x.csv'", ["x.csv"]),
        ('SELECT * FROM "a table"', []),
    ],
)
def test_files_are_inputs_but_no_tables(sql: str, files: list[str]) -> None:
    facts = analyse(sql)
    assert list(facts.files) == files
    assert not set(facts.files) & set(facts.reads)
    assert facts.deterministic


def test_what_create_creates_is_known() -> None:
    assert analyse("CREATE TABLE x AS SELECT 1").creates == "table"
    assert analyse("CREATE OR REPLACE VIEW x AS SELECT 1").creates == "view"
    assert analyse("CREATE SCHEMA x").creates == ""
    assert analyse("SELECT 1").creates == ""


# --- the same again ---

STABLE = [
    "SELECT * FROM big",
    "FROM big SELECT k, v * 2 AS w, upper(s)",
    "SELECT * EXCLUDE (s) FROM big WHERE v > 0.5 AND s LIKE '%1%' AND k NOT IN (1, 2, 3)",
    "SELECT CASE WHEN v > 0.5 THEN 'a' ELSE s END AS c FROM big",
    "SELECT a + 1 AS b FROM (SELECT k AS a FROM big WHERE v < 0.2) q WHERE a % 2 = 0",
    "WITH a AS (SELECT k, s FROM big WHERE v < 0.3) SELECT * FROM a WHERE k > 10",
    "SELECT * FROM range(1000) r",
    "VALUES (1, 'a'), (2, 'b')",
    "TABLE big",
    "SELECT 1",
]
UNSTABLE = [
    "SELECT * FROM big a JOIN big b USING (k)",
    "SELECT s, count(*) FROM big GROUP BY s",
    "SELECT sum(v) FROM big",
    "SELECT DISTINCT s FROM big",
    "SELECT * FROM big ORDER BY s",
    "SELECT * FROM big LIMIT 10",
    "SELECT * FROM big USING SAMPLE 10 ROWS",
    "SELECT * FROM big TABLESAMPLE 10%",
    "SELECT row_number() OVER () FROM big",
    "SELECT * FROM big QUALIFY row_number() OVER (PARTITION BY s) = 1",
    "SELECT * FROM big UNION ALL SELECT * FROM big",
    "SELECT unnest([k, k]) FROM big",
    "SELECT * FROM big WHERE k IN (SELECT k FROM big WHERE v > 0.9)",
    "SELECT (SELECT max(v) FROM big) FROM big",
    "SELECT * FROM (SELECT DISTINCT s FROM big)",
    "WITH a AS (SELECT s FROM big GROUP BY s) SELECT * FROM a",
    "SELECT random() FROM big",
    "SELECT * FROM big WHERE now() > '2020-01-01'",
    "SELECT an_unknown_function(k) FROM big",
    "SELECT * FROM a_table_macro(3)",
    "PIVOT big ON s USING sum(v)",
]


@pytest.mark.parametrize("sql", STABLE)
def test_a_stable_query_gives_the_same_rows_in_the_same_order(
    sql: str, database: duckdb.DuckDBPyConnection
) -> None:
    facts = analyse(sql)
    assert facts.stable
    assert facts.deterministic
    database.execute(
        "CREATE TABLE IF NOT EXISTS big AS SELECT range AS k, hash(range) / 2e19 AS v, "
        "'s' || (range % 97) AS s FROM range(300_000)"
    )
    first = database.sql(sql).fetchall()
    assert all(database.sql(sql).fetchall() == first for _ in range(3))


@pytest.mark.parametrize("sql", UNSTABLE)
def test_a_query_is_not_called_stable_without_a_reason(sql: str) -> None:
    assert not analyse(sql).stable


@pytest.mark.parametrize(
    "function",
    [
        *["random()", "uuid()", "gen_random_uuid()", "now()", "today()", "nextval('s')"],
        *["current_date", "current_timestamp", "current_time", "current_user", "localtimestamp"],
        *["get_current_timestamp()", "transaction_timestamp()", "txid_current()", "setseed(0.5)"],
        *["getdate()", "rand()", "current_setting('x')", "CURRENT_SCHEMA()"],
    ],
)
def test_a_function_whose_value_changes_makes_a_statement_unrepeatable(function: str) -> None:
    assert not analyse(f"SELECT {function}").deterministic
    create = analyse(f"CREATE TABLE x AS SELECT * FROM t WHERE a = {function}")
    assert not create.deterministic
    assert not create.repeatable


def test_only_a_create_from_a_deterministic_query_is_repeatable() -> None:
    assert analyse("CREATE TABLE x AS SELECT upper(a) FROM t").repeatable
    assert analyse("CREATE OR REPLACE VIEW x AS SELECT * FROM t").repeatable
    assert analyse("CREATE TABLE x AS VALUES (1)").repeatable
    for sql in (
        "SELECT 1",
        "CREATE TABLE x (a INT)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "INSERT INTO x SELECT 1",
        "DROP TABLE x",
        "CREATE MACRO f() AS 1",
        "CREATE TABLE x AS SELECT * FROM duckdb_tables()",
    ):
        assert not analyse(sql).repeatable


# --- what else a statement touches ---


@pytest.mark.parametrize(
    "sql",
    [
        *["SET threads = 1", "RESET threads", "USE s", "BEGIN", "COMMIT", "ROLLBACK", "LOAD json"],
        *["CREATE TEMP TABLE x AS SELECT 1", "CREATE TEMPORARY VIEW x AS SELECT 1"],
        *["ATTACH 'x.db'", "DETACH x", "PREPARE p AS SELECT 1", "EXECUTE p", "PRAGMA x"],
        *["SET VARIABLE x = 1", "DEALLOCATE p", "BEGIN TRANSACTION", "INSTALL json"],
    ],
)
def test_the_state_of_a_connection_is_noticed(sql: str) -> None:
    assert analyse(sql).session


@pytest.mark.parametrize(
    "sql",
    [
        *["CREATE SCHEMA s", "CREATE MACRO f(a) AS a", "CREATE SEQUENCE q", "DROP SCHEMA s"],
        *["CREATE TYPE m AS ENUM ('a')", "CALL f()", "CHECKPOINT", "VACUUM", "EXPORT DATABASE 'x'"],
        *["SHOW TABLES", "SELECT * FROM information_schema.tables", "FROM duckdb_tables()"],
        *["FROM sqlml_models", "COPY t TO 'x.csv'", "FROM some_macro(1)", "nonsense", "SET x = 1"],
    ],
)
def test_a_statement_that_touches_more_than_tables_is_a_barrier(sql: str) -> None:
    facts = analyse(sql)
    assert facts.barrier
    assert not facts.deterministic


@pytest.mark.parametrize(
    ("sql", "returns"),
    [
        ("SELECT 1", True),
        ("VALUES (1)", True),
        ("SHOW TABLES", True),
        ("DESCRIBE t", True),
        ("EXPLAIN SELECT 1", True),
        ("SELECT nonsense nonsense nonsense", True),
        ("INSERT INTO t VALUES (1) RETURNING a", True),
        ("INSERT INTO t VALUES (1)", False),
        ("CREATE TABLE t AS SELECT 1", False),
        ("SET x = 1", False),
    ],
)
def test_whether_rows_come_back_is_known(sql: str, returns: bool) -> None:
    assert analyse(sql).returns_rows is returns


def test_sql_that_cannot_be_parsed_is_treated_with_care() -> None:
    facts = analyse('SELECT * FROM a, s."b c" wibble wobble JOIN d ON (x IN (FROM e, f)) !! ??')
    assert not facts.parsed
    assert facts.reads == ("a", "s.b c", "d", "e", "f")
    assert (facts.stable, facts.deterministic, facts.repeatable) == (False, False, False)
    assert not facts.barrier
    guess = analyse("WITH c AS (SELECT ?? FROM t) SELECT * FROM c wibble wobble")
    assert guess.reads == ("t",)


def test_a_query_nested_too_deep_for_the_parser_is_passed_on() -> None:
    facts = analyse("SELECT " + "(" * 2_000 + "1" + ")" * 2_000)
    assert (facts.kind, facts.parsed) == ("select", False)


# --- dialects ---


def test_a_long_chain_of_ctes_is_looked_through() -> None:
    chain = ", ".join(f"c{i + 1} AS (SELECT * FROM c{i})" for i in range(400))
    assert analyse(f"WITH c0 AS (SELECT * FROM t), {chain} SELECT * FROM c400").stable
    assert not analyse("WITH RECURSIVE c AS (SELECT * FROM c) SELECT * FROM c").stable


@pytest.mark.parametrize("sql", ["DELETE FROMt", "DELETE t"])
def test_a_delete_that_names_no_table_writes_none(sql: str) -> None:
    assert analyse(sql).writes == ()


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        (BitString(this=""), "E0119"),
        (reduce(lambda inner, _: Paren(this=inner), range(2_000), null()), "E0103"),
    ],
)
def test_what_cannot_be_written_is_an_error_about_the_query(tree: Expr, code: str) -> None:
    with pytest.raises(ProgramError) as error:
        written(tree, "duckdb", "duckdb")
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, diagnostic.about) == (code, "query")


def test_sql_is_translated_between_dialects(database: duckdb.DuckDBPyConnection) -> None:
    sql = translate("SELECT `a b`, DATE_ADD('2020-01-31', INTERVAL 1 DAY) AS d FROM "
                    "(SELECT 1 AS `a b`) AS t", "mysql", "duckdb")  # fmt: skip
    assert [str(value) for value in database.sql(sql).fetchall()[0]][1].startswith("2020-02-01")


def test_sql_in_the_databases_own_dialect_is_not_touched() -> None:
    strange = "SELECT   1 -- 'as is'\n wibble ("
    assert translate(strange, "duckdb", "duckdb") == strange


@pytest.mark.parametrize(
    "sql", ["SELECT FROM WHERE", "SELECT b''", "SELECT " + "(" * 2_000 + "1" + ")" * 2_000]
)
def test_sql_that_cannot_be_translated_is_an_error_about_the_query(sql: str) -> None:
    with pytest.raises(ProgramError) as error:
        translate(sql, "mysql", "duckdb")
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, diagnostic.about) == ("E0119", "query")
    assert "mysql" in diagnostic.message
