"""What clients of one server see of each other, and do to each other."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sqlml.connectors.postgres.access import User, Users
from sqlml.connectors.postgres.scram import Verifier
from tests.connectors.serving import address, serving

Client = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    known = Verifier.of("pw")
    users = Users({name: User(name, role, known) for name, role in ROLES.items()})
    with serving(tmp_path_factory.mktemp("sessions") / "s.duckdb", users=users) as port:
        yield port


ROLES = {"ann": "admin", "bob": "read", "eve": "read"}


def came(port: int, user: str = "ann") -> Client:
    told = address(port, user, password="pw", application_name=f"of {user}")
    return psycopg.connect(told, autocommit=True)


def test_a_listener_hears_what_others_say_once_their_transaction_ends(port: int) -> None:
    with came(port) as one, came(port, "bob") as other:
        one.execute("LISTEN news")
        one.execute('LISTEN "Other"')
        other.execute("BEGIN")
        other.execute("NOTIFY news, 'it''s here'")
        other.execute("NOTIFY news, 'it''s here'")
        other.execute("SELECT pg_notify(%s,%s)", ["Other", "x"])
        other.execute("NOTIFY nobody")
        assert list(one.notifies(timeout=0.05)) == []
        other.execute("COMMIT")
        heard = list(one.notifies(timeout=5, stop_after=2))
        pid = other.info.backend_pid
        assert [(n.channel, n.payload, n.pid) for n in heard] == [
            ("news", "it's here", pid), ("Other", "x", pid),
        ]  # fmt: skip
        with other.transaction(force_rollback=True):
            other.execute("NOTIFY news")
        one.execute("UNLISTEN news")
        other.execute("NOTIFY news")
        one.execute("NOTIFY \"Other\", 'to all'")
        assert [n.payload for n in one.notifies(timeout=0.1)] == ["to all"]


def test_servers_of_one_database_have_their_clients_in_common(tmp_path: Path) -> None:
    with serving(tmp_path / "s.duckdb") as later:
        with serving(tmp_path / "s.duckdb") as port, came(port) as one, came(later) as other:
            other.execute("LISTEN x")
            one.execute("SELECT pg_notify('x', 'y'), pg_try_advisory_lock(1)")
            assert [n.payload for n in other.notifies(timeout=5, stop_after=1)] == ["y"]
            assert other.execute("SELECT pg_try_advisory_lock(1)").fetchone() == (False,)
        with came(later) as other:
            assert other.execute("SELECT pg_try_advisory_lock(1)").fetchone() == (True,)


def test_a_lock_is_waited_for_and_goes_with_who_holds_it(port: int) -> None:
    with came(port) as one, came(port) as other:
        one.execute("SELECT pg_advisory_lock(7)")
        assert other.execute("SELECT pg_try_advisory_lock(7)").fetchone() == (False,)
        waiting = threading.Thread(target=other.execute, args=("SELECT pg_advisory_lock(7)",))
        waiting.start()
        one.close()
        waiting.join(10)
        with came(port) as third:
            asked = "SELECT pg_try_advisory_lock_shared(7), pg_try_advisory_lock(8)"
            assert third.execute(asked).fetchone() == (False, True)
            with other.transaction():
                other.execute("SELECT pg_advisory_unlock_all(), pg_advisory_xact_lock_shared(7)")
                assert third.execute(asked).fetchone() == (True, True)
                taken = third.execute("SELECT pg_try_advisory_lock(7)").fetchone()
                assert taken == (False,)
            assert third.execute("SELECT pg_try_advisory_lock(7)").fetchone() == (True,)


def test_an_administrator_sees_and_ends_what_others_do(port: int) -> None:
    asked = "SELECT usename, state, query, application_name FROM pg_stat_activity WHERE pid = %s"
    with came(port) as ann, came(port, "bob") as bob, came(port, "eve") as eve:
        bob.execute("SELECT 41")
        pid = bob.info.backend_pid
        assert ann.execute(asked, [pid]).fetchone() == ("bob", "idle", "SELECT 41", "of bob")
        seen = eve.execute(asked, [pid]).fetchone()
        assert seen == ("bob", None, "<insufficient privilege>", "of bob")
        assert eve.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            eve.execute("SELECT sqlml_served(1, 'end', '2', '')")
        stop = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(60)'"
        threading.Timer(0.2, ann.execute, (stop,)).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            bob.execute("SELECT pg_sleep(60)")
        assert ann.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (True,)
        with pytest.raises(psycopg.errors.AdminShutdown):
            bob.execute("SELECT 1")
        assert eve.execute(asked, [pid]).fetchone() is None
        assert eve.execute("SELECT has_table_privilege('x', 'insert')").fetchone() == (False,)
