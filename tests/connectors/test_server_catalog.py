"""What psql and SQLAlchemy show of a database is what they show of PostgreSQL with its tables."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.engine.reflection import ObjectKind

from sqlml.connectors.postgres.translation import translated
from tests.connectors.postgresql import postgresql
from tests.connectors.serving import address, serving

TABLES = """
CREATE TABLE t (a INTEGER PRIMARY KEY, b VARCHAR NOT NULL, c DECIMAL(9,2) DEFAULT 0,
  d INTEGER UNIQUE, e TIMESTAMP, f INTEGER[], g DOUBLE PRECISION, h BOOLEAN, i BIGINT,
  CHECK (d > 0));
CREATE TABLE u (a INTEGER REFERENCES t (a), z DATE);
CREATE TABLE w (x INTEGER, y VARCHAR DEFAULT 'o''clock', z UUID, PRIMARY KEY (x, y));
CREATE TABLE "Two Words" (k INTEGER PRIMARY KEY, x INTEGER, y VARCHAR, q TIME, r TIMESTAMPTZ,
  s BYTEA, "t T" REAL, FOREIGN KEY (x, y) REFERENCES w (x, y), UNIQUE (x, q));
CREATE SCHEMA other;
CREATE TABLE other.o (id SMALLINT PRIMARY KEY, n NUMERIC(12,3));
CREATE VIEW v AS SELECT a, b FROM t;
CREATE INDEX t_b ON t (b);
CREATE UNIQUE INDEX w_zy ON w (z, y);
CREATE SEQUENCE sq;
COMMENT ON TABLE t IS 'the table';
COMMENT ON COLUMN t.b IS 'it''s b';
"""
ASKED = (
    r"""
\d;\d t;\d u;\d "Two Words";\d other.o;\d v;\d t_b;\dt;\dt public.*;\dv;\di;\ds;\dn;\df;\dp other.*
\dd;\dl;\dconfig server_version_num
""".strip()
    .replace("\n", ";")
    .split(";")
)


OTHERS = ("l+", "du+", "dn+", "df+", "d+ v", "di+", "dC", "do", "dO", "db", "dF")

# What tools for looking at data ask before they show any.
TOOLS = r"""
SELECT table_schema, table_name, table_type FROM information_schema.tables
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2;
SELECT column_name, ordinal_position, is_nullable, data_type, numeric_precision, numeric_scale,
  datetime_precision, udt_name FROM information_schema.columns WHERE table_name = 't' ORDER BY 2;
SELECT tc.constraint_name, constraint_type, kcu.column_name FROM information_schema.table_constraints
  tc JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name)
WHERE tc.table_schema = 'public' ORDER BY 1, 3;
SELECT constraint_name, unique_constraint_name, update_rule
FROM information_schema.referential_constraints ORDER BY 1;
SELECT schema_name FROM information_schema.schemata WHERE schema_name !~ '^pg_' ORDER BY 1;
SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE E'pg\\_%' AND nspname ILIKE '%P%' ORDER BY 1;
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'p\_blic' OR nspname LIKE 'p!_blic' ESCAPE '!';
SELECT current_schema, current_schema(), 'public' = ANY(current_schemas(false)), has_table_privilege('t', 'SELECT');
SELECT c.relname, attname, format_type(atttypid, atttypmod), attnotnull FROM pg_catalog.pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE nspname = 'public' AND c.relkind = 'r' AND attnum > 0 AND NOT attisdropped ORDER BY 1, attnum;
SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 3;
SELECT conname, contype, conrelid::regclass, confrelid::regclass, conkey, confkey FROM pg_constraint
WHERE connamespace = 'public'::regnamespace ORDER BY 1;
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
  AND a.attnum = ANY(i.indkey) WHERE i.indrelid = 'w'::regclass AND i.indisprimary ORDER BY 1;
SELECT 'public.t'::regclass, 't'::regclass::oid = (SELECT oid FROM pg_class WHERE relname = 't'), 23::regtype,
  to_regclass('nope') IS NULL, 'integer'::regtype::oid;
