"""What PostgreSQL's drivers, and their own tests, send beyond queries."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.pq import DiagnosticField
from psycopg.types.json import Json

from sqlml.connectors.postgres.arrays import parsed
from sqlml.connectors.postgres.inference import parameter_types
from sqlml.connectors.postgres.messages import Body
from sqlml.connectors.postgres.spelling import spelled
from sqlml.connectors.postgres.translation import translated
from tests.connectors.serving import address, serving


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("drivers") / "d.duckdb") as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(address(port), autocommit=True) as client:
        yield client


def test_values_are_read_as_postgresql_writes_them(client: "psycopg.Connection[Any]") -> None:
    row = client.execute(
        r"SELECT '\x00ff'::bytea, E'\\x01'::bytea, 'a\\b\377'::bytea, CAST('\xff' AS bytea),"
        """ '{1,NULL}'::int[], '{"a b",NULL,"NULL",""}'::text[], '{}'::text[],"""
        """ '{"a": [1]}'::jsonb, jsonb '[2]', 'n'::name, generate_series(1, 2)"""
    ).fetchall()
    same = (b"\x00\xff", b"\x01", b"a\\b\xff", b"\xff", [1, None], ["a b", None, "NULL", ""], [])
    assert row == [(*same, {"a": [1]}, [2], "n", 1), (*same, {"a": [1]}, [2], "n", 2)]


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT x AS name, jsonb, '{a}' AS b FROM t", None),
        ("SELECT * FROM t, generate_series(1, 2)", None),
        (
            "SELECT at, t.at AS by, by FROM t WHERE at AT TIME ZONE 'UTC' > 1 GROUP BY by",
            """SELECT "at", t."at" AS "by", "by" FROM t WHERE "at" AT TIME ZONE 'UTC' > 1"""
            ' GROUP BY "by"',
        ),
        ("CREATE TABLE t (by TEXT, at INT)", 'CREATE TABLE t ("by" TEXT, "at" INT)'),
        ("INSERT INTO t BY NAME SELECT a UNION BY NAME FROM u ORDER BY a", None),
        ("SELECT max(generate_series(1, 2)) AS m FROM t", None),
        ("SELECT a, generate_series(1, f(2)) g", "SELECT a, unnest(generate_series(1, f(2))) g"),
        ("SELECT '{{1},{2}}'::int[]", "SELECT [['1'], ['2']]::int[][] AS \"int4\""),
        ("ALTER TABLE", None),
        ("EXPLAIN (,", "EXPLAIN "),
        ("SELECT '{1'::int[] a, '\\x0'::bytea b", None),
    ],
)
def test_only_what_postgresql_writes_otherwise_is_changed(sql: str, read: str | None) -> None:
    assert spelled(sql) == (read or sql)


@pytest.mark.parametrize(
    "wrong", ["", "{", "1", "{1}}", "{1,,2}", "{1,}", "{{1}2}", '{"a"b}', "{}{}"]
)
def test_what_is_no_array_is_told(wrong: str) -> None:
    with pytest.raises(ValueError, match="no array"):
        parsed(wrong)


def test_keys_count_and_temporary_tables_end(client: "psycopg.Connection[Any]") -> None:
    for _ in range(2):
        client.execute("CREATE TABLE counted (id serial PRIMARY KEY, data jsonb)")
        found = client.execute("INSERT INTO counted (data) VALUES ('{}'), (NULL) RETURNING id")
        assert found.fetchall() == [(1,), (2,)]
        client.execute("DROP TABLE counted")
    with client.transaction():
        client.execute("CREATE TEMP TABLE short ON COMMIT DROP AS SELECT 1 AS a")
        assert client.execute("SELECT * FROM short").fetchall() == [(1,)]
    with pytest.raises(psycopg.errors.UndefinedTable):
        client.execute("SELECT * FROM short")


def test_a_session_has_its_settings(port: int) -> None:
    """Also from its first message; what would be a lie is refused."""
    options = "-c timezone=America/Edmonton -c statement_timeout=7s"
    with psycopg.connect(address(port, options=options), autocommit=True) as client:
        zone = client.execute("SELECT '2001-02-03 04:05:06'::timestamptz").fetchone()
        assert zone == (datetime(2001, 2, 3, 11, 5, 6, tzinfo=UTC),)
        assert client.execute("SHOW statement_timeout").fetchone() == ("7000",)
        client.execute("SET timezone TO 'UTC'")
        client.execute("SET application_name TO 'other'")
        assert client.info.parameter_status("TimeZone") == "UTC"
        client.execute("RESET ALL")
        assert client.info.parameter_status("TimeZone") == "America/Edmonton"
        assert client.execute("SHOW application_name").fetchone() == ("",)
        for sql, state in [
            ("SET client_encoding TO latin1", "0A000"), ("SET intervalstyle TO iso_8601", "0A000"),
            ("SET timezone TO 'Nowhere/Land'", "22023"), ("LOCK x", "0A000"),
            ("PREPARE TRANSACTION 'x'", "0A000"), ("COMMIT PREPARED 'x'", "0A000"),
            ("SELECT ''::hstore", "42704"), ("SELECT to_char(now(), 'J')", "0A000"),  # E1100
            ("SELECT to_date('1', application_name) FROM pg_stat_activity", "0A000"),
        ]:  # fmt: skip
            with pytest.raises(psycopg.Error) as told:
                client.execute(sql)
            assert told.value.sqlstate == state, sql
        process = client.execute("SELECT pg_backend_pid(), current_user").fetchone()
        assert process == (client.info.backend_pid, "ann")


def test_numbers_have_the_places_that_are_given(client: "psycopg.Connection[Any]") -> None:
    for written in ("1.10", "-0.001", "0", "12345678901234567890.12345", "1E+3", "9" * 38):
        cursor = client.execute("SELECT %s::numeric, CAST(%s AS numeric)", [Decimal(written)] * 2)
        assert [*map(str, cursor.fetchone() or ())] == [f"{Decimal(written):f}"] * 2
    moments = client.execute(
        "SELECT %b::timestamp::text, %b::date = 'infinity'", ["-infinity", "infinity"]
    ).fetchone()
    assert moments == ("-infinity", True)
    with client.cursor(binary=True) as cursor:
        cursor.execute("SELECT indkey FROM pg_index LIMIT 0")
        assert [column.type_code for column in cursor.description or ()] == [22]


def test_drivers_know_that_they_have_to_prepare_again(client: "psycopg.Connection[Any]") -> None:
    client.execute("CREATE TEMP TABLE altered (a INTEGER)")
    assert not client.pgconn.prepare(b"seen", b"SELECT * FROM altered").error_message
    client.execute("ALTER TABLE altered ALTER a TYPE VARCHAR")
    refused = client.pgconn.exec_prepared(b"seen", [])
    assert refused.error_field(DiagnosticField.SQLSTATE) == b"0A000"
    assert refused.error_field(DiagnosticField.SOURCE_FUNCTION) == b"RevalidateCachedQuery"
    asked = "SELECT sqlml_pg.main.pg_cancel_backend($1), pg_sleep($2)"
    assert parameter_types(asked, lambda _: {}) == {1: "INTEGER", 2: "DOUBLE"}


def test_transactions_warn_and_keep_their_word(client: "psycopg.Connection[Any]") -> None:
    told: list[str | None] = []
    client.add_notice_handler(lambda notice: told.append(notice.sqlstate))
    client.execute("ROLLBACK")
    client.execute("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE")
    client.execute("BEGIN")
    assert told == ["25P01", "25001"]
    asked = ("isolation", "read_only", "deferrable")
    shown = [client.execute(f"SHOW transaction_{x}").fetchone() for x in asked]
    assert shown == [("serializable",), ("on",), ("on",)]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        client.execute("CREATE TABLE never (a int)")
    client.execute("ROLLBACK")
    client.execute(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"
    )
    client.execute("BEGIN")
    assert client.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        client.execute("CREATE TABLE never (a int)")
    client.execute("ROLLBACK")


def test_a_session_may_only_read_though_it_begins_no_transaction(port: int) -> None:
    options = "-c default_transaction_read_only=true"
    with psycopg.connect(address(port, options=options), autocommit=True) as client:
        assert client.info.parameter_status("default_transaction_read_only") == "on"
        change, train = "CREATE TABLE read_only (a int)", "SELECT 1 TO TRAIN x LABEL y INTO m"
        begun = f"SELECT 1; BEGIN READ ONLY; {change}"
        for sql in (change, f"SELECT 1; {change}", begun, train, "COPY t FROM STDIN"):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                client.execute(sql)
            client.rollback()
        assert client.execute("SELECT 1").fetchone() == (1,)
        client.execute("BEGIN READ WRITE")
        client.execute(change)
        client.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            client.execute("INSERT INTO read_only VALUES (1)")
        client.execute("ROLLBACK")
        client.execute("SET default_transaction_read_only = off")
        client.execute(change)
        client.execute("DROP TABLE read_only")


def test_the_schema_public_is_main_where_there_is_no_other(
    client: "psycopg.Connection[Any]",
) -> None:
    client.execute("CREATE TABLE public.named (a int); INSERT INTO main.named VALUES (1), (2)")
    query = 'SELECT public.named.a FROM "public".named WHERE named.a < %s'
    assert client.execute(query, [2]).fetchall() == [(1,)]
    with client.cursor().copy("COPY PUBLIC.named TO STDOUT") as copy:
        assert b"".join(copy) == b"1\n2\n"
    alias = "SELECT public.a, 'public.named' FROM named AS public LIMIT 1"
    assert client.execute(alias).fetchall() == [(1, "public.named")]
    with client.transaction():
        client.execute("CREATE SCHEMA public")
        client.execute("CREATE TABLE public.named AS SELECT 'own' AS a")
        assert client.execute("SELECT * FROM public.named").fetchall() == [("own",)]
        raise psycopg.Rollback
    client.execute("CREATE SCHEMA public; CREATE TABLE public.named (b int)")
    assert client.execute("SELECT * FROM public.named").fetchall() == []
    client.execute("DROP SCHEMA public CASCADE")
    assert client.execute("TABLE public.named").fetchall() == [(1,), (2,)]
    client.execute("DROP TABLE public.named")


def test_rows_are_copied_in_binary(client: "psycopg.Connection[Any]") -> None:
    """The values that psycopg writes come back as they were, through text as well."""
    kinds = "bool int2 int4 int8 float4 float8 numeric text bytea date time timestamp timestamptz"
    kinds += " interval uuid json int4[] text[]"
    moment = datetime(1969, 12, 31, 23, 59, 59, 5)
    first = (
        True, -1, 2, 2**40, 0.5, 1e300, Decimal("-12.500"), "a\tb", b"\0\xff", moment.date(),
        moment.time(), moment, moment.replace(tzinfo=UTC), timedelta(days=-1, microseconds=7),
        UUID(int=5), {"a": [1]}, [1, None], ["x y", 'q"'],
    )  # fmt: skip
    nothing = (None,) * len(first)
    columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(kinds.split()))
    client.execute(f"CREATE TABLE many ({columns})".replace("numeric", "numeric(9, 3)"))
    with client.cursor().copy("COPY many FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(kinds.split())
        copy.write_row([Json(each) if isinstance(each, dict) else each for each in first])
        copy.write_row(nothing)
    for binary in (False, True):
        found = client.execute("SELECT * FROM many", binary=binary).fetchall()
        assert found == [first, nothing]
    client.execute("CREATE TEMP TABLE large (a int, b text)")
    with client.cursor().copy("COPY large FROM STDIN") as copy:  # lines beyond a block
        for i, length in enumerate((10, 3_000_000, 10, 1_500_000)):
            copy.write_row((i, "x" * length))
    lengths = client.execute("SELECT length(b) FROM large ORDER BY a").fetchall()
    assert lengths == [(10,), (3_000_000,), (10,), (1_500_000,)]
    head = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\1"
    for sent, state in [
        (b"", "22P04"), (head, "22P04"), (head + b"\0\0\0\1", "22P04"),
        (head + b"\0\0\0\1?\xff\xff", "22P03"),
    ]:  # fmt: skip
        told = _copied(client, "COPY many (c2) FROM STDIN (FORMAT binary)", sent)
        assert told == state, sent


def _copied(client: "psycopg.Connection[Any]", sql: str, content: bytes) -> str | None:
    """The state of the error that it ends with."""
    with pytest.raises(psycopg.Error) as told, client.cursor().copy(sql) as copy:
        copy.write(content)
    return told.value.sqlstate


def test_values_keep_all_that_they_hold(client: "psycopg.Connection[Any]") -> None:
    """Where Arrow, or a type of DuckDB's without its digits, would have less."""
    sql = (
        "SELECT '01:02:03.5-07:30'::timetz, 3123.23111::numeric, '-0.05'::numeric, {'a': [1]},"
        r" [{'b': 1}], [[{'c': 1}]], ['\xFF'::blob], map {'k': 1}, $1::numeric"
    )
    zone = timezone(-timedelta(hours=7, minutes=30))
    held = (time(1, 2, 3, 500000, zone), Decimal("3123.23111"), Decimal("-0.05"), "{'a': [1]}")
    rest = (["{'b': 1}"], [["{'c': 1}"]], [b"\xff"], "{k=1}", Decimal("0.12345"))
    with psycopg.RawCursor(client) as cursor:
        for binary in (False, True):
            found = cursor.execute(sql, [Decimal("0.12345")], binary=binary).fetchone()
            assert found == (*held, *rest)
        assert cursor.execute("SELECT '10101'::bit").fetchone() == ("10101",)
        assert cursor.execute("SELECT $1::boolean, $2::date", [None, None]).fetchone() == (
            None,
            None,
        )
        cursor.execute("CREATE TABLE nested (a int[][])")
        cursor.execute("INSERT INTO nested VALUES ($1::int[][])", [[[1, 2], [3, None]]])
        assert cursor.execute("SELECT * FROM nested").fetchone() == ([[1, 2], [3, None]],)


