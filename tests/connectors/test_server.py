"""The server for PostgreSQL's clients, through real ones. psycopg decodes what it sends."""

import asyncio
import datetime as dt
import json
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pg8000.dbapi
import psycopg
import psycopg2
import pytest
from psycopg.pq import TransactionStatus

from sqlml.cli.main import cli
from sqlml.connectors.postgres import cursors
from sqlml.connectors.postgres.failures import Refused
from sqlml.connectors.postgres.portals import Text
from sqlml.connectors.postgres.values import values
from sqlml.errors import ProgramError
from tests.connectors.serving import address, certificate, serving

TRAIN = "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH train.num_boost_round = 5 LABEL species"
LONG = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"


@pytest.fixture(scope="module")
def port(path: Path) -> Iterator[int]:
    with serving(path) as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(address(port), autocommit=True) as connection:
        yield connection


VALUES = [
    ("BOOLEAN", "true", True),
    ("TINYINT", "-7", -7),
    ("SMALLINT", "-32768", -32768),
    ("INTEGER", "2147483647", 2147483647),
    ("BIGINT", "-9223372036854775808", -(2**63)),
    ("UTINYINT", "255", 255),
    ("UINTEGER", "4294967295", 2**32 - 1),
    ("UBIGINT", "18446744073709551615", Decimal(2**64 - 1)),
    ("HUGEINT", "-99999999999999999999999999999999999999", Decimal(1 - 10**38)),
    ("FLOAT", "0.1", 0.1),
    ("DOUBLE", "1e300", 1e300),
    ("DOUBLE", "'-inf'", float("-inf")),
    ("DOUBLE", "3", 3.0),
    ("DECIMAL(9,2)", "-1234567.89", Decimal("-1234567.89")),
    ("DECIMAL(38,20)", "0.00000000000000000001", Decimal("1E-20")),
    ("DECIMAL(38,10)", "-123456789012345678901234.5", Decimal("-123456789012345678901234.5")),
    ("DECIMAL(18,0)", "10000", Decimal(10000)),
    ("VARCHAR", "'a ''quoted'' \\ ü\t'", "a 'quoted' \\ ü\t"),
    ("VARCHAR", "''", ""),
    ("BLOB", "'\\x00\\xFFab'::BLOB", b"\x00\xffab"),
    ("DATE", "'1969-12-31'", dt.date(1969, 12, 31)),
    ("TIME", "'23:59:59.999999'", dt.time(23, 59, 59, 999999)),
    ("TIMESTAMP", "'1999-12-31 23:59:59.5'", dt.datetime(1999, 12, 31, 23, 59, 59, 500000)),
    ("TIMESTAMP_S", "'2020-02-29 01:02:03'", dt.datetime(2020, 2, 29, 1, 2, 3)),
    ("TIMESTAMP_NS", "'2020-02-29 01:02:03.123456'", dt.datetime(2020, 2, 29, 1, 2, 3, 123456)),
    ("TIMESTAMPTZ", "'2020-02-29 01:02:03+00'", dt.datetime(2020, 2, 29, 1, 2, 3, tzinfo=dt.UTC)),
    ("INTERVAL", "'3 days 04:05:06.7'", dt.timedelta(days=3, hours=4, minutes=5, seconds=6.7)),
    ("UUID", "'00010203-0405-0607-0809-0a0b0c0d0e0f'", uuid.UUID(bytes=bytes(range(16)))),
    ("JSON", """'{"a": [1, null]}'""", {"a": [1, None]}),
    ("INTEGER[]", "[1, NULL, 3]", [1, None, 3]),
    ("INTEGER[]", "[]", []),
    ("VARCHAR[]", """['a"b', 'c,d', NULL, '']""", ['a"b', "c,d", None, ""]),
    ("DOUBLE[2]", "[1.5, 2]", [1.5, 2.0]),
    ("DATE[]", "['2020-01-01'::DATE]", [dt.date(2020, 1, 1)]),
    ("INTEGER[][]", "[[1, 2], [3, NULL]]", [[1, 2], [3, None]]),
    ("VARCHAR[][]", """[['a"b', 'c,{d'], ['', 'NULL']]""", [['a"b', "c,{d"], ["", "NULL"]]),
    ("DOUBLE[1][2]", "[[1.5], [2]]", [[1.5], [2.0]]),
]  # fmt: skip


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_values_of_every_type_arrive(client: "psycopg.Connection[Any]", binary: bool) -> None:
    client.execute("SET timezone = 'UTC'")
    columns = ", ".join(
        f"CASE WHEN i <> 1 THEN CAST({sql} AS {kind}) END AS c{place}"
        for place, (kind, sql, _) in enumerate(VALUES)
    )
    cursor = client.cursor(binary=binary)
    rows = cursor.execute(f"SELECT {columns} FROM range(3) r(i) ORDER BY i").fetchall()
    for place, (kind, _, expected) in enumerate(VALUES):
        values = [row[place] for row in rows]
        wanted = pytest.approx(expected, rel=1e-6) if kind == "FLOAT" else expected
        assert values == [wanted, None, wanted], kind
        if not isinstance(expected, float):
            assert type(values[0]) is type(expected), kind