SELECT typname, typlen, typtype, typelem, typarray FROM pg_type WHERE oid IN (16, 23, 1007, 1700)
ORDER BY oid;
SELECT obj_description('t'::regclass, 'pg_class'), col_description('t'::regclass, 2);
SELECT count(*) > 80 FROM pg_get_keywords() WHERE word <> ALL ('{select,from}'::text[]);
SELECT sequence_name, data_type, start_value FROM information_schema.sequences;
SELECT 1 AS a FROM pg_extension WHERE extname = 'postgis';
SELECT to_timestamp('2024-02-01 07:08:09.5', 'YYYY-MM-DD HH24:MI:SS.US')::timestamp, to_date('2024-02-03', 'YYYY-MM-DD');
SELECT quote_ident('Two Words'), (parse_ident('Main."Two ""Words"'))[2], (parse_ident('Iris'))[1], quote_literal('it''s'), pg_encoding_to_char(6), pg_is_in_recovery();
SET extra_float_digits = 3; SET application_name = 'Metabase';
SELECT array_to_string(ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = 'u'::regclass
  AND attnum > 0 ORDER BY attnum), ', ');
SELECT "t"."relname", "a"."attname", NOT a.attnotnull FROM "pg_constraint" AS "c" JOIN "pg_class" AS "t" ON "c"."confrelid" = "t"."oid" JOIN "pg_attribute" AS "a"
  ON "c"."confrelid" = "a"."attrelid" WHERE "c"."contype" = 'f'::char AND "a"."attnum" = ANY(c.confkey) ORDER BY 1, 2;
SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = '"w"'::regclass AND indisprimary) i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx;
SELECT quote_ident(table_name) AS "table" FROM information_schema.tables WHERE quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
  FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
  string_to_array(current_setting('search_path'),',') s) AND table_schema = 'public' ORDER BY 1;
SELECT typinput='pg_catalog.array_in'::regproc as is_array, typtype, typname, typreceive, p.proname FROM pg_catalog.pg_type LEFT JOIN (select ns.oid as nspoid, ns.nspname, r.r
  from pg_namespace as ns join (select s.r, (current_schemas(false))[s.r] as nspname from generate_series(1, array_upper(current_schemas(false), 1)) as s(r)) as r using (nspname)) as sp
  ON sp.nspoid = typnamespace LEFT JOIN pg_proc p ON p.oid = typreceive WHERE typname IN ('interval', 'numeric', '_json') ORDER BY sp.r, pg_type.oid DESC;
SELECT table_name, column_name, constraint_name FROM information_schema.constraint_column_usage WHERE table_schema = 'public' ORDER BY 1, 2, 3;
SELECT obj_description(('"' || "table_schema" || '"."' || "table_name" || '"')::regclass, 'pg_class') FROM "information_schema"."tables" WHERE table_name = 't';
WITH columns AS (SELECT schemaname AS select, pg_catalog.has_table_privilege(current_user, tablename, 'select') AS not FROM pg_catalog.pg_tables WHERE tablename = 't') SELECT * FROM columns;
SELECT pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE contype = 'c' AND conrelid = 't'::regclass;
SELECT usename = current_user, state, query LIKE 'SELECT use%', rolsuper, backend_type FROM pg_stat_activity JOIN pg_roles ON rolname = usename WHERE pid = pg_backend_pid();
SELECT ref.conname, a1.attname, a2.attname FROM (select conrelid, conkey, confrelid, confkey, generate_series(array_lower(conkey, 1), array_upper(conkey, 1)) as i, conname
  from pg_catalog.pg_constraint cn, pg_catalog.pg_class c where contype = 'f' and conrelid = c.oid and relname = 'Two Words') ref JOIN pg_catalog.pg_attribute a1
  ON a1.attrelid = ref.conrelid AND a1.attnum = conkey[i] JOIN pg_catalog.pg_attribute a2 ON a2.attrelid = ref.confrelid AND a2.attnum = confkey[i] ORDER BY ref.i;
SELECT object_name, data_type FROM information_schema.element_types WHERE object_schema = 'public';
SELECT DISTINCT grantee = current_user, privilege_type FROM information_schema.table_privileges WHERE grantee = current_user AND table_name = 't' ORDER BY 2;
SELECT pg_try_advisory_lock(1), pg_try_advisory_lock(1, 2), pg_advisory_unlock(1), pg_advisory_unlock_all(), pg_sleep(0);
SELECT relname, indexrelname, idx_scan FROM pg_stat_user_indexes WHERE schemaname = 'public' AND relname = 't' ORDER BY 2;
"""  # noqa: E501


# What PostgreSQL's users write that DuckDB has in other words; the columns have its names, too.
QUERIES = r"""
CREATE TEMP TABLE q AS SELECT * FROM (VALUES (1, 'b', '2020-02-03 04:05:06.789'::timestamp, 1234.5),
  (2, 'a', '2021-12-25 14:00:00', -0.5), (3, NULL, NULL, NULL)) v(id, name, ts, n);
