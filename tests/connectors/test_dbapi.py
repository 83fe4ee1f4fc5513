"""PEP 249: transactions, values, errors."""

import gc
import shutil
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pytest

import sqlml
from sqlml.connectors import dbapi

VALUES: list[Any] = [
    None, True, False, 0, 7, -7, 2**100, 1.5, -0.1, float("inf"), Decimal("1.25"), Decimal("-1E+3"),
    Decimal("0.001"), "", "it's", 'a "b" \\ ; ? -- TO TRAIN', "naïve ✓", b"", b"\x00\xff'",
    date(2024, 2, 29), datetime(2024, 2, 29, 12, 30, 15, 250), time(23, 59, 59, 1),
    datetime(2024, 2, 29, 12, tzinfo=UTC), timedelta(days=3, seconds=2, microseconds=1),
    UUID("881b8200-64aa-407c-b5c2-31280d198797"), [1, 2, 3], ["a'", None], {"a": 1, "b": [True]},
]  # fmt: skip


def test_the_module_and_the_package_are_one_interface() -> None:
    assert sqlml.connect is dbapi.connect
    assert {name: getattr(sqlml, name) for name in dbapi.__all__} == {
        name: getattr(dbapi, name) for name in dbapi.__all__
    }


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_went_in_however_it_is_passed(
    cursor: sqlml.Cursor, value: object
) -> None:
    bound = cursor.execute("SELECT ?, typeof(?)", [value, value]).fetchall()
    assert bound[0][0] == value
    # a call of a model makes the compiler see the whole text, where values become literals
    text = "SELECT ?, typeof(?), PREDICT('m', 1.0, 1.0, 1.0, 1.0)"
    written = cursor.execute(text, [value, value]).fetchall()
    assert written == [(*bound[0], "setosa")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.datetime64("2024-02-29T12:30:15.000250000"), datetime(2024, 2, 29, 12, 30, 15, 250)),
        (np.datetime64("NaT"), None),
        (np.timedelta64(90, "s"), timedelta(seconds=90)),
        (np.arange(3), [0, 1, 2]),
    ],
    ids=repr,
)
def test_values_of_numpy_are_those_of_python(
    cursor: sqlml.Cursor, value: Any, expected: Any
) -> None:
    assert cursor.execute("SELECT ?", [value]).fetchone() == (expected,)
    query = "SELECT x FROM (SELECT *, ? AS x FROM iris TO PREDICT USING m) AS v LIMIT 1"
    assert cursor.execute(query, [value]).fetchone() == (expected,)
    with pytest.raises(sqlml.ProgrammingError, match="one value of type int"):
        cursor.execute("SELECT ?", 7)


def test_a_value_that_sql_cannot_write_is_refused(cursor: sqlml.Cursor) -> None:
    with pytest.raises(sqlml.ProgrammingError, match="E0882"):
        cursor.execute("SELECT PREDICT('m', ?, 1, 1, 1)", [object()])
    for clause in ("LABEL species INTO ?", "WITH max_depth = ? LABEL species INTO n"):
        with pytest.raises(sqlml.ProgrammingError, match="E0881"):
            cursor.execute(f"SELECT * FROM iris TO TRAIN xgboost.gbtree {clause}", ["x"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SELECT ?", []),
        ("SELECT ?", None),
        ("SELECT 1", [1]),
        ("SELECT PREDICT('m', ?, 1, 1, 1)", []),
        ("SELECT PREDICT('m', ?, 1, 1, 1)", {"a": 1}),
    ],
)
def test_the_number_of_values_is_checked(cursor: sqlml.Cursor, text: str, values: Any) -> None:
    with pytest.raises(sqlml.ProgrammingError, match="E0885"):
        cursor.execute(text, values)


def test_parameters_may_be_named_and_numbered(cursor: sqlml.Cursor) -> None:
    assert cursor.execute("SELECT $2, $1, $2", [1, 2]).fetchall() == [(2, 1, 2)]
    assert cursor.execute("SELECT $a || $b", {"a": "x", "b": "y"}).fetchall() == [("xy",)]
    cursor.execute("SELECT ? + ?; SELECT ?", [1, 2, 3])
    assert cursor.fetchall() == [(3,)]