def test_many_rows_arrive_in_both_formats(client: "psycopg.Connection[Any]") -> None:
    query = "SELECT i, i * 0.25 AS q, 'n' || i AS s FROM range(20001) r(i)"
    expected = [(i, Decimal(i) / 4, f"n{i}") for i in range(20001)]
    assert client.cursor().execute(query).fetchall() == expected
    assert client.cursor(binary=True).execute(query).fetchall() == expected
    with client.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
        assert list(copy.rows()) == [(str(i), f"{q:.2f}", s) for i, q, s in expected]


def test_text_is_as_postgresql_writes_it(client: "psycopg.Connection[Any]") -> None:
    cursor = client.cursor()
    cursor.execute(
        "SELECT true, 'nan'::DOUBLE, 1.0::DOUBLE, '\\xAB'::BLOB, [true, NULL], "
        "INTERVAL '1 year 2 months', '2020-01-01 00:00:00'::TIMESTAMP, 1e20::DOUBLE, {'a': 1}"
    )
    result = cursor.pgresult
    assert result is not None
    assert [result.get_value(0, i) for i in range(9)] == [
        b"t", b"NaN", b"1", b"\\xab", b"{t,NULL}", b"1 year 2 mons", b"2020-01-01 00:00:00",
        b"1e+20", b"{'a': 1}",
    ]  # fmt: skip


def test_parameters_of_every_kind_come_back(client: "psycopg.Connection[Any]") -> None:
    values = [5, "x", 1.5, Decimal("2.50"), True, b"\x00\xff", None, dt.date(2020, 1, 2)]
    values += [dt.datetime(2020, 1, 2, 3, 4, 5), dt.time(1, 2, 3), uuid.UUID(int=7)]
    types = ["INT", "VARCHAR", "DOUBLE", "DECIMAL(9,2)", "BOOLEAN", "BLOB", "INT", "DATE"]
    types += ["TIMESTAMP", "TIME", "UUID"]
    for how in ("%s", "%b", "%t"):
        marks = ", ".join(f"{how}::{kind}" for kind in types)
        assert client.execute(f"SELECT {marks}", values).fetchall() == [tuple(values)]
    for value in (2, 148, -300, 70_000, 2**40, [1, 2]):  # the driver says how wide they are
        assert client.execute("SELECT %s", [value]).fetchone() == (value,)
    birthday = "SELECT CASE WHEN (%s IS NOT NULL) THEN %s ELSE d END FROM (SELECT CURRENT_DATE d)"
    assert client.execute(birthday, [values[7], values[7]]).fetchone() == (values[7],)
    texts = ["a,b", None, '"', "NULL"]
    arrays = client.execute("SELECT %s::INT[], %s::VARCHAR[]", [[1, 2], texts])
    assert arrays.fetchone() == ([1, 2], texts)
    tables = [[[1, 2], [3, None]], [["a,b", None], ['"', "NULL"]]]
    for how in ("%s", "%b", "%t"):
        arrays = client.execute(f"SELECT {how}::INT[][], {how}::VARCHAR[][]", tables)
        assert arrays.fetchone() == tuple(tables)
    for _ in range(20):  # prepared from the fifth time on
        found = client.execute("SELECT count(*) FROM iris WHERE species = %s", ["setosa"])
        assert found.fetchone() == (50,)
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        client.execute("SELECT %s::INT", ["x"])


def test_lists_of_several_lengths_come_as_text(client: "psycopg.Connection[Any]") -> None:
    for sql, expected in (("[[1], [2, 3]]", [[1], [2, 3]]), ("[NULL, [1]]", [None, [1]])):
        assert client.execute(f"SELECT {sql}").fetchone() == (expected,)
        with pytest.raises(psycopg.errors.ArraySubscriptError, match="different lengths"):  # E1085
            client.execute(f"SELECT {sql}", binary=True)
    assert client.execute("SELECT [[]]::INT[][]", binary=True).fetchone() == ([],)
    for wrong in ("{1,2", "{1}}", "{,}", "{1,}", "{1 {2}}", "{" * 1000):
        with pytest.raises(Refused, match="no value"):
            values([1007], [0], [wrong.encode()])


