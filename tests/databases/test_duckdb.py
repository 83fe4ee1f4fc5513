"""DuckDB as the rest of sqlml uses it, checked with DuckDB and pyarrow by hand."""

import decimal
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from sqlml.databases.database import QueryProblem
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import SqlmlError, StepError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DuckDB]:
    opened = DuckDB.open(tmp_path / "d.duckdb")
    yield opened
    opened.close()


def numbers(database: DuckDB, sql: str) -> list[int]:
    return database.table(sql).column(0).to_pylist()


def reader(*batches: list[int], column: str = "a") -> pa.RecordBatchReader:
    made = [pa.record_batch({column: pa.array(values, pa.int64())}) for values in batches]
    return pa.RecordBatchReader.from_batches(made[0].schema, iter(made))


def failing(after: int) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for _ in range(after):
            yield pa.record_batch({"a": [1]})
        raise StepError()

    return pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), batches())


def test_row_groups_are_full_whatever_batches_the_rows_come_in(database: DuckDB) -> None:
    rows, full = 300_000, 122_880
    batches = [list(range(start, min(start + 65_536, rows))) for start in range(0, rows, 65_536)]
    assert database.replace("t", reader(*batches, [])) == rows
    assert numbers(database, "SELECT a FROM t") == list(range(rows))
    written = numbers(
        database,
        "SELECT sum(count)::BIGINT FROM pragma_storage_info('t') WHERE segment_type = 'BIGINT'"
        " GROUP BY row_group_id ORDER BY row_group_id",
    )
    assert written == [full, full, rows - 2 * full]


def test_what_is_written_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "d.duckdb"
    first = DuckDB.open(path)
    first.replace("t", reader([1, 2], [3]))
    first.close()
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT list(a) FROM t").fetchone() == ([1, 2, 3],)


def test_rows_come_in_batches_and_in_order(database: DuckDB) -> None:
    batches = list(database.rows("SELECT i FROM range(10000) r(i)", batch_rows=1000))
    assert len(batches) == 10
    assert pa.Table.from_batches(batches).column("i").to_pylist() == list(range(10000))


def test_arrow_types_are_those_that_arrow_can_compute_with(database: DuckDB) -> None:
    sql = "SELECT 'a' s, 1.5 d, 1::HUGEINT h, DATE '2020-01-01' t, [1] l, uuid() u, NULL::INT n"
    types = {field.name: field.type for field in database.rows(sql).schema}
    assert types["s"] == pa.string()
    assert types["d"] == pa.decimal128(2, 1)
    assert types["h"] == pa.decimal128(38, 0)
    assert types["t"] == pa.date32()
    assert types["l"] == pa.list_(pa.int32())
    assert types["u"] == pa.string()
    assert types["n"] == pa.int32()


def test_a_change_gives_no_result_set_and_a_query_does(database: DuckDB) -> None:
    assert database.execute("CREATE TABLE t(a INT)") is None
    assert database.execute("INSERT INTO t VALUES (1), (2)") is None
    assert database.execute("CHECKPOINT") is None
    assert database.execute("SET threads = 2") is None
    assert database.execute("INSERT INTO t VALUES (3) RETURNING a").to_pylist() == [{"a": 3}]
    assert database.execute("FROM t").column("a").to_pylist() == [1, 2, 3]
    assert database.execute("SELECT count(*) AS Count FROM t").to_pylist() == [{"Count": 3}]
    assert database.execute("-- nothing") is None


def test_a_table_is_replaced(database: DuckDB) -> None:
    assert database.replace("t", reader([1, 2])) == 2
    assert database.replace("t", reader([7], column="b")) == 1
    assert database.table("SELECT * FROM t").to_pylist() == [{"b": 7}]


def test_a_table_can_be_replaced_by_its_own_rows(database: DuckDB) -> None:
    database.execute("CREATE TABLE t AS SELECT i AS a FROM range(200000) r(i)")
    assert database.replace("t", database.rows("SELECT a + 1 AS a FROM t", 10000)) == 200000
    assert numbers(database, "SELECT sum(a)::BIGINT FROM t") == [200000 * 200001 // 2]


@pytest.mark.parametrize("after", [0, 1, 1000])
def test_when_the_rows_fail_their_error_is_raised_and_the_old_table_stays(
    database: DuckDB, after: int
) -> None:
    database.replace("t", reader([1, 2]))
    with pytest.raises(StepError):
        database.replace("t", failing(after))
    assert numbers(database, "SELECT a FROM t") == [1, 2]


def test_names_with_schemas_and_odd_characters_are_written(database: DuckDB) -> None:
    database.execute('CREATE SCHEMA "my schema"')
    database.replace('"my schema"."my ""table"""', reader([1]))
    assert numbers(database, 'SELECT a FROM "my schema"."my ""table"""') == [1]


def test_an_unknown_schema_is_an_error_that_says_how_to_make_it(database: DuckDB) -> None:
    with pytest.raises(StepError) as raised:
        database.replace("sales.t", reader([1]))
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, diagnostic.about) == ("E0611", "into")
    assert "CREATE SCHEMA sales" in diagnostic.hint