SELECT count(*), max(id), 1, 'a', id + 1 AS x, id::text, -id, NULL, name IS NULL, $$x$$ y FROM q GROUP BY id, name ORDER BY id;
SELECT CASE WHEN id = 1 THEN name ELSE 'x' END, CASE id WHEN 1 THEN '' ELSE name END, coalesce(name, 'n'), nullif(id, 1), (SELECT max(id) FROM q), exists(SELECT 1 FROM q), ARRAY[id], (id), (q.id)::text, 1::bigint, CAST(name AS text), date '2020-01-01', 'x'::varchar(3) FROM q ORDER BY q.id;
SELECT sum(id) OVER (ORDER BY id), count(*) FILTER (WHERE id > 1) OVER () FROM q ORDER BY id;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id), mode() WITHIN GROUP (ORDER BY id) FROM q;
SELECT c.count FROM (SELECT count(*) FROM q) c;
SELECT name, count(*) FROM q GROUP BY name ORDER BY count DESC, name;
SELECT DISTINCT ON (lower(name)) lower(name), extract(year FROM ts), trim(' a '), trim(leading 'x' from 'xa') FROM q WHERE id < 3 ORDER BY lower(name);
INSERT INTO q (id) VALUES (9) RETURNING id::text, upper('a');
DELETE FROM q WHERE id = 9;
SELECT user = current_user, session_user = user, 'integer'::regtype, 'int8'::regtype::text, 'pg_class'::regclass;
SELECT to_char(ts, 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(ts, 'FMMonth FMDD, YY'), to_char(ts, 'MON Day dy'), to_char(ts, 'HH12:MI AM pm'), to_char(ts, 'YYYY-"Q"Q IYYY-IW'), to_char(ts, 'D ID W WW DDD US') FROM q ORDER BY id;
SELECT to_char(n, '9999.99'), to_char(n, 'FM9999.99'), to_char(n, 'FM999,990.00'), to_char(n, '999,999.9'), to_char(n, '0000'), to_char(n, '99'), to_char(n, 'FM90.0%'), to_char(n, 'FM$999,999.00') FROM q ORDER BY id;
SELECT to_char(ts, 'YYYY-MM'), count(*) FROM q GROUP BY to_char(ts, 'YYYY-MM') ORDER BY 1;
SELECT to_date('3 Feb 2020', 'DD Mon YYYY'), to_timestamp('2020-02-03 04:05', 'YYYY-MM-DD HH24:MI')::timestamp, to_number('1,234.5', '9,999.9'), to_timestamp(0)::date;
SELECT initcap('hello wORLD-foo'), btrim('xax', 'x'), quote_ident('A b'), quote_literal('it''s'), quote_nullable(NULL), to_hex(255), div(7, 2), width_bucket(5.0, 0, 10, 4), make_interval(days => 3, hours => 2), array_replace(ARRAY[1, 2], 1, 9), encode('abc'::bytea, 'hex'), decode('YWJj', 'base64');
SELECT format('%s of %I: %L %%', 'a', 'B c', 'it''s'), json_build_object('a', 1, 'b', 'x')->>'b', pg_typeof(1.5)::text, json_agg(id ORDER BY id) FILTER (WHERE id < 3), every(id > 1) FROM q;
SELECT regexp_split_to_table('a b c', ' '), json_object_keys('{"a": 1}');
SELECT e->>'a' AS a FROM jsonb_array_elements('[{"a": 1}, {"a": 2}]') e UNION ALL SELECT v.value FROM q, json_array_elements_text('["x"]') AS v WHERE id = 1;
SELECT id, name ILIKE ANY (ARRAY['A%', 'x']), upper(name) NOT LIKE ALL (ARRAY['B']) FROM q WHERE id = ANY ('{1,2}') AND id <> ALL ('{2,4}') OR name = ANY ('{}') ORDER BY 1;
SELECT '{"a": [{"b": 1}]}'::json #>> '{a,0,b}', 'abc' SIMILAR TO 'a%', 'a.c' SIMILAR TO 'a.c|_', substring('Thomas' FROM '...$'), substring('x' FROM 'y'), substring('foobar' FROM 'o(.)b');
PREPARE asked (int, text) AS SELECT name, $2 || 'x' FROM q WHERE id = $1;
EXECUTE asked (1 + 1, 'b');
SELECT name FROM pg_prepared_statements ORDER BY name;
DEALLOCATE PREPARE asked;
PREPARE made AS INSERT INTO q (id, name) VALUES ($1, $2), ($1, 'z');
EXECUTE made (7, 'seven, (7)');
SELECT name FROM q WHERE id = 7 ORDER BY 1;
DEALLOCATE ALL;
SET search_path TO nowhere, other, "$user", public;
SELECT count(*) FROM o;
SELECT current_schema, current_schemas(false), 'o'::regclass, 't'::regclass;
RESET search_path;
SHOW search_path;
SELECT id AS Total, name "Name" FROM q WHERE id = 1;
SELECT * FROM upper('a');
SELECT x, x.* FROM lower('A') AS x WHERE extract(year FROM date_trunc('year', date '2020-02-03')) = 2020;
SELECT id, NOT id > 1 AS "select" INTO TEMPORARY TABLE chosen FROM q WHERE id < 3;
SELECT * FROM chosen ORDER BY id;
CREATE TEMP TABLE later (a int UNIQUE DEFERRABLE INITIALLY DEFERRED, b int PRIMARY KEY NOT DEFERRABLE);
SELECT NOT q.id IS NULL, - q.id, NOT (q.id = 1) FROM q WHERE q.id = 1;
CREATE TEMP TABLE keyed (id serial, "N" int);
INSERT INTO keyed ("N") VALUES (1), (2) RETURNING id;
DROP TABLE IF EXISTS nothing, keyed CASCADE;
CREATE UNLOGGED TABLE keyed (id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 10 INCREMENT BY 2), "N n" int GENERATED ALWAYS AS IDENTITY, x text);
INSERT INTO keyed (x) VALUES ('a'), ('b') RETURNING *;
ALTER TABLE IF EXISTS ONLY keyed ADD COLUMN y numeric(9, 2), ADD COLUMN IF NOT EXISTS z int;
CREATE INDEX ON keyed USING btree (x, "N n");
SELECT x, y, z, current_timestamp(3) IS NULL FROM keyed ORDER BY x;
SELECT relname FROM pg_class WHERE relname LIKE 'keyed%' ORDER BY lower(relname);
DROP INDEX "keyed_x_N n_idx";
DROP TABLE keyed;
SELECT count(*) FROM pg_class WHERE relname LIKE 'keyed%';
DECLARE way SCROLL CURSOR FOR SELECT i FROM generate_series(1, 5) AS i;
FETCH 2 FROM way;
FETCH PRIOR FROM way;
FETCH ABSOLUTE 4 FROM way;
FETCH RELATIVE -2 FROM way;
FETCH LAST FROM way;
FETCH FORWARD 0 FROM way;
FETCH NEXT way;
FETCH BACKWARD 2 IN way;
FETCH ABSOLUTE -9 FROM way;
FETCH FORWARD ALL FROM way;
FETCH BACKWARD ALL FROM way;
MOVE FORWARD 3 IN way;
FETCH way;
SELECT name, is_scrollable, is_holdable FROM pg_cursors;
CLOSE way;
"""  # noqa: E501


@pytest.fixture(scope="module")
def original() -> Iterator[str]:
    """The address of a PostgreSQL 15 with the tables."""
    with postgresql() as folder:
        place = f"host={folder} user=sqlml dbname=postgres"
        psql(place, "ALTER SCHEMA public OWNER TO sqlml")
        psql(place, TABLES)
        yield place


def psql(place: str, *commands: str) -> str:
    call = ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", place]
    call += [word for command in commands for word in ("-c", command)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == "", (commands, done.stderr)
    return done.stdout


def shown(place: str, commands: Sequence[str]) -> list[str]:
    """What each of some commands shows, one after the other on one connection."""
    told = psql(place, *(part for command in commands for part in (r"\echo ----", command)))
    return told.split("----\n")[1:]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("same") / "same.duckdb") as port:
        psql(address(port), TABLES)
        yield port


@pytest.mark.slow
def test_psql_shows_what_it_shows_of_postgresql(original: str, port: int) -> None:
    theirs = [re.sub(r"\|1500\d\d\n", "|150000\n", each) for each in shown(original, ASKED)]
    told = zip(ASKED, shown(address(port), ASKED), theirs, strict=True)
    assert [each for each in told if each[1] != each[2]] == []


def test_tools_are_told_what_postgresql_tells_them(original: str, port: int) -> None:
    asked = [each for each in TOOLS.split(";\n") if each.strip()]
    told = zip(asked, shown(address(port), asked), shown(original, asked), strict=True)
    assert [each for each in told if each[1] != each[2]] == []


def test_queries_give_what_postgresql_gives_with_its_names(original: str, port: int) -> None:
    with psycopg.connect(original) as theirs, psycopg.connect(address(port)) as ours:
        for query in QUERIES.strip().split(";\n"):
            told = [client.execute(query, prepare=False) for client in (ours, theirs)]
            one, other = ([column.name for column in each.description or ()] for each in told)
            assert one == other, query
            assert told[0].statusmessage == told[1].statusmessage
            if one:
                assert told[0].fetchall() == told[1].fetchall(), query


def test_psql_has_no_error_where_it_shows_more(port: int) -> None:
    shown = psql(address(port), "\\d+ t")
    assert "b|character varying||not null||extended|||it's b" in shown
    assert "public|t|table|sqlml|permanent|heap|0 rows|the table" in psql(address(port), "\\dt+")
    assert psql(address(port), "\\du").startswith("ann|Superuser|{}\nsqlml|Superuser")
    assert psql(address(port), "\\sv v").endswith(" SELECT a, b FROM t\n")
    psql(address(port), *(f"\\{each}" for each in OTHERS))


def test_sqlalchemy_reflects_what_it_reflects_of_postgresql(original: str, port: int) -> None:
    folder = original.split(maxsplit=1)[0].removeprefix("host=")
    theirs = reflected(f"postgresql+psycopg://sqlml@/postgres?host={folder}")
    ours = reflected(f"postgresql+psycopg://sqlml@127.0.0.1:{port}/same")
    for asked, rows in theirs.items():
        assert ours[asked] == rows, asked
    assert len(theirs) == 15


def reflected(url: str) -> dict[str, Any]:
    """All that an Inspector tells, in an order of its own."""
    engine = sqlalchemy.create_engine(url)
    inspector, found = sqlalchemy.inspect(engine), dict[str, Any]()
    for of in ("table", "view", "materialized_view", "sequence"):
        found[f"{of}s"] = sorted(getattr(inspector, f"get_{of}_names")())
    found["schemas"] = inspector.get_schema_names()
    for of in ("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints",
               "check_constraints", "table_comment"):  # fmt: skip
        told = getattr(inspector, f"get_multi_{of}")(kind=ObjectKind.ANY)
        found[of] = sorted((repr(name), repr(each)) for name, each in told.items())
    found["other"] = repr(inspector.get_columns("o", schema="other"))
    found["has"] = [inspector.has_table(name) for name in ("t", "v", "Two Words", "x")]
    pandas.DataFrame({"a": [1, 2], "b": ["x", None]}).to_sql("made", engine, index=False)
    found["pandas"] = pandas.read_sql_table("made", engine).to_csv()
    metadata = sqlalchemy.MetaData()
    metadata.reflect(engine, only=["made"])
    metadata.tables["made"].drop(engine)
    engine.dispose()
    return found


COPIED = r"""
CREATE TABLE p (a INTEGER PRIMARY KEY, b VARCHAR, c DOUBLE PRECISION, d DATE, e BOOLEAN, f BYTEA,
  g INTEGER[], h VARCHAR[]);
