"""The public compliance suite for PEP 249, as it is."""

import dbapi20
import pytest

import sqlml


class TestDatabaseInterface(dbapi20.DatabaseAPI20Test):
    driver = sqlml

    @pytest.fixture(autouse=True)
    def _database(self) -> None:
        self.connect_kw_args = {"database": ":memory:"}

    def test_nextset(self) -> None:
        """A stub that drivers replace: there are no procedures with several result sets."""
        assert not hasattr(sqlml.Cursor, "nextset")

    def test_setoutputsize(self) -> None:
        """A stub that drivers replace: long values come whole whatever is asked for."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.setoutputsize(3)
            cursor.execute("SELECT repeat('x', 100000)")
            assert len(cursor.fetchone()[0]) == 100_000

    @pytest.mark.skip(reason="closing twice is allowed here, as in sqlite3")
    def test_non_idempotent_close(self) -> None: ...
