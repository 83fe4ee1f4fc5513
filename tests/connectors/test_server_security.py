"""What users of a server may do, and what strangers and hostile clients cannot."""

import json
import os
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sqlml.connectors.postgres.access import Users
from sqlml.connectors.postgres.encryption import Encryption
from sqlml.connectors.postgres.scram import Exchange, Verifier, WrongPassword
from tests.connectors.serving import address, certificate, serving

TRAIN = "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH train.num_boost_round = 2 LABEL species"
ROLES = ("read", "train", "admin")


@pytest.fixture(scope="module")
def port(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    users = tmp_path_factory.mktemp("users") / "users.json"
    told = {role: {"role": role, "password": f"{role}'s own"} for role in ROLES}
    users.write_text(json.dumps(told))
    with serving(path, users=Users.read(users), most=20, longest=60_000) as port:
        with connected(port, "admin") as admin:
            admin.execute("CREATE TABLE paper (a INT); CREATE SEQUENCE counted")
        yield port
        with connected(port, "admin") as admin:
            admin.execute("DROP TABLE paper; DROP SEQUENCE counted")


def connected(port: int, role: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(address(port, user=role, password=f"{role}'s own"), autocommit=True)


# The first role that may.
STATEMENTS = [
    ("read", "SELECT count(*) FROM iris"),
    ("read", "SELECT * FROM iris TO PREDICT USING m"),
    ("read", "SELECT count(*) FROM (SELECT * FROM iris TO PREDICT USING m) AS v"),
    ("read", "SELECT PREDICT('m', iris) FROM iris"),
    ("read", "SHOW MODELS"),
    ("read", "EXPLAIN ANALYZE SELECT * FROM iris"),
    ("read", "DESCRIBE iris"),
    ("read", "COPY (SELECT 1) TO STDOUT"),
    ("read", "SELECT random() FROM range(3)"),
    ("train", "SELECT nextval('counted')"),
    ("train", "INSERT INTO paper VALUES (1)"),
    ("train", "EXPLAIN ANALYZE INSERT INTO paper VALUES (1)"),
    ("train", "WITH x AS (INSERT INTO paper VALUES (1) RETURNING a) FROM x"),
    ("train", "CREATE TEMP TABLE own (a INT)"),
    ("train", "SELECT * FROM iris TO PREDICT kinds USING m"),
    ("train", "SELECT * FROM iris TO EVALUATE m"),
    ("train", "DROP TABLE IF EXISTS kinds"),
    ("train", f"{TRAIN} INTO of_a_role"),
    ("train", "CALL sqlml_train('DROP MODEL of_a_role')"),
    ("read", "CALL sqlml_train('SELECT * FROM iris WHERE species = ''x'' TO PREDICT USING m')"),
    ("admin", "CALL sqlml_train('DROP JOB IF EXISTS nightly')"),
    ("admin", "CHECKPOINT"),
    ("admin", "SELECT * FROM query('SELECT 1')"),
    ("admin", "DROP JOB IF EXISTS nightly"),
    ("train", "EXPLAIN/**/ANALYZE INSERT INTO paper VALUES (1)"),
    ("train", "EXPLAIN /**/ ANALYZE INSERT INTO paper VALUES (1)"),
    ("train", "CREATE OR REPLACE VIEW pages AS FROM paper"),
    ("train", "CREATE OR REPLACE MACRO twice(x) AS 2 * x"),
    ("train", "COMMENT ON TABLE paper IS 'pulp'"),
    ("admin", "SUMMARIZE SELECT * FROM duckdb_settings()"),
    ("admin", "CREATE OR REPLACE VIEW pages AS FROM duckdb_settings()"),
    ("admin", "EXPLAIN SELECT * FROM duckdb_settings()"),
    ("admin", "INSERT INTO paper SELECT 1 FROM duckdb_settings()"),
    ("train", "DROP VIEW IF EXISTS pages"),
    (None, "FROM iris TO TRAIN lightgbm.gbdt WITH fs = '/etc/passwd' LABEL species INTO stolen"),
    (None, "PRAGMA threads=1"),
    ("train", "PREPARE p AS INSERT INTO paper VALUES (1)"),
    ("admin", "PREPARE p2 AS SELECT * FROM duckdb_settings()"),
]  # fmt: skip


def test_roles_allow_what_they_say(port: int) -> None:
    for role in ROLES:
        with connected(port, role) as client:
            for first, sql in STATEMENTS:
                allowed = first is not None and ROLES.index(role) >= ROLES.index(first)
                for prepare in (False, True) if not allowed else (False,):
                    try:
                        if sql.startswith("COPY"):
                            with client.cursor().copy(sql) as copy:
                                assert list(copy.rows()) == [("1",)]
                        else:
                            client.execute(sql, prepare=prepare)
                        state = None
                    except psycopg.Error as error:
                        state = error.sqlstate
                    assert state == (None if allowed else "42501"), (role, sql)
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)  # E0907
    with connected(port, "read") as client:
        with refused:
            client.execute("DECLARE c CURSOR FOR SELECT nextval('counted')")
        with refused, client.cursor().copy("COPY paper FROM STDIN") as copy:
            copy.write_row([1])


TAKEN = [
    "CREATE MACRO lower(x) AS 'mine'",
    "CREATE OR REPLACE MACRO main.\"Lower\"(x) AS 'mine'",
    'CREATE/**/TEMP FUNCTION "+"(a, b) AS 7',
    "CREATE MACRO predict(m, x) AS 'mine'",
    "CREATE MACRO duckdb_functions() AS TABLE SELECT 'mine' AS function_name",
    "CREATE MACRO sqlml_mine(x) AS x",
    "CREATE VIEW duckdb_tables AS SELECT 'mine' AS table_name",
    "CREATE TABLE IF NOT EXISTS pg_class (a INT)",
    "CREATE TABLE sqlml_models (a INT)",
    "CREATE SCHEMA temp",
    "CREATE SCHEMA __sqlml_receipts",
    "ALTER TABLE paper RENAME TO pg_class",
    "DELETE FROM __sqlml_receipts.x",
    "SELECT * FROM iris TO PREDICT duckdb_tables USING m",
]


def test_nobody_takes_a_name_that_others_rely_on(port: int) -> None:
    with connected(port, "train") as client:
        for sql in TAKEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
                client.execute(sql)
            assert refused.value.diag.source_function == "E1040", sql
        for sql in (
            "CREATE TRIGGER t AFTER INSERT ON paper DELETE FROM paper",
            "CREATE SECRET s (TYPE http)",
            "ALTER DATABASE iris SET ALIAS TO x",
            f"{TRAIN} INTO m2".replace(
                "LABEL", ", validation.select = 'SELECT * FROM query(''FROM iris'')' LABEL"
            ),
            "CALL sqlml_train('SELECT 1 TO RUN x')",
        ):
            with pytest.raises(psycopg.Error):
                client.execute(sql)
    with connected(port, "admin") as admin:
        admin.execute("CREATE MACRO lower(x) AS 'mine'")
        admin.execute("CREATE MACRO duckdb_functions() AS TABLE SELECT 1 AS a")
        try:
            with connected(port, "read") as reader, pytest.raises(psycopg.Error):  # all the same
                reader.execute("SELECT * FROM duckdb_settings()")
        finally:
            admin.execute("DROP MACRO lower; DROP MACRO TABLE duckdb_functions")


def test_what_one_client_asks_for_has_bounds(port: int) -> None:
    too_much = pytest.raises(psycopg.errors.ProgramLimitExceeded, match="too much")  # E1041
    with connected(port, "read") as client:
        for sql in (f"SELECT {'(' * 20_000}", f"SELECT '{'x' * 2**20}'"):
            with too_much:
                client.execute(sql)
        assert client.execute(f"SELECT {'(' * 150}1{')' * 150}, '{'(' * 999}'").fetchone()
        client.execute("BEGIN")
        for i in range(1000):
            client.execute(f"DECLARE c{i} CURSOR FOR SELECT 1")
        with too_much:
            client.execute("DECLARE one_more CURSOR FOR SELECT 1")
        client.execute("ROLLBACK")
    with connected(port, "read") as client:
        client.prepared_max = 3
        for i in range(8):
            assert client.execute(f"SELECT {i} + %s::INT", [1], prepare=True).fetchone() == (i + 1,)
        client.execute("DEALLOCATE ALL")
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            client.execute("DEALLOCATE nothing")


HOSTILE = [
    "SELECT * FROM (SELECT *, read_text('/etc/hostname') FROM iris TO PREDICT USING m) AS v",
    "SELECT * FROM read_text('/etc/passwd')",
    "FROM '/etc/passwd'",
    "COPY iris TO '/tmp/sqlml_stolen.csv'",
    "COPY paper FROM '/etc/passwd'",
    "ATTACH '/tmp/sqlml_stolen.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE '/tmp/sqlml_stolen'",
    "CREATE TABLE stolen AS SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM iris TO TRAIN planted.Model LABEL species INTO stolen",
    "SELECT * FROM port",
]


def test_no_role_reaches_files_modules_or_python(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted.py").write_text(f"open({str(tmp_path / 'was_here')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    for role in ROLES:
        with connected(port, role) as client:
            for sql in HOSTILE:
                with pytest.raises(psycopg.Error):
                    client.execute(sql)
            client.execute("SET enable_external_access = true")  # goes nowhere
            with pytest.raises(psycopg.Error):
                client.execute("SELECT * FROM read_text('/etc/passwd')")
    assert not (tmp_path / "was_here").exists()
    assert not list(Path("/tmp").glob("sqlml_stolen*"))


def test_temporary_tables_are_nobody_elses(port: int) -> None:
    with connected(port, "admin") as one, connected(port, "admin") as other:
        one.execute("CREATE TEMP TABLE secret AS SELECT 1 AS a")
        with pytest.raises(psycopg.errors.UndefinedTable):
            other.execute("FROM secret")
        found = other.execute("SELECT * FROM duckdb_tables() WHERE table_name = 'secret'")
        assert found.fetchall() == []


def test_programs_are_shown_to_their_authors_and_administrators(port: int) -> None:
    for role in ("train", "admin"):
        with connected(port, role) as client:
            client.execute(f"SELECT *, 'by {role}' AS secret FROM iris TO EVALUATE m")
    shown = (
        "SELECT author, program LIKE '%secret%', (SELECT count(title) FROM sqlml_steps s"
        " WHERE s.run = r.run) FROM sqlml_runs r WHERE outcome = 'succeeded' AND author IS NOT NULL"
        " ORDER BY started DESC LIMIT 2"
    )
    for role, by_train, by_admin in (
        ("read", (None, 0), (None, 0)),
        ("train", (True, 1), (None, 0)),
        ("admin", (True, 1), (True, 1)),
    ):
        with connected(port, role) as client:
            found = client.execute(shown).fetchall()
            assert found == [("admin", *by_admin), ("train", *by_train)], role


def test_a_statement_may_not_take_longer_than_it_is_given(port: int) -> None:
    with connected(port, "read") as client:
        client.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            client.execute("SELECT sum(a.i * b.i) FROM range(1e7::INT) a(i), range(1e7::INT) b(i)")
        for beyond in ("0", "'2min'"):
            client.execute(f"SET statement_timeout = {beyond}")
            assert client.execute("SHOW statement_timeout").fetchone() == ("60000",)
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_passwords_are_proved(port: int) -> None:
    for user, password in [("admin", "wrong"), ("nobody", "x"), ("admin", "")]:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address(port, user=user, password=password))


@pytest.mark.parametrize("signed", ["rsa:2048 -sha256", "rsa:2048 -sha512", "ec -sha384"])
def test_encrypted_connections_are_bound_to_the_certificate(
    path: Path, tmp_path: Path, signed: str
) -> None:
    own, users = tmp_path / "own.pem", tmp_path / "users.json"
    certificate(own, *signed.replace("ec ", "ec -pkeyopt ec_paramgen_curve:P-256 ").split())
    users.write_text(json.dumps({"ann": {"role": "read", "password": "a"}}))
    trusted = {"sslrootcert": f"{own}.crt", "sslmode": "verify-full", "host": "localhost",
               "hostaddr": "127.0.0.1"}  # fmt: skip
    with serving(path, users=Users.read(users), tls=Encryption.read(own)) as port:
        for binding in ("disable", "prefer", "require"):
            place = address(port, password="a", channel_binding=binding, **trusted)
            with psycopg.connect(place) as client:
                assert client.execute("SELECT count(*) FROM iris").fetchone() == (150,)
                assert client.pgconn.ssl_in_use
        for wrong, said in (
            ({"sslmode": "disable"}, "not encrypted"),
            ({**trusted, "host": "elsewhere.test"}, "elsewhere"),
            ({**trusted, "sslrootcert": "/etc/hostname"}, "certificate"),
            ({**trusted, "password": "b"}, "password authentication failed"),
        ):
            with pytest.raises(psycopg.OperationalError, match=said):
                psycopg.connect(address(port, **{"password": "a", **wrong}))


def test_a_proof_bound_to_another_certificate_is_none() -> None:
    exchange = Exchange(Verifier.of("a"), b"our certificate", is_bound=True)
    nonce = exchange.challenge("p=tls-server-end-point,,n=,r=x").split(",")[0]
    bound = b64encode(b"p=tls-server-end-point,,another one").decode()
    with pytest.raises(WrongPassword):
        exchange.verdict(f"c={bound},{nonce},p=AAAA")
    for first in ("y,,n=,r=x", "p=tls-unique,,n=,r=x"):  # one pretends that we cannot bind
        with pytest.raises(WrongPassword):
            Exchange(Verifier.of("a"), b"our certificate").challenge(first)


def test_strangers_neither_cancel_nor_keep_the_door_shut(port: int) -> None:
    with connected(port, "read") as client:
        told = client.pgconn.backend_pid
        for key in (0, 1, 2**32 - 1):
            with socket.create_connection(("127.0.0.1", port)) as stranger:
                stranger.sendall(struct.pack("!iiiI", 16, 80877102, told, key))
                assert stranger.recv(1) == b""
        assert client.execute("SELECT 1").fetchone() == (1,)
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(80)]
        try:
            silent[-1].settimeout(30)
            assert b"53300" in silent[-1].recv(200)
            assert client.execute("SELECT 2").fetchone() == (2,)
        finally:
            for each in silent:
                each.close()
    for _ in range(100):
        with suppress(psycopg.OperationalError), connected(port, "read") as client:
            assert client.execute("SELECT 3").fetchone() == (3,)
            return
        time.sleep(0.1)
    raise AssertionError("the door is shut")


def test_messages_have_a_largest_length(port: int) -> None:
    with connected(port, "read") as client:
        with socket.socket(fileno=os.dup(client.pgconn.socket)) as raw:
            raw.sendall(b"Q" + struct.pack("!i", 2**31 - 1))
        with pytest.raises(psycopg.OperationalError, match="too long"):
            client.execute("SELECT 1")
