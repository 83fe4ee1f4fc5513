"""What steps make of the tables of an attached database is made again when these change."""

from pathlib import Path

import duckdb
import pytest

from sqlml.session import Session, connect


def outcomes(session: Session, text: str) -> list[str]:
    run = session.run(text).run
    return [step.outcome for step in session.store.runs.steps(run)]


@pytest.mark.parametrize("options", [" (READ_ONLY)", ""])
def test_a_table_of_an_attached_database_is_an_input_like_others(
    tmp_path: Path, options: str
) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE beside AS SELECT 1 AS a")
    program = (
        f"ATTACH '{path}' AS other{options};"
        "CREATE OR REPLACE TABLE one AS SELECT a + 1 AS a FROM other.t;"
        "CREATE OR REPLACE TABLE two AS SELECT a + 2 AS a FROM one"
    )
    with connect(tmp_path / "x.duckdb") as session:
        assert outcomes(session, program) == ["succeeded"] * 3
        session.database.execute("DETACH other")
        assert outcomes(session, program) == ["succeeded", "reused", "reused"]
        session.database.execute("DETACH other")
        with duckdb.connect(str(path)) as other:
            other.execute("UPDATE t SET a = 5")
        assert outcomes(session, program) == ["succeeded"] * 3
        assert session.database.table("FROM two").column(0).to_pylist() == [8]


def test_rows_of_a_file_that_is_attached_to_be_read_are_not_read_to_see_if_they_changed(
    tmp_path: Path,
) -> None:
    """The file's facts stand for them: another table in it changes what is told of this one."""
    path = tmp_path / "other.duckdb"
    told = []
    for change in ("CREATE TABLE t AS SELECT 1 AS a", "SELECT 1", "CREATE TABLE beside (a INT)"):
        with duckdb.connect(str(path)) as other:
            other.execute(change)
        with connect(":memory:") as session:
            session.database.execute(f"ATTACH '{path}' AS other (READ_ONLY)")
            told.append(session.database.fingerprint("other.t"))
            assert session.database.fingerprint("other.nothing") is None
    assert told[0] == told[1] != told[2]