COPIED = {
    "INTEGER": ("int4", -5), "VARCHAR": ("varchar", "ü\t\\"), "DOUBLE": ("float8", 1.5),
    "DECIMAL(18,3)": ("numeric", Decimal("-1234.125")), "BOOLEAN": ("bool", True),
    "BLOB": ("bytea", b"\0\xff"), "DATE": ("date", dt.date(1969, 12, 31)),
    "TIMESTAMP": ("timestamp", dt.datetime(1999, 1, 2, 3, 4, 5, 600)),
    "TIMESTAMPTZ": ("timestamptz", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
    "TIME": ("time", dt.time(1, 2, 3, 4)), "UUID": ("uuid", uuid.UUID(int=7)),
    "INTERVAL": ("interval", dt.timedelta(days=40, seconds=3, microseconds=5)),
    "INTEGER[]": ("int4[]", [1, None, 3]), "UUID[]": ("uuid[]", [uuid.UUID(int=1)]),
    "VARCHAR[][]": ("varchar[]", [["a", "{b"], ['"', "\\"]]), "SMALLINT": ("int2", -7),
    "HUGEINT": ("numeric", Decimal(10**30)), "DECIMAL(9,2)[]": ("numeric[]", [Decimal("1.25")]),
}  # fmt: skip


@pytest.mark.parametrize("form", ["binary", "text"])
def test_copy_brings_values_of_every_type(client: "psycopg.Connection[Any]", form: str) -> None:
    client.execute("SET timezone = 'UTC'")
    columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(COPIED))
    client.execute(f"CREATE TEMP TABLE copied ({columns})")
    types, row = zip(*COPIED.values(), strict=True)
    rows = [row, (None,) * len(row), row]
    with client.cursor().copy(f"COPY copied FROM STDIN (FORMAT {form})") as copy:
        copy.set_types(types)
        for each in rows:
            copy.write_row(each)
    assert client.execute("FROM copied").fetchall() == rows
    with client.cursor().copy(f"COPY copied TO STDOUT (FORMAT {form})") as copy:
        content = b"".join(copy)
    with client.cursor().copy(f"COPY copied FROM STDIN (FORMAT {form})") as copy:
        copy.write(content)
    assert client.execute("FROM copied").fetchall() == rows * 2


def test_binary_rows_that_are_none_are_refused(client: "psycopg.Connection[Any]") -> None:
    client.execute("CREATE TEMP TABLE ends (a INT, d DATE, t TIMESTAMP)")
    client.execute("INSERT INTO ends VALUES (1, 'infinity', '-infinity')")
    head, into = b"PGCOPY\n\xff\r\n\0" + bytes(8), "COPY ends FROM STDIN (FORMAT binary)"
    nothing = b"\xff" * 4
    for content, state in (
        (b"x", "22P04"),
        (head + b"\0\2", "22P04"),
        (head + b"\0\3\0", "22P04"),
        (head + b"\0\3\0\0\0\2ab" + nothing * 2, "22P03"),
        (head + b"\0\3" + b"\xff\xff\xff\xf0" * 3, "22P04"),
        (head + b"\0\3" + nothing * 3 + b"\0\3" + b"\x7f\xff\xff\xf0" * 3, "22P04"),
    ):
        with pytest.raises(psycopg.Error) as caught, client.cursor().copy(into) as copy:
            copy.write(content)
        assert caught.value.sqlstate == state, content
    with client.cursor().copy("COPY ends TO STDOUT (FORMAT binary)") as copy:
        content = b"".join(copy)
    with client.cursor().copy(into) as copy:
        copy.write(content)
    found = client.execute("SELECT a, d::VARCHAR, t::VARCHAR FROM ends").fetchall()
    assert found == [(1, "infinity", "-infinity")] * 2


def test_transactions_have_their_states(port: int) -> None:
    with psycopg.connect(address(port)) as client:
        client.execute("CREATE TEMP TABLE t (a INT)")
        assert client.info.transaction_status == TransactionStatus.INTRANS
        client.rollback()
        with pytest.raises(psycopg.errors.UndefinedTable):
            client.execute("FROM t")
        assert client.info.transaction_status == TransactionStatus.INERROR
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            client.execute("SELECT 1")
        client.commit()
        assert client.info.transaction_status == TransactionStatus.IDLE
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="savepoint"):
            client.execute("SAVEPOINT s; ROLLBACK TO SAVEPOINT s")