COPY p FROM STDIN;
1	x	1.5	2020-01-02	t	\\x00ff	{1,NULL}	{"a,b",c}
2	tab\there\\\nline	\N	\N	f	\N	\N	{}
3		-2	1999-12-31	\N	\\x	{}	\N
\.
COPY p (b, a) FROM STDIN WITH (FORMAT csv, DELIMITER ';', NULL 'nix', HEADER);
b;a
"se;""mi";4
nix;5
"nix";6
;7
"two
lines";8
\.
COPY p (a) FROM STDIN CSV QUOTE '''';
'9'
\.
COPY p (b, a, h) FROM STDIN WITH CSV NULL 'x' FORCE NOT NULL b;
x,10,x
\.
COPY p (a, b) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (b));
11,
\.
SELECT a, c, d FROM p ORDER BY a \gdesc
SELECT * FROM p ORDER BY a;
COPY (SELECT * FROM p ORDER BY a) TO STDOUT;
COPY p (a, b) TO STDOUT WITH CSV HEADER;
COPY (SELECT b, a FROM p) TO STDOUT (FORMAT csv, FORCE_QUOTE (a), NULL 'nil', DELIMITER '|');
COPY (SELECT b, a FROM p) TO STDOUT WITH DELIMITER ',' NULL AS 'nil' CSV FORCE QUOTE *;
COPY (SELECT 1 AS One, 2 AS "Two") TO STDOUT CSV HEADER;
COPY (SELECT 'a|b\c', NULL) TO STDOUT (DELIMITER '|', NULL '');
COPY (SELECT a, b, c, d, e, f FROM p ORDER BY a) TO STDOUT WITH BINARY;
SELECT max(a) AS most FROM p \gset v_
\echo :v_most
SELECT b, e, a FROM p WHERE a IN (1, 3) \crosstabview b e a
SELECT 'SELECT ' || a || ' AS a' FROM p WHERE a < 3 ORDER BY a \gexec
DROP TABLE p;
"""


def test_psql_copies_and_shows_as_with_postgresql(original: str, port: int, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text(COPIED)
    told = [
        subprocess.run(
            ["psql", "-X", "-v", "ON_ERROR_STOP=1", place, "-f", script],
            capture_output=True, check=False, timeout=60,
        )
        for place in (original, address(port))
    ]  # fmt: skip
    assert [each.stderr for each in told] == [b"", b""]
    assert told[1].stdout == told[0].stdout


def test_rows_that_cannot_be_copied_are_told(port: int) -> None:
    with psycopg.connect(address(port), autocommit=True) as client:
        client.execute("CREATE TEMP TABLE own (a INT, b VARCHAR)")
        for statement, content, state in (
            ("COPY own FROM STDIN", "1\tx\nbad\ty\n", "22P02"),
            ("COPY own FROM STDIN", "1\tx\n2\n", "22P04"),
            ("COPY own (nope) FROM STDIN", "", "42703"),
            ("COPY nope FROM STDIN", "", "42P01"),
            ("COPY own FROM STDIN (FORMAT binary)", b"", "22P04"),
            ("COPY own FROM STDIN (FORMAT xml)", "", "22023"),
            ("COPY own FROM STDIN (WHATEVER 1)", "", "42601"),
        ):
            with pytest.raises(psycopg.Error) as refused, client.cursor().copy(statement) as copy:
                copy.write(content)
            assert refused.value.sqlstate == state, statement
        with suppress(ZeroDivisionError), client.cursor().copy("COPY own FROM STDIN") as copy:
            copy.write_row((1, "x"))
            raise ZeroDivisionError
        with client.transaction(force_rollback=True):
            with client.cursor().copy("COPY own FROM STDIN") as copy:
                for i in range(20_000):
                    copy.write_row((i, f"row\t{i}"))
            found = client.execute("SELECT count(*), max(a) FROM own WHERE b = e'row\t' || a")
            assert found.fetchone() == (20_000, 19_999)
        assert client.execute("SELECT count(*) FROM own").fetchone() == (0,)


def test_strings_stay_as_they_are() -> None:
    assert translated("SELECT 'a pg_class of its own' AS a FROM pg_class") == (
        "SELECT 'a pg_class of its own' AS a FROM sqlml_pg.main.pg_class AS pg_class"
    )
    for kept in ("SELECT 'x.pg_catalog'", "SELECT 1 // 2", "INSERT INTO t SELECT 'pg_class'"):
        assert translated(kept) == kept


def test_nobody_changes_the_system_catalog(port: int) -> None:
    with psycopg.connect(address(port), autocommit=True) as client:
        for sql in ("DROP TABLE sqlml_pg.main.pg_type", "DELETE FROM sqlml_pg.main.pg_roles",
                    "CREATE TABLE sqlml_pg.main.t (a INT)", "DROP MACRO sqlml_pg.main.version",
                    "DETACH sqlml_pg", "CREATE OR REPLACE VIEW sqlml_pg.main.pg_class AS SELECT 1",
                    "COMMENT ON TABLE sqlml_pg.main.pg_type IS 'x'"):  # fmt: skip
            with pytest.raises(psycopg.Error):
                client.execute(sql)
        assert client.execute("SELECT count(*) > 50 FROM pg_type").fetchone() == (True,)