def test_a_cursor_stays_open_beside_statements_that_are_prepared(port: int) -> None:
    rows = 100_000  # more than are read ahead
    with psycopg.connect(address(port)) as client, client.cursor("many") as cursor:
        cursor.execute(f"SELECT i FROM range({rows}) t(i)")
        assert cursor.fetchone() == (0,)
        assert client.execute("SELECT %s::int + 1", [1]).fetchone() == (2,)
        assert client.execute("EXPLAIN SELECT 3", prepare=True).fetchall()
        assert len(cursor.fetchall()) == rows - 1


def test_a_cursor_outlives_its_transaction_if_it_is_to(port: int) -> None:
    with psycopg.connect(address(port)) as client:
        client.execute(
            "DECLARE kept CURSOR WITH HOLD FOR"
            " SELECT clock_timestamp() IS NULL, i FROM generate_series(1, 3) AS i"
        )
        client.execute("DECLARE gone CURSOR WITHOUT HOLD FOR SELECT 1")
        client.commit()
        assert client.execute("FETCH 2 FROM kept").fetchall() == [(False, 1), (False, 2)]
        client.commit()
        assert client.execute("FETCH ALL FROM kept").fetchall() == [(False, 3)]
        with pytest.raises(psycopg.errors.InvalidCursorName):
            client.execute("FETCH ALL FROM gone")
        client.rollback()
        assert client.execute("SELECT * FROM pg_prepared_xacts").fetchall() == []
        client.execute("SET SESSION TIME ZONE 'Asia/Tokyo'")
        assert client.execute("SHOW timezone").fetchone() == ("Asia/Tokyo",)
        found = psycopg.RawCursor(client).execute(
            "SELECT i FROM generate_series(1, 9) AS i WHERE i = $1", ["7"]
        )
        assert found.fetchall() == [(7,)]


def test_counts_go_up_to_what_two_bytes_hold() -> None:
    assert Body(b"\x9c\x40" + bytes(80_000)).int16s() == [0] * 40_000


def test_types_may_have_the_catalogs_names() -> None:
    assert "[]" in translated("SELECT '{1}'::_int4 FROM pg_type")
    assert translated('SELECT $1::"pg_catalog"."int8"::text') == (
        "SELECT CAST(CAST($1 AS BIGINT) AS TEXT)"
    )