ERRORS = [
    ("SELECT nope FROM iris", "42703", 8),
    ("SELECT * FROM nope", "42P01", 15),
    ("SELEC 1", "42601", 1),
    ("SELECT nope(1)", "42883", 8),
    ("SELECT 'x'::INT", "22P02", None),
    ("CREATE TABLE iris (a INT)", "42P07", None),
    ("SELECT * FROM iris TO PREDICT USING nope", "42000", 37),
    ("CREATE TEMP TABLE k (a INT PRIMARY KEY); INSERT INTO k VALUES (1), (1)", "23505", None),
    ("CLOSE nope", "34000", None),
    ("EXECUTE nope(1)", "26000", None),
    ("PREPARE one AS SELECT $1; EXECUTE one", "42601", None),
    ("PREPARE one AS SELECT 1; PREPARE one AS SELECT 2", "42P05", None),
    (
        "CREATE TEMP TABLE p (a INT PRIMARY KEY); CREATE TEMP TABLE r (a INT REFERENCES p (a));"
        "DROP TABLE p",
        "2BP01",
        None,
    ),
]


@pytest.mark.parametrize(("sql", "state", "position"), ERRORS)
def test_errors_have_a_state_and_a_place(
    client: "psycopg.Connection[Any]", sql: str, state: str, position: int | None
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        client.execute(sql)
    assert caught.value.sqlstate == state
    if position is not None:
        assert caught.value.diag.statement_position == str(position)
    assert client.execute("SELECT 1").fetchone() == (1,)


def test_hints_come_along(client: "psycopg.Connection[Any]") -> None:
    with pytest.raises(psycopg.Error) as caught:
        client.execute("SELECT * FROM iri")
    assert caught.value.diag.message_hint == "did you mean `iris`?"


def test_cursors_in_sql_give_their_rows_bit_by_bit(port: int) -> None:
    with psycopg.connect(address(port)) as client:
        for binary in (False, True):
            with client.cursor("some", binary=binary) as cursor:
                cursor.itersize = 100
                cursor.execute("SELECT i, 'v' || i FROM range(1000) r(i) WHERE i >= %s", [10])
                first = cursor.fetchmany(3)
                client.execute("SELECT 1")  # which the connection does in between
                assert [*first, *cursor] == [(i, f"v{i}") for i in range(10, 1000)]
        client.execute("DECLARE c CURSOR FOR SELECT range FROM range(10)")
        assert client.execute("MOVE 4 FROM c").statusmessage == "MOVE 4"
        assert client.execute("FETCH ALL IN c").fetchall() == [(i,) for i in range(4, 10)]
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="forward"):
            client.execute("FETCH BACKWARD 1 FROM c")
    old = psycopg2.connect(address(port))
    with old.cursor("named") as cursor:
        cursor.execute("SELECT range FROM range(5000)")
        assert [row[0] for row in cursor] == list(range(5000))
    with old.cursor() as cursor:
        cursor.execute("SELECT %s, %s", (dt.date(2020, 1, 2), "it's"))
        assert cursor.fetchall() == [(dt.date(2020, 1, 2), "it's")]
    old.close()


def test_models_are_trained_applied_and_shown(port: int) -> None:
    notices: list[str] = []
    with psycopg.connect(address(port), autocommit=True) as client:
        client.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
        for prepare in (False, True):
            train = f"{TRAIN} INTO served{prepare:d}"
            sql = f"CALL sqlml_train($${train}$$)" if prepare else train
            trained = client.execute(sql, prepare=prepare)
            assert (trained.statusmessage, trained.description) == ("TRAIN", None)
        versions = client.execute("SELECT version FROM sqlml_models WHERE name LIKE 'served_'")
        assert versions.fetchall() == [(1,), (1,)]  # each was run once
        assert any(re.match(r"train: \d of 5 rounds", notice) for notice in notices)
        predict = "SELECT * FROM iris WHERE sepal_length > %s TO PREDICT USING served0"
        rows = client.execute(predict, [7.5]).fetchall()
        nested = "SELECT PREDICT('served0', iris) FROM iris WHERE sepal_length > %s"
        assert [row[-1] for row in rows] == [row[0] for row in client.execute(nested, [7.5])]
        wrapped = f"SELECT * FROM ({predict}) AS virtual_table LIMIT 1000"  # as BI tools do
        for prepare in (False, True):
            assert client.execute(wrapped, [7.5], prepare=prepare).fetchall() == rows
        for sql in (
            "SHOW MODELS", "SHOW TRAIN served0", "DESCRIBE MODEL served0", "SHOW JOBS",
            "SELECT * FROM iris TO EVALUATE served0", "SELECT * FROM iris TO CHECK served0",
        ):  # fmt: skip
            simple = client.cursor()
            simple.execute(sql, prepare=False)
            described = client.execute(sql, prepare=True, binary=True)
            one, other = simple.description or (), described.description or ()
            assert [(c.name, c.type_code) for c in one] == [(c.name, c.type_code) for c in other]
            assert len(described.fetchall()) == len(simple.fetchall())
        assert client.execute("DROP MODEL served0").statusmessage == "DROP MODEL"


