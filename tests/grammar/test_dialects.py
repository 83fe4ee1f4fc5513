"""What a construct of another database gives in DuckDB is what that database documents."""

# ruff: noqa: E501 - a construct and its result stand in one line

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from sqlml.databases.duckdb import DuckDB
from sqlml.errors import ProgramError
from sqlml.grammar.queries import analyse, translate

TABLE = """
CREATE TABLE t (id INT, name VARCHAR, x DOUBLE, d DATE, ts TIMESTAMP, j VARCHAR, tags VARCHAR[]);
INSERT INTO t VALUES
    (1, 'ann', 1.5, '2024-01-31', '2024-01-31 10:20:30', '{"a": {"b": [5, 6]}, "s": "q"}', ['u', 'v']),
    (2, 'bob', NULL, '2024-02-29', '2024-02-29 23:59:59', '{"a": 1}', ['w']),
    (3, 'Cy', 3.0, NULL, NULL, NULL, [])
"""

QUERIES = {
    "mysql": [
        ("SELECT id FROM t ORDER BY id LIMIT 1, 2", [(2,), (3,)]),
        ("SELECT id FROM t ORDER BY id LIMIT 2 OFFSET 1", [(2,), (3,)]),
        ("""SELECT "a""b", 'it\\'s', "it's" """, [('a"b', "it's", "it's")]),
        ("SELECT `id` AS `my id` FROM `t` WHERE `name` = \"ann\"", [(1,)]),
        ("SELECT SUBSTRING_INDEX('www.mysql.com', '.', 2)", [("www.mysql",)]),
        ("SELECT SUBSTRING_INDEX('www.mysql.com', '.', -2)", [("mysql.com",)]),
        ("SELECT SUBSTRING_INDEX('a.b', '.', 0), SUBSTRING_INDEX('a.b', '.', 9)", [("", "a.b")]),
        ("SELECT SUBSTRING_INDEX('a.b', '.', -9), SUBSTRING_INDEX(NULL, '.', 1)", [("a.b", None)]),
        ("SELECT CONCAT(\"a\", name, 1) FROM t WHERE id = 1", [("aann1",)]),
        ("SELECT CONCAT('a', NULL), CONCAT_WS('-', 'a', NULL, 'b')", [(None, "a-b")]),
        ("SELECT IFNULL(x, 0) FROM t ORDER BY id", [(1.5,), (0,), (3.0,)]),
        ("SELECT DATE_FORMAT(ts, '%Y/%m/%d %H:%i:%s') FROM t WHERE id = 1", [("2024/01/31 10:20:30",)]),
        ("SELECT DATE_FORMAT(ts, '%W %M %e %y %b %a %j') FROM t WHERE id = 1",
         [("Wednesday January 31 24 Jan Wed 031",)]),
        ("SELECT DATE_FORMAT(ts, '%c-%T %h:%i %p') FROM t WHERE id = 1", [("1-10:20:30 10:20 AM",)]),
        ("SELECT UNIX_TIMESTAMP('2024-01-31 10:20:30'), UNIX_TIMESTAMP(d) FROM t WHERE id = 1",
         [(1706696430, 1706659200)]),
        ("SELECT UNIX_TIMESTAMP() > 1706696430", [(True,)]),
        ("SELECT FROM_UNIXTIME(1706696430)", [(datetime(2024, 1, 31, 10, 20, 30),)]),
        ("SELECT name REGEXP '^A', name RLIKE 'n$', name NOT REGEXP 'z' FROM t WHERE id = 1",
         [(True, True, True)]),
        ("SELECT name FROM t WHERE name LIKE 'A%'", [("ann",)]),
        ("SELECT name FROM t WHERE name LIKE BINARY 'A%'", []),
        ("SELECT name FROM t WHERE name NOT LIKE 'A%' ORDER BY id", [("bob",), ("Cy",)]),
        ("SELECT NULL <=> NULL, 1 <=> NULL, 1 <=> 1", [(True, False, True)]),
        ("SELECT IF(x > 2, 'big', \"small\") FROM t ORDER BY id", [("small",), ("small",), ("big",)]),
        ("SELECT GROUP_CONCAT(name ORDER BY name DESC SEPARATOR '|') FROM t WHERE id < 3",
         [("bob|ann",)]),
        ("SELECT GROUP_CONCAT(DISTINCT id % 1) FROM t", [("0",)]),
        ("SELECT STR_TO_DATE('31,1,2024', '%d,%m,%Y')", [(date(2024, 1, 31),)]),
        ("SELECT STR_TO_DATE('31.1.2024 10:20', '%d.%m.%Y %H:%i')", [(datetime(2024, 1, 31, 10, 20),)]),
        ("SELECT RAND() BETWEEN 0 AND 1, RAND(3) < 1", [(True, True)]),
        ("SELECT CAST('12' AS SIGNED), CAST('12' AS UNSIGNED), CAST(1.5 AS SIGNED)", [(12, 12, 2)]),
        ("SELECT CAST(x AS CHAR), CAST('1.239' AS DECIMAL(4, 2)) FROM t WHERE id = 1",
         [("1.5", Decimal("1.24"))]),
        ("SELECT 7 DIV 2, 7 % 4, 7 MOD 4, 7 / 2", [(3, 3, 3, 3.5)]),
        ("SELECT MID('quadratic', 5, 6), LOCATE('bar', 'foobarbar'), INSTR('foobarbar', 'bar')",
         [("ratic", 4, 4)]),
        ("SELECT LENGTH('é'), CHAR_LENGTH('é'), UCASE('a'), LPAD('hi', 4, '?')", [(2, 1, "A", "??hi")]),
        ("SELECT DATEDIFF('2007-12-31 23:59:59', '2007-12-30'), TO_DAYS('2007-10-07')", [(1, 733321)]),
        ("SELECT DAYOFWEEK('2007-02-03'), WEEKDAY('2008-02-03 22:23:00')", [(7, 6)]),
        ("SELECT YEAR(d), LAST_DAY(d), DATE(ts) FROM t WHERE id = 1",
         [(2024, date(2024, 1, 31), date(2024, 1, 31))]),
        ("SELECT a || b, a && b FROM (SELECT 0 AS a, 1 AS b) AS q", [(True, False)]),
        ("SELECT ELT(2, 'Aa', 'Bb'), ELT(4, 'Aa', 'Bb'), FIELD('Bb', 'Aa', 'Bb'), FIELD('z', 'a')",
         [("Bb", None, 2, 0)]),
        ("SELECT FIND_IN_SET('b', 'a,b,c,d'), ISNULL(x) FROM t WHERE id = 2", [(2, True)]),
        ("SELECT j ->> '$.s', JSON_UNQUOTE(JSON_EXTRACT(j, '$.s')) FROM t WHERE id = 1", [("q", "q")]),
        ("SELECT COUNT(*) AS n FROM t GROUP BY name HAVING n > 0 ORDER BY NULL", [(1,)] * 3),
        ("SELECT AVG(id > 1) * 3, AVG(NOT id > 2 AND x > 0), AVG(id) FROM t", [(2, 0.5, 2)]),
        ("SELECT MAKEDATE(2024, 60), REGEXP_SUBSTR('abc', 'B.'), REGEXP_SUBSTR('abc', 'x')", [(date(2024, 2, 29), "bc", None)]),
        ("SELECT CONVERT(name USING utf8), OCTET_LENGTH('é') FROM t WHERE id = 1", [("ann", 2)]),
        ("SELECT id * 2 AS id, x FROM t WHERE id < 3 HAVING ID > 2 AND t.id < 9", [(4, None)]),
        ("SELECT QUARTER(d), DAYNAME(d), LAST_DAY(d), HOUR(d), MINUTE(d), SECOND(d), TIME(d) "
         "FROM (SELECT '2024-05-07 10:11:12' AS d) AS q",
         [(2, "Tuesday", date(2024, 5, 31), 10, 11, 12, time(10, 11, 12))]),
        ("SELECT HOUR(d), HOUR(ts), HOUR('23:05:00'), HOUR(NULL) FROM t WHERE id = 1", [(0, 10, 23, None)]),
        ("SELECT DATE_ADD(s, INTERVAL 1 DAY), DATE_SUB(ts, INTERVAL 1 HOUR) "
         "FROM (SELECT '2024-02-28' AS s, ts FROM t WHERE id = 1) AS q",
         [(datetime(2024, 2, 29), datetime(2024, 1, 31, 9, 20, 30))]),
        ("SELECT DATE_ADD(h, INTERVAL 1 HOUR), DATE_SUB(h, INTERVAL 5 MINUTE) FROM (SELECT CAST('10:00:00' AS TIME) AS h) AS q",
         [(time(11), time(9, 55))]),
        ("SELECT ADDDATE('2024-01-30', 3), SUBDATE('2024-01-30', 30), ADDDATE(ts, INTERVAL 1 HOUR) FROM t WHERE id = 1",
         [(date(2024, 2, 2), date(2023, 12, 31), datetime(2024, 1, 31, 11, 20, 30))]),
        ("SELECT EXTRACT(HOUR FROM s), EXTRACT(YEAR FROM s), DATEDIFF(s, d), TIMESTAMPADD(MINUTE, 1, s) "
         "FROM (SELECT '2024-03-01 23:59:00' AS s, d FROM t WHERE id = 1) AS q",
         [(23, 2024, 30, datetime(2024, 3, 2))]),
        ("SELECT TIME_TO_SEC('22:23:00'), SEC_TO_TIME(2378), STRCMP('text', 'Text2'), STRCMP('b', NULL)",
         [(80580, time(0, 39, 38), -1, None)]),
        ("SELECT id FROM t ORDER BY x", [(2,), (1,), (3,)]),
        ("SELECT id FROM t ORDER BY x DESC", [(3,), (1,), (2,)]),
        ("SELECT 'a' 'b', 1 # a comment\n", [("ab", 1)]),
    ],
    "hive": [
        ("SELECT id, tag FROM t LATERAL VIEW explode(tags) e AS tag ORDER BY id, tag",
         [(1, "u"), (1, "v"), (2, "w")]),
        ("SELECT id, tag FROM t LATERAL VIEW OUTER explode(tags) e AS tag ORDER BY id, tag",
         [(1, "u"), (1, "v"), (2, "w"), (3, None)]),
        ("SELECT p, w FROM t LATERAL VIEW posexplode(tags) e AS p, w WHERE id = 1 ORDER BY p",
         [(0, "u"), (1, "v")]),
        ("SELECT a, b FROM (SELECT 'x y' AS s) q LATERAL VIEW explode(split(s, ' ')) e AS a "
         "LATERAL VIEW explode(array(1, 2)) f AS b ORDER BY a, b",
         [("x", 1), ("x", 2), ("y", 1), ("y", 2)]),
        ("SELECT SPLIT('a1b22c', '[0-9]+'), SPLIT('a.b', '\\\\.')[0]", [(["a", "b", "c"], "a")]),
        ("SELECT GET_JSON_OBJECT(j, '$.s'), GET_JSON_OBJECT(j, '$.a.b[0]') FROM t WHERE id = 1",
         [("q", "5")]),
        ("SELECT NVL(x, -1), NVL2(x, 1, 2) FROM t WHERE id = 2", [(-1, 2)]),
        ("SELECT CAST(d AS STRING), CAST('z' AS INT), CAST(1.9 AS INT), CAST(-1.9 AS BIGINT) "
         "FROM t WHERE id = 1", [("2024-01-31", None, 1, -1)]),
        ("SELECT CAST('9007199254740993' AS BIGINT), CAST('3.7' AS INT), CAST(TRUE AS INT)",
         [(9007199254740993, 3, 1)]),
        ("SELECT isnull(x), isnotnull(x), negative(id) FROM t WHERE id = 2", [(True, False, -2)]),
        ("SELECT trunc('2024-05-17', 'MM'), trunc(d, 'YYYY'), quarter('2024-05-17'), hour('2024-05-17 10:11:12') "
         "FROM t WHERE id = 1", [(date(2024, 5, 1), date(2024, 1, 1), 2, 10)]),
        ("SELECT weekofyear('2024-01-07'), last_day('2024-02-03'), next_day('2015-01-14', 'TU')",
         [(1, date(2024, 2, 29), date(2015, 1, 20))]),
        ("SELECT dateadd(d, 1, 'mm'), dateadd(ts, -2, 'HH'), getdate() > d FROM t WHERE id = 1",
         [(datetime(2024, 2, 29), datetime(2024, 1, 31, 8, 20, 30), True)]),
        ("SELECT extract(hour from s), add_months(s, 1), date_trunc('month', s) "
         "FROM (SELECT '2024-01-31 10:11:12' AS s) q", [(10, date(2024, 2, 29), datetime(2024, 1, 1))]),
        ("SELECT rlike('facebook', '^f'), shiftleft(1, 3), shiftright(8, 2)", [(True, 8, 2)]),
        ("SELECT wm_concat('-', name) FROM (SELECT name FROM t WHERE id < 3 ORDER BY id) q", [("ann-bob",)]),
        ("SELECT unix_timestamp(ts), unix_timestamp('x'), unix_timestamp() > 1706696430 FROM t WHERE id = 1",
         [(1706696430, None, True)]),
        ("SELECT id, s, a FROM t LATERAL VIEW json_tuple(j, 's', 'a') q AS s, a WHERE q.s = 'q' OR id = 2 ORDER BY id",
         [(1, "q", '{"b":[5,6]}'), (2, None, "1")]),
        ("SELECT unix_timestamp('2024-01-31 10:20:30'), from_unixtime(0)",
         [(1706696430, "1970-01-01 00:00:00")]),
        ("SELECT to_date('2024-01-31 10:20:30'), date_add('2024-01-31', 1), date_sub('2024-01-31', 1)",
         [(date(2024, 1, 31), date(2024, 2, 1), date(2024, 1, 30))]),
        ("SELECT datediff('2009-03-01', '2009-02-27'), date_format('2024-01-31', 'yyyyMMdd')",
         [(2, "20240131")]),
        ("SELECT size(tags), array_contains(tags, 'u') FROM t WHERE id = 1", [(2, True)]),
        ("SELECT concat_ws('-', collect_list(name)) FROM (SELECT name FROM t WHERE id < 3 ORDER BY id) q",
         [("ann-bob",)]),
        ("SELECT concat('a', NULL), \"b\" || 'c'", [(None, "bc")]),
        ("SELECT regexp_extract('foothebar', 'foo(.*?)(bar)', 1), regexp_replace('foobar', 'oo|ar', '')",
         [("the", "fb")]),
        ("SELECT name RLIKE 'N', name LIKE 'A%' FROM t WHERE id = 1", [(False, False)]),
        ("SELECT 10 / 4, 7 div 2, pmod(-7, 3), dayofweek('2024-01-31')", [(2.5, 3, 2, 4)]),
        ("SELECT map('a', 1)['a'], array(1, 2)[1], named_struct('x', 3).x", [(1, 2, 3)]),
        ("SELECT str_to_map('a:1,b:2')['b'], str_to_map('a=1;b=2', ';', '=')['a']", [("2", "1")]),
        ("SELECT id FROM t ORDER BY x", [(2,), (1,), (3,)]),
        ("SELECT `id` FROM t WHERE name = \"bob\" SORT BY id", [(2,)]),
    ],
    "postgres": [
        ("SELECT 'a' || 'b' || NULL, '12'::int + 1, 1::text, CAST('t' AS boolean)",
         [(None, 13, "1", True)]),
        ("SELECT name FROM t WHERE name ILIKE 'c%' AND name NOT LIKE 'c%'", [("Cy",)]),
        ("SELECT DISTINCT ON (id % 2) id FROM t ORDER BY id % 2, id DESC", [(2,), (3,)]),
        ("SELECT * FROM generate_series(1, 7, 3)", [(1,), (4,), (7,)]),
        ("SELECT g FROM generate_series(1, 3) AS s(g) WHERE g > 1", [(2,), (3,)]),
        ("SELECT d::date FROM generate_series('2024-01-31'::date, '2024-02-01', '1 day') d",
         [(date(2024, 1, 31),), (date(2024, 2, 1),)]),
        ("SELECT EXTRACT(YEAR FROM d), EXTRACT(DOW FROM d), EXTRACT(EPOCH FROM ts) FROM t WHERE id = 1",
         [(2024, 3, 1706696430)]),
        ("SELECT DATE_PART('month', d), DATE_TRUNC('month', ts) FROM t WHERE id = 1",
         [(1, datetime(2024, 1, 1))]),
        ("SELECT 7 / 2, -7 / 2, 7.0 / 2, 7 / 2::numeric, 7 % 4, 2 ^ 3", [(3, -3, 3.5, 3.5, 3, 8)]),
        ("SELECT id / 2, x / 2, (id + 4) / 3 FROM t WHERE id = 3", [(1, 1.5, 2)]),
        ("SELECT to_char(ts, 'YYYY-MM-DD HH24:MI:SS'), to_date('31 01 2024', 'DD MM YYYY') "
         "FROM t WHERE id = 1", [("2024-01-31 10:20:30", date(2024, 1, 31))]),
        ("SELECT name ~ '^a', name ~* '^A', name !~ 'z' FROM t WHERE id = 1", [(True, True, True)]),
        ("SELECT STRING_AGG(name, ',' ORDER BY id), ARRAY_AGG(id ORDER BY id DESC) FROM t",
         [("ann,bob,Cy", [3, 2, 1])]),
        ("SELECT j::json->'a'->'b'->>0, j::json->>'s', j::jsonb #>> '{a,b,1}' FROM t WHERE id = 1",
         [("5", "q", "6")]),
        ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id), count(*) FILTER (WHERE x IS NULL) "
         "FROM t", [(2, 1)]),
        ("SELECT ARRAY[1, 2, 3][1], 2 = ANY(ARRAY[1, 2])", [(1, True)]),
        ("SELECT SPLIT_PART('a-b-c', '-', 2), POSITION('n' IN name), LEFT(name, -1) FROM t WHERE id = 1",
         [("b", 2, "an")]),
        ("SELECT id FROM t ORDER BY x", [(1,), (3,), (2,)]),
        ("SELECT id FROM t ORDER BY x DESC", [(2,), (3,), (1,)]),
        ("SELECT id FROM public.t ORDER BY id FETCH FIRST 1 ROWS ONLY", [(1,)]),
        ("SELECT \"id\" FROM t WHERE (id, name) IN ((1, 'ann'))", [(1,)]),
        ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) FROM r",
         [(6,)]),
    ],
}  # fmt: skip

