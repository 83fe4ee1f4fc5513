"""A program's effect on the catalog before it runs, checked against running it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.databases.database import Column, QueryProblem, Rehearsal
from sqlml.databases.duckdb import DuckDB


@pytest.fixture
def database() -> Iterator[DuckDB]:
    opened = DuckDB.open()
    opened.execute("CREATE TABLE iris AS SELECT 5.1::FLOAT AS sepal, 'setosa' AS species")
    yield opened
    opened.close()


@pytest.fixture
def rehearsal(database: DuckDB) -> Iterator[Rehearsal]:
    with database.rehearse() as made:
        yield made


def problem(act: object, *arguments: object) -> QueryProblem:
    assert callable(act)
    with pytest.raises(QueryProblem) as raised:
        act(*arguments)
    return raised.value


def names(columns: tuple[Column, ...] | None) -> list[str]:
    assert columns is not None
    return [column.name for column in columns]


def test_a_query_has_the_columns_that_running_it_gives(
    database: DuckDB, rehearsal: Rehearsal
) -> None:
    queries = [
        "SELECT *, sepal * 2 AS twice, [1] AS l, {'a': DATE '2020-01-01'} AS s FROM iris",
        "FROM iris SELECT species, species",
        "WITH w AS (SELECT 1 AS x) SELECT x, NULL AS n FROM w",
        "VALUES (1, 'a')",
        "SELECT species, count(*) FROM iris GROUP BY ALL",
        "SELECT 1 UNION ALL SELECT 2.5",
        "-- a comment\nSELECT 1 AS a -- and another",
    ]
    for sql in queries:
        described = database.table(f"DESCRIBE {sql}").to_pydict()
        expected = zip(described["column_name"], described["column_type"], strict=True)
        assert rehearsal.describe(sql) == tuple(Column(*pair) for pair in expected)


def test_columns_of_one_name_are_kept(rehearsal: Rehearsal) -> None:
    assert names(rehearsal.describe("SELECT sepal, sepal FROM iris")) == ["sepal", "sepal"]


def test_later_statements_see_what_earlier_ones_make(rehearsal: Rehearsal) -> None:
    rehearsal.apply("CREATE TABLE a AS SELECT sepal AS x FROM iris")
    rehearsal.apply("CREATE VIEW b AS SELECT x + 1 AS y FROM a")
    rehearsal.apply("CREATE MACRO twice(v) AS v * 2")
    rehearsal.apply("CREATE TYPE mood AS ENUM ('good', 'bad')")
    rehearsal.apply("CREATE SEQUENCE numbers")
    rehearsal.apply("CREATE SCHEMA s; CREATE TABLE s.t(m mood DEFAULT 'good', n INT)")
    rehearsal.apply("ALTER TABLE s.t RENAME n TO o")
    assert rehearsal.describe("SELECT twice(y) AS z, nextval('numbers') AS n FROM b") == (
        Column("z", "FLOAT"),
        Column("n", "BIGINT"),
    )
    assert names(rehearsal.describe("FROM s.t")) == ["m", "o"]
    rehearsal.apply("DROP VIEW b")
    assert problem(rehearsal.describe, "FROM b").kind == "table"


def test_nothing_lasts(database: DuckDB) -> None:
    before = database.fingerprint("iris")
    with database.rehearse() as rehearsal:
        rehearsal.apply("CREATE TABLE a AS SELECT 1")
        rehearsal.apply("DROP TABLE iris")
        rehearsal.create("b", (Column("x", "INTEGER"),))
    assert database.fingerprint("iris") == before
    assert database.fingerprint("a") is database.fingerprint("b") is None


def test_no_rows_are_read_or_written(database: DuckDB, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    # it would take years
    slow = "SELECT count(*) AS n FROM range(100000000000) a(i), range(1000) b(i)"
    with database.rehearse() as rehearsal:
        rehearsal.apply(f"CREATE TABLE t AS {slow}")
        rehearsal.apply(f"CREATE TABLE t2 AS ({slow}) -- really;\n")
        rehearsal.apply(f"CREATE OR REPLACE TABLE t AS {slow} WITH DATA")
        rehearsal.apply(f"INSERT INTO t {slow}")
        rehearsal.apply(f"UPDATE t SET n = ({slow})")
        rehearsal.apply("DELETE FROM iris")
        rehearsal.apply("TRUNCATE iris")
        rehearsal.apply(f"COPY ({slow}) TO '{target}'")
        rehearsal.apply("ALTER TABLE iris ALTER species TYPE INT")
        assert rehearsal.describe("FROM t, t2") == (Column("n", "BIGINT"), Column("n", "BIGINT"))
        assert rehearsal.describe("SELECT species FROM iris") == (Column("species", "INTEGER"),)
    assert not target.exists()


@pytest.mark.parametrize(
    ("sql", "kind", "at", "hint"),
    [
        ("SELECT specie FROM iris", "column", "specie", "did you mean `species`?"),
        ("SELECT i.specie FROM iris i", "column", "i.specie", "did you mean `species`?"),
        ("SELECT * FROM irris", "table", "irris", "did you mean `iris`?"),
        ("SELECT x.sepal FROM iris", "table", "x.sepal", ""),
        ("SELECT * FROM no.iris", "table", "no.iris", ""),
        ("SELECT ceill(sepal) FROM iris", "function", "ceill(sepal)", "did you mean `ceil`?"),
        ("SELECT sepal FORM iris", "syntax", "iris", ""),
        ("SELECT * FROM 'nothing.csv'", "file", "nothing.csv", ""),
        ("SELECT avg(species) FROM iris", "", "avg(species)", "add a cast"),
        ("SELECT max(sepal), species FROM iris", "", "species", "ANY_VALUE"),
        ("SELECT 'é', '日本', specie FROM iris", "column", "specie", "did you mean `species`?"),
        ("SELECT 1,\r\n  specie\r\nFROM iris", "column", "specie", "did you mean `species`?"),
    ],
)
def test_a_wrong_query_is_a_problem_with_its_place(
    rehearsal: Rehearsal, sql: str, kind: str, at: str, hint: str
) -> None:
    found = problem(rehearsal.describe, sql)
    assert found.kind == kind
    assert found.offset is not None
    assert sql[found.offset : found.offset + found.length] == at
    assert hint in found.hint
    assert "LINE" not in str(found)
    assert "Error:" not in str(found)
    assert rehearsal.describe("FROM iris"), "and the rehearsal goes on"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("INSERT INTO irris VALUES (1)", "table"),
        ("INSERT INTO iris(petal) VALUES (1)", "column"),
        ("INSERT INTO iris VALUES (1)", ""),
        ("UPDATE iris SET specie = 'x'", "column"),
        ("DELETE FROM irris", "table"),
        ("TRUNCATE irris", "table"),
        ("DROP TABLE irris", "table"),
        ("ALTER TABLE iris DROP COLUMN petal", "column"),
        ("ALTER TABLE iris ALTER petal TYPE INT", "column"),
        ("CREATE TABLE t AS SELECT petal FROM iris", "column"),
        ("CREATE TABLE no.t AS SELECT 1", "schema"),
        ("CREATE TABLE iris AS SELECT 1", "exists"),
        ("CREATE VIEW iris AS SELECT 1", "exists"),
        ("CREATE OR REPLACE VIEW iris AS SELECT 1", "exists"),
        ("COPY irris TO 'x.csv'", "table"),
        ("CREATE TABLE t AS SELECT * FROM 'nothing.parquet'", "file"),
        ("INSERT INTO iris VALUES ('abc', 1)", ""),
        ("CREATE TABEL t(a INT)", "syntax"),
    ],
)
def test_a_wrong_statement_is_a_problem_and_the_rehearsal_goes_on(
    rehearsal: Rehearsal, sql: str, kind: str
) -> None:
    rehearsal.apply("CREATE TABLE mine AS SELECT 1 AS a")
    assert problem(rehearsal.apply, sql).kind == kind
    assert names(rehearsal.describe("FROM mine")) == ["a"]
    rehearsal.apply("CREATE TABLE more AS SELECT 1 AS a")
    assert names(rehearsal.describe("FROM more")) == ["a"]


def test_what_a_wrong_statement_would_have_made_is_not_missed_again(rehearsal: Rehearsal) -> None:
    problem(rehearsal.apply, "CREATE TABLE t AS SELECT petal FROM iris")
    assert rehearsal.describe("SELECT anything FROM t") is None
    assert problem(rehearsal.describe, "FROM u").kind == "table"


def test_a_step_that_may_be_reused_may_make_what_exists(rehearsal: Rehearsal) -> None:
    rehearsal.apply("CREATE TABLE iris AS SELECT 1 AS a", exists_ok=True)
    assert names(rehearsal.describe("FROM iris")) == ["a"]


def test_after_what_nobody_can_foresee_unknown_names_pass(rehearsal: Rehearsal) -> None:
    rehearsal.apply("ATTACH 'other.db' AS other")
    assert rehearsal.describe("SELECT a FROM other.t") is None
    assert rehearsal.describe("SELECT foo(1)") is None
    assert names(rehearsal.describe("FROM iris")) == ["sepal", "species"]
    rehearsal.apply("CREATE TABLE t AS SELECT a FROM other.t")
    assert rehearsal.describe("FROM t") is None
    assert problem(rehearsal.describe, "SELEC 1").kind == "syntax"


@pytest.mark.parametrize(
    "sql",
    [
        "LOAD spatial",
        "PRAGMA memory_limit = '1GB'",
        "SET threads = 1",
        "CALL pragma_version()",
        "BEGIN",
        "COMMIT",
        "CHECKPOINT",
        "PREPARE p AS SELECT 1",
        "CREATE PERSISTENT SECRET s (TYPE s3)",
        "CREATE INDEX i ON iris(sepal)",
        "EXPORT DATABASE 'nowhere'",
        "VACUUM",
        "PIVOT iris ON species",
    ],
)
def test_statements_that_would_reach_outside_are_not_executed(
    database: DuckDB, rehearsal: Rehearsal, sql: str
) -> None:
    settings = "SELECT list(value) FROM duckdb_settings() WHERE name IN ('threads', 'memory_limit')"
    before = database.table(settings).to_pylist()
    rehearsal.apply(sql)
    assert database.table(settings).to_pylist() == before
    assert rehearsal.describe("FROM iris")
    rehearsal.apply("CREATE TABLE t AS SELECT 1")
    assert rehearsal.describe("FROM t")


def test_a_file_that_the_program_writes_may_be_read(rehearsal: Rehearsal) -> None:
    rehearsal.apply("COPY iris TO 'made.parquet'")
    assert rehearsal.describe("SELECT sepal FROM 'made.parquet'") is None
    assert problem(rehearsal.describe, "FROM irris").kind == "table"


def test_use_is_followed(rehearsal: Rehearsal) -> None:
    rehearsal.apply("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a; USE s")
    assert names(rehearsal.describe("FROM t")) == ["a"]
    assert set(rehearsal.tables()) == {"t", "main.iris"}


PIVOT = "SELECT * FROM (PIVOT iris ON species USING avg(sepal))"


def test_a_pivot_has_columns_that_its_rows_tell(database: DuckDB, rehearsal: Rehearsal) -> None:
    database.execute("CREATE VIEW v AS FROM iris; CREATE TABLE other AS SELECT 1 AS x")
    rehearsal.apply(PIVOT)
    rehearsal.apply("INSERT INTO other VALUES (2)")
    rehearsal.apply(f"CREATE TABLE turned AS {PIVOT}")
    described = database.table(f"DESCRIBE {PIVOT}").to_pydict()
    columns = (Column("setosa", *described["column_type"]),)
    for query in (PIVOT, f"{PIVOT};", PIVOT.replace("iris", "v"), "-- a comment\nFROM turned"):
        assert rehearsal.describe(query) == columns
    assert problem(rehearsal.describe, "FROM nope").kind == "table"


@pytest.mark.parametrize(
    "before",
    [
        "INSERT INTO iris VALUES (1, 'other')",
        "CREATE OR REPLACE TABLE iris AS SELECT 1.5 AS sepal, 'other' AS species",
        "DELETE FROM iris",
        "COPY iris TO 'made.parquet'",
        "CALL checkpoint()",
    ],
)
def test_a_pivot_of_rows_that_the_program_changes_has_columns_that_only_the_run_tells(
    database: DuckDB, before: str
) -> None:
    database.execute("CREATE VIEW v AS FROM iris; CREATE VIEW w AS FROM v")
    for query in (PIVOT, PIVOT.replace("iris", "w")):
        with database.rehearse() as rehearsal:
            rehearsal.apply(before)
            assert rehearsal.describe(query) is None
            rehearsal.apply(f"CREATE TABLE turned AS {query}")
            assert rehearsal.describe("SELECT other FROM turned") is None


def test_a_misspelt_name_in_a_pivot_is_found_where_it_stands(rehearsal: Rehearsal) -> None:
    for sql, name, kind in (
        ("PIVOT iris ON specis USING avg(sepal)", "specis", "column"),
        ("FROM (PIVOT irs ON species)", "irs", "table"),
    ):
        found = problem(rehearsal.describe, sql)
        assert (found.kind, found.offset) == (kind, sql.index(name))
        assert "did you mean" in found.hint
        assert problem(rehearsal.apply, sql).offset == sql.index(name)


def test_a_table_can_be_pretended(rehearsal: Rehearsal) -> None:
    columns = (
        Column("a b", "ENUM('x', 'y')"),
        Column("n", '"NULL"'),
        Column("s", 'STRUCT(a INTEGER, "b b" DECIMAL(5,2)[])'),
    )
    rehearsal.create("made", columns)
    assert rehearsal.describe("FROM made") == columns
    rehearsal.create("MADE", columns[:1])
    assert rehearsal.describe("FROM made") == columns[:1]
    assert problem(rehearsal.create, "no.t", columns).kind == "schema"
    rehearsal.apply("CREATE VIEW v AS SELECT 1")
    assert problem(rehearsal.create, "v", columns).kind == "exists"


def test_tables_lists_tables_and_views(rehearsal: Rehearsal) -> None:
    rehearsal.apply("CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 1; CREATE TEMP TABLE t(a INT)")
    assert set(rehearsal.tables()) == {"iris", "s.v", "t"}


def test_views_lists_what_makes_them(database: DuckDB) -> None:
    database.execute("CREATE VIEW old AS SELECT sepal FROM iris")
    with database.rehearse() as rehearsal:
        assert set(rehearsal.views()) == {"old"}
        assert "iris" in rehearsal.views()["old"]
        rehearsal.apply("CREATE SCHEMA s; CREATE VIEW s.v AS FROM iris")
        rehearsal.apply('CREATE OR REPLACE TEMP VIEW "new one" AS SELECT 1')
        assert set(rehearsal.views()) == {"old", "s.v", "new one"}
        assert "CREATE" in rehearsal.views()["new one"]
        problem(rehearsal.apply, "CREATE VIEW bad AS SELECT petal FROM iris")
        rehearsal.apply("DROP VIEW old")
        rehearsal.apply("CREATE TABLE t AS FROM s.v")
        assert set(rehearsal.views()) == {"s.v", "new one"}


def test_attached_tables_can_be_described(database: DuckDB) -> None:
    import pyarrow as pa

    database.attach_tables({"sqlml_models": lambda: pa.table({"name": ["m"]})})
    with database.rehearse() as rehearsal:
        assert rehearsal.describe("FROM sqlml_models") == (Column("name", "VARCHAR"),)
        rehearsal.apply("CREATE TABLE t AS SELECT name AS n FROM sqlml_models")
        problem(rehearsal.apply, "CREATE TABLE u AS SELECT * FROM 'nothing.csv'")
        assert names(rehearsal.describe("FROM t")) == ["n"]
        assert "sqlml_models" in rehearsal.tables()
        assert not rehearsal.views()


def test_ten_errors_that_end_the_transaction_are_forgotten(rehearsal: Rehearsal) -> None:
    rehearsal.apply("CREATE TABLE t AS SELECT sepal FROM iris")
    for _ in range(10):
        found = problem(rehearsal.apply, "CREATE TABLE u AS SELECT * FROM 'nothing.csv'")
        assert found.kind == "file"
    assert names(rehearsal.describe("FROM t")) == ["sepal"]


def test_after_very_many_of_them_the_rehearsal_knows_nothing(rehearsal: Rehearsal) -> None:
    rehearsal.apply("CREATE TABLE t AS SELECT sepal FROM iris")
    for _ in range(50):
        with contextlib.suppress(QueryProblem):
            rehearsal.apply("CREATE TABLE u AS SELECT * FROM 'nothing.csv'")
    assert rehearsal.describe("FROM t") is None


WORDS = [
    "SELECT",
    "FROM",
    "iris",
    "(",
    ")",
    ",",
    "*",
    "1",
    "'a'",
    '"b"',
    "--",
    "/*",
    "\n",
    ";",
    "é",
]


@given(st.text(max_size=200) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_described_refused_or_left_to_the_run(text: str) -> None:
    database = DuckDB.open()
    place = 0
    with database.rehearse() as rehearsal:
        try:
            rehearsal.describe(text)
        except QueryProblem as found:
            place = found.offset or 0
        assert 0 <= place <= len(text)
        assert names(rehearsal.describe("SELECT 1 AS a")) == ["a"]
    database.close()


def test_a_table_that_may_exist_is_created_once_and_kept(database: DuckDB) -> None:
    with database.rehearse() as rehearsal:
        for number in (1, 2):
            sql = f"CREATE TABLE IF NOT EXISTS kept AS SELECT {number} AS a{number}"
            rehearsal.apply(sql, exists_ok=True)
        assert rehearsal.describe("FROM kept") == (Column("a1", "INTEGER"),)