def test_programs_run_between_transactions(port: int) -> None:
    evaluate = "SELECT * FROM iris TO EVALUATE m"
    for prepare in (False, True):
        with psycopg.connect(address(port)) as client:
            assert client.execute("SELECT count(*) FROM iris").fetchone() == (150,)
            assert client.execute(evaluate, prepare=prepare).fetchall()
            assert client.info.transaction_status == TransactionStatus.INTRANS  # another one
            with client.cursor("named") as cursor:
                cursor.execute("FROM range(5)")
                assert len(client.execute(evaluate, prepare=prepare).fetchall()) == 1
                assert cursor.fetchall() == [(i,) for i in range(5)]
            kinds = client.execute("SELECT * FROM iris TO PREDICT USING m@1", prepare=prepare)
            assert len(kinds.fetchall()) == 150
            client.execute("CREATE TEMP TABLE t (a INT)")
            kinds = client.execute("SELECT * FROM iris TO PREDICT USING m", prepare=prepare)
            assert len(kinds.fetchall()) == 150  # a query, which may stand anywhere
            with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="between transactions"):
                client.execute(evaluate, prepare=prepare)  # E0880
            client.rollback()
            client.read_only = True
            with pytest.raises(psycopg.errors.ActiveSqlTransaction):
                client.execute(evaluate, prepare=prepare)


def test_describing_a_statement_does_not_run_it(client: "psycopg.Connection[Any]") -> None:
    port = client.info.port
    client.execute("CREATE TABLE told (a INT, b VARCHAR); CREATE SEQUENCE s")
    try:
        asyncio.run(_described(port))
        assert client.execute("SELECT count(*) FROM told").fetchone() == (0,)
        assert client.execute("SELECT nextval('s')").fetchone() == (1,)
        found = client.execute("SELECT count(*) FROM sqlml_models WHERE name = 'never'")
        assert found.fetchone() == (0,)
    finally:
        client.execute("DROP TABLE told; DROP SEQUENCE s")


async def _described(port: int) -> None:
    client = await asyncpg.connect(host="127.0.0.1", port=port, user="ann", database="iris")
    try:
        for sql, names in [
            (f"{TRAIN} INTO never", []),
            ("INSERT INTO told VALUES (1, 'x')", []),
            ("INSERT INTO told VALUES ($1, $2) RETURNING b AS c, a + 1", ["c", "?column?"]),
            ("SELECT nextval('s') AS n", ["n"]),
            ("SELECT * FROM iris TO PREDICT kind USING m", []),
            ("DROP TABLE told", []),
            ("EXPLAIN ANALYZE DELETE FROM told", ["explain_key", "explain_value"]),
        ]:
            prepared = await client.prepare(sql)
            assert [column.name for column in prepared.get_attributes()] == names, sql
        with pytest.raises(
            asyncpg.FeatureNotSupportedError, match="only known when it is run"
        ):  # E0903
            await client.prepare("WITH x AS (INSERT INTO told VALUES (1, 'x') RETURNING a) FROM x")
    finally:
        await client.close()


def test_a_statement_is_cancelled_from_beside(port: int) -> None:
    for sql in (LONG, f"{TRAIN.replace('= 5', '= 5000000')} INTO endless"):
        with psycopg.connect(address(port), autocommit=True) as client:
            timer = threading.Timer(1.0, client.cancel_safe)
            timer.start()
            with pytest.raises(psycopg.Error) as caught:
                client.execute(sql)
            timer.join()
            assert caught.value.sqlstate == "57014"
            assert client.execute("SELECT 1").fetchone() == (1,)