MYSQL_TABLE = """CREATE TABLE IF NOT EXISTS `a` (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, tax DOUBLE(8, 2) DEFAULT 1, flag TINYINT(1),
    name VARCHAR(20) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT 'x' COMMENT 'who', note TEXT,
    at DATETIME, KEY by_name (name)) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8 COMMENT='t'"""
PROGRAMS = {
    "rows are numbered": (
        "mysql",
        [MYSQL_TABLE, "INSERT INTO a (name) VALUES ('q'), (\"r\")"],
        "SELECT id, name, tax FROM a ORDER BY id",
        [(1, "q", 1.0), (2, "r", 1.0)],
    ),
    "a row that is there is kept, replaced or changed": (
        "mysql",
        [
            MYSQL_TABLE,
            "INSERT INTO a (id, name) VALUES (1, 'q'), (2, 'r'), (3, 's')",
            "INSERT IGNORE INTO a (id, name) VALUES (1, 'z')",
            "REPLACE INTO a (id, name) VALUES (2, 'z')",
            "INSERT INTO a (id, name) VALUES (3, 'y') ON DUPLICATE KEY UPDATE name = VALUES(name)",
        ],
        "SELECT id, name FROM a ORDER BY id",
        [(1, "q"), (2, "z"), (3, "y")],
    ),
    "databases are schemas": (
        "mysql",
        [
            "CREATE DATABASE IF NOT EXISTS shop", "USE shop", "CREATE TABLE b (i INT)",
            "INSERT INTO b VALUES (1), (2)", "TRUNCATE TABLE b", "INSERT INTO b VALUES (7)",
            "DROP TABLE IF EXISTS `nothing`",
        ],
        "SELECT * FROM shop.b",
        [(7,)],
    ),
    "a dump is read": (
        "mysql",
        [
            "SET NAMES utf8mb4", "SET FOREIGN_KEY_CHECKS = 0",
            """CREATE TABLE `d` (`id` INT(11) UNSIGNED ZEROFILL NOT NULL AUTO_INCREMENT,
            a TINYINT(1) UNSIGNED DEFAULT 0, b MEDIUMINT(8), c FLOAT(7,4) UNSIGNED, e DECIMAL(10,2) UNSIGNED,
            f YEAR(4), g BIT(1), h TIME(3), i VARBINARY(4), j SET('x','y'), k ENUM('p','q'),
            at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
            PRIMARY KEY (`id`), UNIQUE KEY `by_b` (`b`), FULLTEXT KEY w (j)) ENGINE=InnoDB""",
            "LOCK TABLES `d` WRITE",
            "INSERT INTO `d` (b, e, f, g, j, k) VALUES (7, 1.5, 2020, 1, 'x,y', 'q')", "UNLOCK TABLES",
            "ALTER TABLE d ADD COLUMN z MEDIUMINT(8) UNSIGNED DEFAULT 3",
        ],
        "SELECT id, a, b, e + 0.0e0, f, g, j, k, z FROM d WHERE b LIKE '7%' AND b REGEXP '^7'",
        [(1, 0, 7, 1.5, 2020, 1, "x,y", "q", 3)],
    ),
    "a table tells what it is": (
        "mysql", ["CREATE TABLE d (a INT)"], "SHOW CREATE TABLE d", [("d", "CREATE TABLE d(a INTEGER);")],
    ),
    "columns are listed": (
        "mysql", ["CREATE TABLE d (a INT)"], "SHOW COLUMNS FROM d", [("a", "INTEGER", "YES", None, None, None)],
    ),
    "times are apart": (
        "mysql", [], "SELECT TIMESTAMPDIFF(DAY, '2020-01-01', '2020-01-05 00:00:00') FROM t LIMIT 1", [(4,)],
    ),
    "tables are listed": ("mysql", ["CREATE TABLE b (i INT)"], "SHOW TABLES", [("b",), ("t",)]),
    "tables of a database are listed": (
        "mysql", ["CREATE DATABASE shop", "CREATE TABLE shop.b (i INT)", "CREATE TABLE shop.c (i INT)"],
        "SHOW TABLES FROM shop LIKE 'B%'", [("b",)],
    ),
    "databases are listed": (
        "mysql", ["CREATE DATABASE shop", "CREATE DATABASE desk"], "SHOW DATABASES LIKE '%sh%'", [("shop",)],
    ),
    "databases of Hive are listed": (
        "hive", ["CREATE DATABASE shop"], "SHOW DATABASES", [("main",), ("shop",)],
    ),
    "a database goes with its tables": (
        "mysql",
        ["CREATE DATABASE shop", "CREATE TABLE shop.b (i INT)", "DROP DATABASE IF EXISTS shop"],
        "SELECT count(*) FROM information_schema.tables",
        [(1,)],
    ),
    "rows are changed by those of another table": (
        "mysql",
        [
            "CREATE TABLE b (id INT, y DOUBLE)", "INSERT INTO b VALUES (1, 10), (3, 30)",
            "UPDATE t, b AS o SET t.x = o.y + t.x WHERE t.id = o.id",
            "UPDATE t AS a LEFT JOIN b ON a.id = b.id SET a.x = -1, name = CONCAT(a.name, '!') WHERE b.id IS NULL",
            "UPDATE t SET t.name = UPPER(name) ORDER BY id DESC LIMIT 1",
            "WITH o AS (SELECT 1 AS k) UPDATE t JOIN (SELECT k FROM o) s ON s.k = t.id SET t.name = 'eve'",
        ],
        "SELECT id, name, x FROM t ORDER BY id",
        [(1, "eve", 11.5), (2, "bob!", -1.0), (3, "CY", 33.0)],
    ),
    "rows that another table names are deleted": (
        "mysql",
        [
            "CREATE TABLE b (id INT)", "INSERT INTO b VALUES (1), (3), (4), (5), (6)",
            "DELETE one FROM b AS one JOIN t ON t.id = one.id WHERE t.name = 'ann'",
            "DELETE FROM b USING b JOIN t ON t.id = b.id", "DELETE FROM b ORDER BY id DESC LIMIT 1",
            "DELETE FROM b WHERE id = 4", "CREATE TABLE c (i INT)", "DROP TABLE IF EXISTS nothing, c",
        ],
        "SELECT id FROM b",
        [(5,)],
    ),
    "a table is altered": (
        "mysql",
        [
            "CREATE TABLE b (id INT, a VARCHAR(5) NOT NULL DEFAULT 'q', c INT)", "INSERT INTO b VALUES (1, '7', 2)",
            "CREATE INDEX by_a ON b (a(3))", "ALTER TABLE b ADD INDEX by_c (c), ADD FULLTEXT KEY (a), ENGINE=InnoDB",
            "ALTER TABLE b MODIFY a BIGINT(20), ADD d INT NOT NULL DEFAULT 4, DROP COLUMN c",
            "ALTER TABLE b CHANGE COLUMN `id` no INT NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=2", "ALTER TABLE b ADD UNIQUE KEY k (no)",
            "INSERT IGNORE INTO b (d) VALUES (5), (6)", "ALTER TABLE b DROP INDEX by_c", "RENAME TABLE b TO e",
            "CREATE UNIQUE INDEX i ON e (d)", "DROP INDEX i ON e", "ANALYZE TABLE e",
        ],
        "SELECT * FROM e ORDER BY no",
        [(1, 7, 4), (2, None, 5), (3, None, 6)],
    ),
    "variables are set and read": (
        "mysql",
        [
            "SET @n = 2, @Word := 'bob', @old = @@sql_mode, sql_mode = ''", "SET @most = (SELECT MAX(id) FROM t)",
            "SET @most = @most + @N",
        ],
        "SELECT @n, @most * 2 AS twice, @nobody FROM t WHERE name = @word",
        [(2, 10, None)],
    ),
    "partitions come and go": (
        "hive",
        [
            "CREATE TABLE p (id INT) COMMENT 'x' PARTITIONED BY (day STRING) LIFECYCLE 7",
            "set odps.sql.mapper.split.size=256", "CREATE TABLE IF NOT EXISTS q LIFECYCLE 7 AS SELECT id FROM t",
            "ANALYZE TABLE p COMPUTE STATISTICS",
            "ALTER TABLE p ADD IF NOT EXISTS PARTITION (day = 'b')", "DESCRIBE FORMATTED p",
            "INSERT INTO p VALUES (1, 'a'), (2, 'b')", "ALTER TABLE p DROP IF EXISTS PARTITION (day = 'a')",
            "ALTER TABLE p CHANGE COLUMN id number BIGINT", "ALTER TABLE p ADD COLUMNS (x INT, y STRING)",
            "ALTER TABLE p SET TBLPROPERTIES ('a' = 'b')",
        ],
        "SELECT number, day, x, y FROM p",
        [(2, "b", None, None)],
    ),
    "all rows are overwritten, even by their own": (
        "hive",
        [
            "CREATE TABLE h (id INT, name STRING) STORED AS PARQUET",
            "INSERT INTO TABLE h SELECT id, name FROM t", "INSERT INTO h VALUES (9, 'z')",
            "INSERT OVERWRITE TABLE h SELECT id * 10, name FROM h WHERE id > 2",
        ],
        "SELECT id, name FROM h ORDER BY id",
        [(30, "Cy"), (90, "z")],
    ),
    "rows go into a partition": (
        "hive",
        [
            "SET hive.exec.dynamic.partition = true", "MSCK REPAIR TABLE t",
            "CREATE TABLE p (id INT) PARTITIONED BY (day STRING, hour INT)",
            "INSERT INTO TABLE p PARTITION (day = 'b', hour = 3) SELECT id + 5 FROM t WHERE id < 2",
            "DROP TABLE IF EXISTS nothing PURGE",
        ],
        "SELECT id, day, hour FROM p WHERE id RLIKE '6'",
        [(6, "b", 3)],
    ),
    "a partition is overwritten": (
        "hive",
        [
            "CREATE TABLE p (id INT) PARTITIONED BY (day STRING)",
            "INSERT INTO p VALUES (1, 'a'), (2, 'b')",
            "INSERT OVERWRITE TABLE p PARTITION (day = 'b') SELECT id + 5 FROM t WHERE id < 3",
        ],
        "SELECT id, day FROM p ORDER BY id",
        [(1, "a"), (6, "b"), (7, "b")],
    ),
    "serial numbers": (
        "postgres",
        [
            "CREATE TABLE s (id SERIAL PRIMARY KEY, u UUID, doc JSONB, n NUMERIC(10, 2), l INTEGER[])",
            "INSERT INTO s (n) VALUES (1), (2)",
            "INSERT INTO s (id, n) VALUES (1, 5) ON CONFLICT DO NOTHING",
            "UPDATE s SET n = t.x FROM t WHERE t.id = s.id AND t.x IS NOT NULL",
        ],
        "SELECT id, n::text FROM s ORDER BY id",
        [(1, "1.50"), (2, "2.00")],
    ),
}  # fmt: skip