def test_columns_are_described_with_codes_equal_to_the_type_objects(cursor: sqlml.Cursor) -> None:
    cursor.execute(
        "SELECT 1::DECIMAL(9, 2) AS n, 'x' AS s, 'x'::BLOB AS b, now() AS t, [1] AS l,"
        " {'a': 1} AS r, 'a'::ENUM('a') AS e, true AS f"
    )
    assert cursor.description is not None
    codes = [column[1] for column in cursor.description]
    kinds = [sqlml.STRING, sqlml.BINARY, sqlml.NUMBER, sqlml.DATETIME, sqlml.ROWID]
    found = [[repr(kind) for kind in kinds if kind == code] for code in codes]
    assert found == [
        ["NUMBER"],
        ["STRING"],
        ["BINARY"],
        ["DATETIME"],
        [],
        [],
        ["STRING"],
        ["NUMBER"],
    ]
    assert cursor.description[0] == ("n", "DECIMAL(9,2)", None, None, 9, 2, None)


def test_rowcount_counts_what_a_statement_changed(cursor: sqlml.Cursor) -> None:
    statements = (
        "CREATE TABLE c (a INT)",
        "INSERT INTO c SELECT * FROM range(5)",
        "UPDATE c SET a = 0 WHERE a > 2",
        "SELECT * FROM c",
        "DELETE FROM c",
        "DROP TABLE c",
    )
    assert [cursor.execute(sql).rowcount for sql in statements] == [-1, 5, 2, -1, 5, -1]


def test_cursors_share_a_transaction_that_others_do_not_see(path: Path) -> None:
    with sqlml.connect(path) as one, sqlml.connect(path) as other:
        one.execute("CREATE TABLE shared AS SELECT 1 AS a")
        assert one.in_transaction
        assert one.execute("FROM shared").fetchall() == [(1,)]
        with pytest.raises(sqlml.ProgrammingError, match="there is no table `shared`"):
            other.execute("FROM shared")
        one.rollback()
        assert not one.in_transaction
        with pytest.raises(sqlml.ProgrammingError, match="there is no table `shared`"):
            one.execute("FROM shared")
        one.execute("CREATE TABLE shared AS SELECT 2 AS a")
        one.commit()
        assert other.execute("FROM shared").fetchall() == [(2,)]
        other.execute("DROP TABLE shared")


def test_a_misspelt_name_does_not_end_a_transaction(connection: sqlml.Connection) -> None:
    connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
    with pytest.raises(sqlml.ProgrammingError, match="E0302"):
        connection.execute("SELECT b FROM kept")
    assert connection.execute("FROM kept").fetchall() == [(1,)]


def test_transactions_can_be_written_out_or_left_out(path: Path) -> None:
    with sqlml.connect(path, autocommit=True) as connection:
        connection.execute("CREATE TABLE at_once AS SELECT 1 AS a")
        connection.rollback()
        connection.execute("BEGIN")
        connection.execute("INSERT INTO at_once VALUES (2)")
        connection.execute("ROLLBACK")
        connection.execute("BEGIN; DELETE FROM at_once")
        connection.rollback()
        assert connection.execute("FROM at_once").fetchall() == [(1,)]
        connection.autocommit = False
        connection.execute("DROP TABLE at_once")
        connection.autocommit = True
        connection.rollback()
        with pytest.raises(sqlml.Error, match="there is no table"):
            connection.execute("FROM at_once")


def test_a_with_block_commits_or_rolls_back_and_closes(path: Path) -> None:
    with sqlml.connect(path) as connection:
        connection.execute("CREATE TABLE blocks (a INT)")
    assert connection.closed
    with pytest.raises(ZeroDivisionError), sqlml.connect(path) as connection:  # noqa: PT012
        connection.execute("INSERT INTO blocks VALUES (1)")
        raise ZeroDivisionError
    with sqlml.connect(path) as connection:
        assert connection.execute("FROM blocks").fetchall() == []
        connection.execute("DROP TABLE blocks")


def test_what_is_closed_says_so(path: Path) -> None:
    connection = sqlml.connect(path)
    cursor = connection.cursor()
    with connection.cursor() as closed:
        pass
    closed.close()
    for call in (closed.fetchall, lambda: closed.execute("SELECT 1")):
        with pytest.raises(sqlml.InterfaceError, match="E0884"):
            call()
    connection.close()
    connection.close()
    for call in (connection.commit, connection.cursor, lambda: cursor.execute("SELECT 1")):
        with pytest.raises(sqlml.InterfaceError, match="E0884"):
            call()