def test_pg8000_and_asyncpg_speak_with_it(port: int) -> None:
    other = pg8000.dbapi.connect(host="127.0.0.1", port=port, user="ann", database="iris")
    cursor = other.cursor()
    cursor.execute("SELECT species, sepal_length FROM iris WHERE sepal_length > %s LIMIT 1", (7.8,))
    assert cursor.fetchall() == (["virginica", 7.9],)
    other.close()
    asyncio.run(_with_asyncpg(port))


def test_asyncpg_gives_typed_parameters_and_arrays(port: int) -> None:
    asyncio.run(_typed(port))


async def _typed(port: int) -> None:
    connection = await asyncpg.connect(host="127.0.0.1", port=port, user="ann", database="iris")
    one, two = uuid.UUID(int=1), uuid.UUID(int=2)
    await connection.execute(
        "CREATE TEMP TABLE kept AS SELECT range::INT AS number, 'n' || range AS name FROM range(5)"
    )
    rows = "(VALUES (1, 'x', 1::BIGINT, 0.5::DOUBLE), (2, 'yy', 2, 1.5)) t(a, b, c, d)"
    for asked, given, found in [
        ("SELECT $1::INT[] AS x, $2::TEXT[], $3::FLOAT8[]", ([1, None], [], [1.5]),
         ([1, None], [], [1.5])),
        ("SELECT 'here' WHERE $2::UUID = ANY($1::UUID[])", ([one, two], one), ("here",)),
        ("SELECT list(name ORDER BY name) FROM kept WHERE number = ANY($1)", ([1, 3],),
         (["n1", "n3"],)),
        ("SELECT number FROM kept WHERE name = ANY($1)", (["n2"],), (2,)),
        ("SELECT number FROM kept WHERE (number, name) = ($1, $2)", (2, "n2"), (2,)),
        ("SELECT coalesce(number, $1) FROM kept ORDER BY 1", (3,), (0,)),
        ("SELECT CASE WHEN number = $1 THEN $2 ELSE name END FROM kept ORDER BY number",
         (0, "none"), ("none",)),
        ("SELECT max(number) FROM kept WHERE length(name) > $1", (1,), (4,)),
        ("SELECT $1 + 1", (3,), (4,)),
        (f"SELECT b FROM {rows} WHERE strlen(b) = $1::INT AND c = $2::INT8", (2, 2), ("yy",)),
        ("SELECT 340282366920938463463374607431768211455::UHUGEINT, NULL::UHUGEINT", (),
         (Decimal(2**128 - 1), None)),
        (f"SELECT {10**50}::BIGNUM, (-{10**50})::BIGNUM, 0::BIGNUM", (),
         (Decimal(10**50), Decimal(-(10**50)), Decimal(0))),
        (f"SELECT [{2**127 - 1}::HUGEINT, {-(2**127)}, 1]", (),
         ([Decimal(2**127 - 1), Decimal(-(2**127)), Decimal(1)],)),
    ]:  # fmt: skip
        try:
            assert tuple(await connection.fetchrow(asked, *given)) == found, asked
        except asyncpg.PostgresError as error:
            raise AssertionError(asked) from error
    await connection.close()


def test_statements_of_one_message_are_one_transaction(port: int) -> None:
    with psycopg.connect(address(port), autocommit=True) as client:

        def rows() -> list[int]:
            return [a for (a,) in client.execute("SELECT a FROM joint ORDER BY a").fetchall()]

        client.execute("CREATE TABLE joint (a INT); INSERT INTO joint VALUES (1)")
        with pytest.raises(psycopg.DataError):
            client.execute("INSERT INTO joint VALUES (2); INSERT INTO joint VALUES ('x')")
        assert client.info.transaction_status.name == "IDLE"
        assert rows() == [1]
        client.execute(
            "INSERT INTO joint VALUES (3); BEGIN; INSERT INTO joint VALUES (4); ROLLBACK;"
            "INSERT INTO joint VALUES (5)"
        )
        assert rows() == [1, 5]
        with pytest.raises(psycopg.errors.UndefinedTable):
            client.execute("INSERT INTO joint VALUES (6); COMMIT; INSERT INTO joint VALUES (7);"
                           "FROM nowhere")  # fmt: skip
        assert rows() == [1, 5, 6]
        client.execute("INSERT INTO joint VALUES (8); BEGIN; INSERT INTO joint VALUES (9)")
        assert client.info.transaction_status.name == "INTRANS"
        client.execute("ROLLBACK")
        assert rows() == [1, 5, 6]
        client.execute("SELECT * FROM iris LIMIT 1 TO PREDICT USING m; DROP TABLE joint")