def test_a_view_is_not_replaced_by_a_table(database: DuckDB) -> None:
    database.execute("CREATE VIEW v AS SELECT 1 AS x")
    with pytest.raises(StepError) as raised:
        database.replace("v", reader([1]))
    assert raised.value.diagnostics[0].code == "E0610"
    assert "view" in raised.value.diagnostics[0].message
    assert numbers(database, "SELECT x FROM v") == [1]


def test_types_that_arrow_does_not_have_are_kept_when_named(database: DuckDB) -> None:
    database.execute(
        "CREATE TYPE mood AS ENUM ('good', 'bad');"
        "CREATE TABLE t AS SELECT 5::HUGEINT h, uuid() u, 'good'::mood m, '1'::JSON j, 1::BIT b"
    )
    described = database.table("DESCRIBE t").to_pydict()
    types = dict(zip(described["column_name"], described["column_type"], strict=True))
    types.pop("b")
    before = database.table("SELECT h, u, m, j FROM t").to_pylist()
    database.replace("t", database.rows("SELECT h, u, m, j FROM t"), types)
    after = database.table("DESCRIBE t").to_pydict()
    assert dict(zip(after["column_name"], after["column_type"], strict=True)) == types
    assert database.table("SELECT h, u, m, j FROM t").to_pylist() == before
    assert before[0]["h"] == decimal.Decimal(5)
    assert uuid.UUID(before[0]["u"])


def test_a_problem_while_rows_are_read_is_located(database: DuckDB) -> None:
    database.execute("CREATE TABLE t AS SELECT i, i::VARCHAR s FROM range(100000) r(i)")
    database.execute("UPDATE t SET s = 'oops' WHERE i = 99999")
    stream = database.rows("SELECT CAST(s AS INT) FROM t", 1000)
    with pytest.raises(QueryProblem, match="could not convert string 'oops'"):
        for _ in stream:
            pass


def test_a_refused_statement_raises_a_problem_with_its_place(database: DuckDB) -> None:
    database.execute("CREATE TABLE iris(species VARCHAR)")
    for run in (database.rows, database.table, database.execute):
        with pytest.raises(QueryProblem) as raised:
            run("SELECT /* é */ specie FROM iris")
        problem = raised.value
        assert (problem.kind, problem.offset, problem.length) == ("column", 15, 6)
        assert problem.hint == "did you mean `species`?"


def test_sql_does_not_see_python_variables(database: DuckDB) -> None:
    frame = pa.table({"a": [1]})
    assert frame.num_rows == 1
    with pytest.raises(QueryProblem, match="there is no table `frame`"):
        database.table("SELECT * FROM frame")


def test_a_fingerprint_changes_with_content_and_schema_and_with_nothing_else(
    database: DuckDB,
) -> None:
    database.execute("CREATE TABLE t AS SELECT i a, {'x': [i]} b FROM range(1000) r(i)")
    first = database.fingerprint("t")
    assert database.fingerprint("T") == first
    assert database.fingerprint("main.t") == first
    database.execute("CREATE OR REPLACE TABLE t AS SELECT i a, {'x': [i]} b FROM range(1000) r(i)")
    assert database.fingerprint("t") == first
    database.execute("UPDATE t SET a = -1 WHERE a = 5")
    changed = database.fingerprint("t")
    database.execute("UPDATE t SET a = 5 WHERE a = -1")
    assert database.fingerprint("t") == first != changed
    database.execute("ALTER TABLE t RENAME b TO c")
    assert database.fingerprint("t") != first


def test_views_and_odd_types_have_fingerprints_and_missing_tables_none(database: DuckDB) -> None:
    database.execute(
        "CREATE TABLE t AS SELECT MAP {'a': 1} m, [[1]] l, union_value(u := 1) u, NULL n, uuid() i;"
        "CREATE VIEW v AS SELECT m FROM t"
    )
    assert database.fingerprint("t")
    assert database.fingerprint("v")
    assert database.fingerprint("nothing") is None
    assert database.fingerprint("no.thing") is None
    before = database.fingerprint("v")
    database.execute("INSERT INTO t(m) VALUES (MAP {'a': 2})")
    assert database.fingerprint("v") not in (None, before)


def test_a_file_fingerprint_follows_the_files(database: DuckDB, tmp_path: Path) -> None:
    pattern = str(tmp_path / "*.csv")
    assert database.file_fingerprint(pattern) is None
    (tmp_path / "a.csv").write_text("1")
    first = database.file_fingerprint(pattern)
    assert first == database.file_fingerprint(pattern) != None  # noqa: E711
    (tmp_path / "b.csv").write_text("1")
    assert database.file_fingerprint(pattern) != first
    assert database.file_fingerprint("s3://bucket/x.csv") is None