def test_without_rows_there_is_nothing_to_fetch(cursor: sqlml.Cursor) -> None:
    cursor.execute("CREATE TABLE nothing (a INT)")
    assert cursor.description is None
    for fetch in (cursor.fetchone, cursor.fetchall, cursor.fetch_arrow_table):
        with pytest.raises(sqlml.InterfaceError, match="E0886"):
            fetch()


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELEC 1", sqlml.ProgrammingError),
        ("SELECT nix FROM iris", sqlml.ProgrammingError),
        ("FROM nix", sqlml.ProgrammingError),
        ("SELECT 'x'::INTEGER", sqlml.DataError),
        ("SELECT 9223372036854775807 + 1", sqlml.DataError),
        ("CREATE TABLE k (a INT PRIMARY KEY); INSERT INTO k VALUES (1), (1)", sqlml.IntegrityError),
        ("CREATE TABLE k (a INT NOT NULL); INSERT INTO k VALUES (NULL)", sqlml.IntegrityError),
        ("SELECT * FROM 'nix.csv'", sqlml.OperationalError),
        ("COMMIT", sqlml.OperationalError),
        ("SELECT * FROM iris TO TRANE x", sqlml.ProgrammingError),
        ("SELECT * FROM iris TO PREDICT USING nix", sqlml.ProgrammingError),
        ("SELECT PREDICT('nix', iris) FROM iris", sqlml.ProgrammingError),
    ],
)
def test_errors_are_of_the_kinds_of_the_standard(
    cursor: sqlml.Cursor, sql: str, kind: type[sqlml.Error]
) -> None:
    with pytest.raises(kind) as caught:
        cursor.execute(sql).fetchall()
    assert caught.type is kind
    assert isinstance(caught.value, sqlml.SqlmlError)
    assert caught.value.diagnostics


def test_an_error_shows_its_place_and_a_way_out(cursor: sqlml.Cursor) -> None:
    with pytest.raises(sqlml.ProgrammingError) as caught:
        cursor.execute("SELECT 1;\nSELECT speciez FROM iris WHERE species = ?", ["x"])
    assert str(caught.value) == (
        "error[E0302]: there is no column `speciez`\n"
        " --> <statement>:2:8\n"
        "  |\n"
        "2 | SELECT speciez FROM iris WHERE species = ?\n"
        "  |        ^^^^^^^\n"
        "  hint: did you mean `species`?"
    )


def test_an_error_while_rows_are_fetched_is_one_of_ours(cursor: sqlml.Cursor) -> None:
    cursor.execute(
        "SELECT CASE WHEN i < 100000 THEN i ELSE error('too far') END FROM range(10000000) t(i)"
    )
    with pytest.raises(sqlml.DatabaseError, match="too far"):
        for _ in cursor:
            pass


def test_cursors_that_take_turns_lose_no_rows(connection: sqlml.Connection) -> None:
    one = connection.execute("SELECT i FROM range(10000) t(i)")
    assert one.fetchone() == (0,)
    other = connection.execute("SELECT i FROM range(5) t(i)")
    assert [row for (row,) in one] == list(range(1, 10_000))
    assert other.fetchall() == [(i,) for i in range(5)]
    assert other.rownumber == 5


def test_executemany_runs_a_statement_for_each_set_of_values(cursor: sqlml.Cursor) -> None:
    cursor.execute("CREATE TABLE many (a INT, b TEXT, c DECIMAL(9, 2) DEFAULT 7)")
    rows = [(i, None if i % 3 else f"it's {i}") for i in range(1000)]
    cursor.executemany("INSERT INTO many (a, b) VALUES (?, ?)", rows)
    assert cursor.rowcount == 1000
    assert cursor.execute("SELECT a, b FROM many ORDER BY a").fetchall() == rows
    cursor.executemany("DELETE FROM many WHERE a BETWEEN ? AND ?", iter([(0, 9), (100, 149)]))
    assert cursor.rowcount == 60
    cursor.executemany("INSERT INTO many VALUES (?, ?, ?)", [])
    assert cursor.rowcount == 0
    with pytest.raises(sqlml.ProgrammingError):
        cursor.executemany("INSERT INTO many VALUES (?, ?, ?)", [(1, "a", 1), (1, "a")])


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_executemany_writes_what_execute_would(cursor: sqlml.Cursor, value: object) -> None:
    ((kind,),) = cursor.execute("SELECT typeof(?)", [value]).fetchall()
    kind = "INTEGER" if value is None else kind
    cursor.execute(f'CREATE TABLE one ("a b" {kind}, n INT); CREATE TABLE all_at_once AS FROM one')
    rows = [(value, 1), (None, 2), *((value, n) for n in range(3, 13))]
    for row in rows:
        cursor.execute('INSERT INTO one ("a b", n) VALUES (?, ?)', row)
    cursor.executemany('INSERT INTO all_at_once ("a b", n) VALUES (?, ?)', rows)
    assert cursor.rowcount == 12
    written = cursor.execute("FROM one ORDER BY n").fetchall()
    assert cursor.execute("FROM all_at_once ORDER BY n").fetchall() == written == rows