async def _with_asyncpg(port: int) -> None:
    client = await asyncpg.connect(host="127.0.0.1", port=port, user="ann", database="iris")
    try:
        query = "SELECT species FROM iris WHERE sepal_length > $1 AND species = $2 LIMIT $3"
        assert [tuple(row) for row in await client.fetch(query, 7.8, "virginica", 3)] == [
            ("virginica",)
        ]
        await client.execute("CREATE TEMP TABLE t (a INT, b VARCHAR, d DATE, p DECIMAL(9, 2))")
        rows = [(i, f"n{i}", dt.date(2020, 1, 1 + i), Decimal(i) / 4) for i in range(20)]
        await client.executemany("INSERT INTO t VALUES ($1, $2, $3, $4)", rows)
        assert [tuple(row) for row in await client.fetch("FROM t ORDER BY a")] == rows
        found = await client.fetch(
            "SELECT a FROM t WHERE d BETWEEN $1 AND $2", rows[3][2], rows[5][2]
        )
        assert [row["a"] for row in found] == [3, 4, 5]
        async with client.transaction():
            cursor = client.cursor("SELECT range AS i FROM range(1000)", prefetch=64)
            assert [row["i"] async for row in cursor] == list(range(1000))
        prepared = await client.prepare("SELECT * FROM iris TO PREDICT USING m")
        assert [column.type.name for column in prepared.get_attributes()] == ["float8"] * 4 + [
            "varchar"
        ]
        assert len(await prepared.fetch()) == 150
    finally:
        await client.close()