def test_attached_tables_are_read_as_they_are_when_a_statement_names_them(
    database: DuckDB,
) -> None:
    calls = []

    def make() -> pa.Table:
        calls.append(1)
        return pa.table({"n": [len(calls)]})

    database.attach_tables({"sqlml_models": make})
    database.execute("CREATE TABLE t AS SELECT 1 AS sqlml_models_count")
    assert not calls
    assert numbers(database, "SELECT n FROM SQLML_Models") == [1]
    assert numbers(database, 'SELECT m.n FROM "sqlml_models" m') == [2]
    assert database.rows("FROM sqlml_models").read_all().to_pylist() == [{"n": 3}]


def test_statements_of_several_threads_run_side_by_side(database: DuckDB) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                database.replace(f"t{number}", reader([turn] * 1000))
                assert numbers(database, f"SELECT sum(a)::BIGINT FROM t{number}") == [turn * 1000]
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_reader_that_nobody_finishes_holds_nothing_up(database: DuckDB) -> None:
    stream = database.rows("SELECT i FROM range(10000000) r(i)", 1000)
    next(iter(stream))
    unused = database.rows("SELECT 1")
    del stream, unused
    assert numbers(database, "SELECT 1") == [1]
    database.close()


class TestSingleConnection:
    """One connection, whose state statements share."""

    @pytest.fixture
    def single(self, database: DuckDB) -> DuckDB:
        database.single_connection = True
        return database

    def test_statements_share_its_state(self, single: DuckDB) -> None:
        single.execute("CREATE TEMP TABLE t AS SELECT 1 AS a")
        single.execute("SET VARIABLE x = 5")
        assert numbers(single, "SELECT a + getvariable('x') FROM t") == [6]
        assert single.fingerprint("t")

    def test_a_transaction_spans_statements(self, single: DuckDB) -> None:
        single.execute("CREATE TABLE t AS SELECT 1 AS a")
        single.execute("BEGIN")
        single.replace("t", reader([5]))
        assert numbers(single, "SELECT a FROM t") == [5]
        single.execute("ROLLBACK")
        assert numbers(single, "SELECT a FROM t") == [1]

    def test_rows_outlive_the_next_statement(self, single: DuckDB) -> None:
        stream = single.rows("SELECT i AS a FROM range(100000) r(i)", 1000)
        single.execute("CREATE TABLE other AS SELECT 1 AS a")
        assert single.replace("t", stream) == 100000
        assert numbers(single, "SELECT sum(a)::BIGINT FROM t") == [100000 * 99999 // 2]

    def test_its_state_ends_with_it(self, single: DuckDB) -> None:
        single.execute("CREATE TEMP TABLE t AS SELECT 1 AS a; CREATE SCHEMA s; USE s")
        single.single_connection = False
        assert numbers(single, "SELECT 1 WHERE current_schema() = 'main'") == [1]
        with pytest.raises(QueryProblem):
            single.table("FROM t")
        single.single_connection = True
        with pytest.raises(QueryProblem):
            single.table("FROM t")

    def test_several_threads_take_turns(self, single: DuckDB) -> None:
        threads = [
            threading.Thread(target=single.replace, args=(f"t{number}", reader([number])))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(numbers(single, "SELECT 1 FROM duckdb_tables()")) == 8


@pytest.mark.parametrize("single", [False, True])
def test_a_running_statement_can_be_interrupted(database: DuckDB, single: bool) -> None:
    database.single_connection = single
    codes: list[str] = []

    def work() -> None:
        try:
            database.table("SELECT count(*) FROM range(10000000000) a(i) WHERE hash(i) = 1")
        except SqlmlError as error:
            codes.append(error.diagnostics[0].code)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        time.sleep(0.05)
        database.interrupt()
    assert codes == ["E0608"]
    assert numbers(database, "SELECT 1") == [1]


def test_an_interrupted_stream_says_so(database: DuckDB) -> None:
    stream = database.rows("SELECT i FROM range(1000000000) r(i)", 1000)
    next(iter(stream))
    database.interrupt()
    with pytest.raises(StepError) as raised:
        for _ in stream:
            pass
    assert raised.value.diagnostics[0].code == "E0608"


def test_a_query_that_needs_too_much_memory_is_an_error_of_its_own(tmp_path: Path) -> None:
    database = DuckDB.open(tmp_path / "d.duckdb")
    database.execute("SET memory_limit = '30MB'; SET max_temp_directory_size = '0KB'")
    with pytest.raises(StepError) as raised:
        database.table("SELECT list(md5(i::VARCHAR)) FROM range(3000000) r(i)")
    assert raised.value.diagnostics[0].code in ("E0606", "E0607")
    assert numbers(database, "SELECT 1") == [1]
    database.close()


def test_a_detached_table_is_gone_and_the_others_stay(database: DuckDB) -> None:
    table = pa.table({"n": [1, 2]})
    database.attach_tables({"Kept_Rows": lambda: table, "other_rows": lambda: table})
    database.detach_tables(["kept_rows"])
    assert database.table("SELECT sum(n) AS s FROM other_rows").column(0).to_pylist() == [3]
    with pytest.raises(QueryProblem, match="kept_rows"):
        database.table("SELECT * FROM kept_rows")