def test_executemany_keeps_values_of_several_types_apart(cursor: sqlml.Cursor) -> None:
    rows = [(2**60 + 1,), (1.0,), ("3",), (True,), (None,)] * 3
    cursor.execute("CREATE TABLE mixed (a BIGINT)")
    cursor.executemany("INSERT INTO mixed VALUES (?)", rows)
    assert cursor.execute("FROM mixed").fetchall() == [(2**60 + 1,), (1,), (3,), (1,), (None,)] * 3


def test_executemany_keeps_rows_that_refer_to_each_other_in_order(cursor: sqlml.Cursor) -> None:
    cursor.execute("CREATE TABLE tree (id INT PRIMARY KEY, parent INT REFERENCES tree (id))")
    cursor.executemany("INSERT INTO tree VALUES (?, ?)", [(i, i - 1 or None) for i in range(1, 20)])
    assert cursor.execute("SELECT count(parent) FROM tree").fetchall() == [(18,)]


def test_callproc_calls_scalar_and_table_functions(cursor: sqlml.Cursor) -> None:
    assert cursor.callproc("upper", ("abc",)) == ["abc"]
    assert cursor.fetchall() == [("ABC",)]
    cursor.callproc("pragma_version")
    assert len(cursor.fetchall()) == 1
    with pytest.raises(sqlml.ProgrammingError):
        cursor.callproc("no_such_function", [1])


def test_a_query_is_cancelled_from_another_thread(path: Path) -> None:
    with sqlml.connect(path) as connection:
        cursor = connection.cursor()
        cursor.cancel()  # nothing runs: nothing happens
        caught: list[BaseException] = []

        def work() -> None:
            try:
                cursor.execute("SELECT count(*) FROM range(1000000) a, range(1000000) b").fetchall()
            except sqlml.Error as error:
                caught.append(error)

        worker = Thread(target=work)
        worker.start()
        while worker.is_alive():
            cursor.cancel()
            worker.join(0.05)
        assert [type(error) for error in caught] == [sqlml.OperationalError]
        assert "E0608" in str(caught[0])
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_file_is_free_when_its_last_connection_is_closed_or_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "free.duckdb"
    one, other = sqlml.connect(path), sqlml.connect(str(path))
    one.execute("CREATE TABLE t AS SELECT 1 AS a")
    one.commit()
    one.close()
    assert other.execute("FROM t").fetchall() == [(1,)]
    del other
    gc.collect()
    with duckdb.connect(str(path), read_only=True) as alone:  # another configuration
        assert alone.execute("FROM t").fetchall() == [(1,)]


def test_a_database_that_cannot_be_opened_is_an_error_of_the_interface(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("this is no database at all")
    with pytest.raises(sqlml.ProgrammingError, match="E0602"):
        sqlml.connect(tmp_path / "text.duckdb")
    with pytest.raises(sqlml.ProgrammingError, match="E0703"):
        sqlml.connect(":memory:", thread=3)


def test_rows_that_nobody_reads_leave_some_of_the_disk(
    cursor: sqlml.Cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage("/")._replace(total=1000, free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: full)
    reader = cursor.execute("SELECT * FROM range(100000)").fetch_record_batch(1000)
    with pytest.raises(sqlml.Error, match="disk is nearly full"):  # E0606
        cursor.connection.cursor().execute("SELECT 1")
    del reader


def test_a_model_that_many_ask_at_once_is_there_for_all(path: Path) -> None:
    """The first to ask loads it; the others wait, whether or not they come later."""
    connections = [sqlml.connect(path) for _ in range(6)]
    ready, found = Barrier(len(connections)), list[object]()

    def ask(connection: sqlml.Connection) -> None:
        connection.execute("SELECT 1").fetchall()
        ready.wait(30)
        try:
            query = "SELECT PREDICT('m', iris) FROM iris LIMIT 1"
            found.extend(connection.execute(query).fetchall())
        except sqlml.Error as error:
            found.append(error)

    threads = [Thread(target=ask, args=[each]) for each in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    assert found == [("setosa",)] * len(connections)