def test_psql_speaks_with_it(port: int) -> None:
    if subprocess.run(["which", "psql"], capture_output=True, check=False).returncode:
        pytest.skip("there is no psql on this machine")
    call = ["psql", "-X", "-At", address(port), "-v", "ON_ERROR_STOP=1"]
    script = "SELECT 1, 'a'; BEGIN; SELECT count(*) FROM iris; ROLLBACK;\nSHOW MODELS;\n"
    done = subprocess.run(call, input=script, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[:4] == ["1|a", "BEGIN", "150", "ROLLBACK"]
    call += ["-c", "SELECT a\nFROM nope"]
    wrong = subprocess.run(call, capture_output=True, text=True, check=False)
    assert "LINE 2: FROM nope\n             ^" in wrong.stderr


def test_the_command_serves_until_it_is_told_to_end(path: Path, tmp_path: Path) -> None:
    users = tmp_path / "users.json"
    users.write_text(json.dumps({"ann": {"role": "admin", "password": "pw"}}))
    command = [sys.executable, "-m", "sqlml", "server", "--db", str(tmp_path / "new.duckdb")]
    command += ["--port", "0", "--users", str(users), "--memory", "600MB", "--timeout", "60"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        port = int(re.search(r":(\d+);", process.stderr.readline())[1])  # type: ignore[index]
        with psycopg.connect(address(port, password="pw"), autocommit=True) as client:
            for hungry in (
                "SELECT list(range(100000)) FROM range(2000)",
                "SELECT repeat('x', 2000000000)",
                "SELECT string_agg(repeat('x', 1000000)) FROM range(2000)",
            ):
                with pytest.raises(psycopg.errors.OutOfMemory):
                    client.execute(hungry)
            assert client.execute("SHOW statement_timeout").fetchone() == ("60000",)
            asked = "SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'"
            limit = client.execute(asked).fetchone()
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(address(port, password="other"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    assert limit == ("286.1 MiB",)  # half of 600 MB


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("E0902", ["--users", "nowhere.json"]),
        ("E0902", ["--users", "wrong.json"]),
        ("E0904", ["--host", "0.0.0.0"]),
        ("E1042", ["--memory", "much"]),
        ("E0905", ["--tls-cert", "wrong.json"]),
        ("E0906", ["--host", "192.0.2.1", "--users", "users.json", "--tls-cert", "own.pem"]),
    ],
)
def test_a_server_that_cannot_be_is_refused(
    code: str, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("users.json").write_text(json.dumps({"ann": {"role": "read", "password": "pw"}}))
    Path("wrong.json").write_text(json.dumps({"ann": {"role": "king", "password": "pw"}}))
    if "own.pem" in options:
        certificate(Path("own.pem"))
    with pytest.raises(ProgramError) as caught:
        cli.main(["server", "--db", ":memory:", *options], standalone_mode=False)
    assert caught.value.diagnostics[0].code == code


def test_a_wrong_value_of_a_parameter_has_a_code() -> None:
    with pytest.raises(Refused, match="no value of int4") as caught:
        values([23], [0], [b"x"])
    assert (caught.value.state, caught.value.diagnostics[0].code) == ("22P02", "E0901")
    assert values([1007, 1009], [0, 0], [b"{}", b'{NULL,"a b",c}']) == [[], [None, "a b", "c"]]
    with pytest.raises(Refused) as unfit:
        cursors.declared(Text("DECLARE c CURSOR OF FROM t", ("DECLARE",)))
    assert unfit.value.diagnostics[0].code == "E0900"


def test_a_query_with_a_model_is_planned_once_for_all_values(port: int) -> None:
    query = "SELECT PREDICT('kinds', iris) FROM iris WHERE petal_length < %s ORDER BY ALL LIMIT %s"
    train = f"{TRAIN.replace('FROM iris', 'FROM iris WHERE species {}')} INTO kinds"
    with psycopg.connect(address(port), autocommit=True) as client:
        for kind, rows in (("setosa", 1), ("virginica", 2)):
            client.execute(train.format("<> 'versicolor'" if rows == 1 else "<> 'setosa'"))
            for _ in range(7):
                found = client.execute(query, [Decimal("1.9"), rows]).fetchall()
                assert found == [("setosa" if rows == 1 else "versicolor",)] * rows, kind
        with pytest.raises(psycopg.errors.UndefinedColumn):
            client.execute(query.replace("petal_length", "no_column"), [1, 1])
        client.execute("DROP MODEL kinds")
        with pytest.raises(psycopg.Error, match="no trained model"):
            client.execute(query, [Decimal("1.9"), 1])


def test_what_is_known_of_a_text_is_forgotten_when_names_change(port: int) -> None:
    with (
        psycopg.connect(address(port), autocommit=True) as own,
        psycopg.connect(address(port)) as other,
    ):
        own.prepare_threshold = None
        own.execute("CREATE OR REPLACE TABLE changing AS SELECT 7 AS x")
        query = "SELECT x FROM changing WHERE x = %s"
        for _ in range(2):
            assert own.execute(query, [7]).fetchall() == [(7,)]
        other.execute("CREATE OR REPLACE TABLE changing AS SELECT 'seven' AS x")
        assert own.execute(query, [7]).fetchall() == [(7,)]
        other.commit()
        assert own.execute(query, ["seven"]).fetchall() == [("seven",)]
        with suppress(psycopg.Rollback), own.transaction():
            own.execute("ALTER TABLE changing ALTER x TYPE BLOB")
            assert own.execute(query, [b"seven"]).fetchall() == [(b"seven",)]
            raise psycopg.Rollback
        assert own.execute(query, ["seven"]).fetchall() == [("seven",)]
        own.execute("DROP TABLE changing")
        with pytest.raises(psycopg.errors.UndefinedTable):
            own.execute(query, ["seven"])


def test_what_is_known_for_all_clients_does_not_hold_for_who_has_tables_of_its_own(
    port: int,
) -> None:
    column = "SELECT x FROM known WHERE x = %s"
    predict = "SELECT PREDICT('m', known_rows) AS kind FROM known_rows"
    applied = "SELECT * FROM known_rows TO PREDICT USING m"
    with psycopg.connect(address(port), autocommit=True) as one:
        with psycopg.connect(address(port), autocommit=True) as other:
            one.execute("CREATE OR REPLACE TABLE known AS SELECT 7 AS x")
            one.execute("CREATE OR REPLACE VIEW known_rows AS FROM iris LIMIT 2")
            for client in (one, other):
                assert client.execute(column, [7]).fetchall() == [(7,)]
                assert len(client.execute(predict, prepare=True).fetchall()) == 2
                assert len(client.execute(applied, prepare=True).fetchall()) == 2
            other.execute("CREATE TEMP TABLE known AS SELECT 'seven' AS x")
            other.execute("CREATE TEMP VIEW known_rows AS FROM iris LIMIT 3")
            for _ in range(2):
                assert one.execute(column, [7]).fetchall() == [(7,)]
                assert other.execute(column, ["seven"]).fetchall() == [("seven",)]
                for sql in (predict, applied):
                    assert len(one.execute(sql, prepare=True).fetchall()) == 2
                    assert len(other.execute(sql, prepare=True).fetchall()) == 3
        one.execute("DROP TABLE known; DROP VIEW known_rows")