@pytest.fixture
def database():
    database = DuckDB.open()
    database.execute(TABLE)
    yield database
    database.close()


@pytest.fixture(scope="module")
def readable():
    database = DuckDB.open()
    database.execute(TABLE)
    yield database
    database.close()


def rows(database, sql, dialect):
    found = database.execute(translate(sql, dialect, "duckdb"))
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


@pytest.mark.parametrize(
    ("dialect", "sql", "expected"),
    [(dialect, sql, expected) for dialect, cases in QUERIES.items() for sql, expected in cases],
)
def test_a_query_gives_what_its_database_documents(readable, dialect, sql, expected):
    assert rows(readable, sql, dialect) == expected


@pytest.mark.parametrize("name", PROGRAMS)
def test_statements_leave_behind_what_they_would_leave_there(database, name):
    dialect, statements, query, expected = PROGRAMS[name]
    database.single_connection = True
    for statement in statements:
        database.execute(translate(statement, dialect, "duckdb"))
    assert rows(database, query, dialect) == expected


@pytest.mark.parametrize(
    ("dialect", "sql", "code", "hint"),
    [
        ("mysql", "SELECT @n := @n + 1 AS n FROM t", "E1070", "`SET @n = (SELECT …)`"),
        ("mysql", "SELECT id INTO @n FROM t", "E1070", "`SET @n = (SELECT …)`"),
        ("mysql", "SET @n = (SELECT 1), @m = 2", "E1070", "for each of them"),
        (
            "mysql",
            "UPDATE a JOIN b USING (id) SET a.x = 1, b.x = 2",
            "E1071",
            "one UPDATE for each",
        ),
        ("mysql", "DELETE a, b FROM a JOIN b USING (id)", "E1071", "one DELETE for each"),
        ("mysql", "ALTER TABLE t ADD COLUMN z INT AFTER id", "E1072", "leave FIRST or AFTER out"),
        ("mysql", "ALTER TABLE t DROP PRIMARY KEY", "E1072", "make a new table"),
        (
            "mysql",
            "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES u (id)",
            "E1072",
            "CREATE TABLE",
        ),
        (
            "hive",
            "CREATE EXTERNAL TABLE e (a INT) LOCATION '/data/e'",
            "E1073",
            "FROM '/data/e/*.csv'",
        ),
    ],
)
def test_what_has_no_counterpart_is_told_with_a_way_out(dialect, sql, code, hint):
    with pytest.raises(ProgramError) as error:
        translate(sql, dialect, "duckdb")
    assert error.value.diagnostics[0].code == code
    assert hint in error.value.diagnostics[0].hint


def test_a_change_over_several_tables_is_known_to_write_the_one_that_it_changes():
    facts = analyse("UPDATE a JOIN shop.b AS c ON a.id = c.id SET c.x = a.x", "mysql")
    assert (facts.reads, facts.writes) == (("a",), ("shop.b",))
    facts = analyse("DELETE c FROM a JOIN shop.b AS c ON a.id = c.id", "mysql")
    assert (facts.writes, "a" in facts.reads) == (("shop.b",), True)
    assert not analyse("SELECT @x", "mysql").deterministic


def test_a_table_that_is_overwritten_is_known_to_be_written_and_its_rows_to_be_read():
    facts = analyse("INSERT OVERWRITE TABLE h SELECT * FROM t", "hive")
    assert (facts.reads, facts.writes) == (("t",), ("h",))
    facts = analyse("REPLACE INTO a SELECT * FROM t", "mysql")
    assert (facts.reads, facts.writes) == (("t",), ("a",))
