"""Passes as they are spelled, by a caller, in settings and on the command line."""

from pathlib import Path

import pytest

from sqlml.cli.main import outcome
from sqlml.errors import ProgramError
from sqlml.optimizer.history import StoredHistory
from sqlml.optimizer.pipeline import pipeline
from sqlml.optimizer.share import Share
from sqlml.optimizer.size import Size
from sqlml.optimizer.split import Split
from sqlml.session import connect

PROGRAM = ";".join(
    [
        "CREATE TABLE t AS SELECT 1 AS a",
        *(f"CREATE TABLE t{i} AS SELECT a FROM t" for i in range(4)),
    ]
)


def test_passes_are_read_with_what_they_are_given() -> None:
    with connect(":memory:") as session:
        history = StoredHistory(session.database, session.store)
    assert pipeline("", history) == [("share", Share(history)), ("size", Size(history))]
    assert pipeline("none", history) == []
    assert pipeline(" split{ steps = 20,bytes=1000 } , size", history) == [
        ("split", Split(history, 20, bytes=1000)),
        ("size", Size(history)),
    ]
    assert pipeline("split{}", history) == [("split", Split(history))]


@pytest.mark.parametrize(
    ("spelled", "code", "message"),
    [
        ("spilt", "E0808", "there is no pass `spilt`"),
        ("split{step=3}", "E0851", "pass `split` takes no `step`"),
        ("split{history=3}", "E0851", "pass `split` takes no `history`"),
        ("split{steps=many}", "E0851", "`steps` of pass `split` is a number, not `many`"),
        ("split{steps}", "E0851", "does not spell passes"),
        ("split{steps=3", "E0851", "does not spell passes"),
        ("size split", "E0851", "does not spell passes"),
    ],
)
def test_what_is_misspelled_is_told(spelled: str, code: str, message: str) -> None:
    with (
        connect(":memory:", passes=spelled) as session,
        pytest.raises(ProgramError) as caught,
    ):
        session.run("SELECT 1")
    (fault,) = caught.value.diagnostics
    assert fault.code == code
    assert message in fault.message


def test_a_split_is_shown_and_changes_nothing_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert outcome(["explain", "--diff", "--passes", "split{steps=2}", "-c", PROGRAM]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["--- workflow", "+++ split"]
    assert "+part-1: call" in lines
    assert any(": stepof" in line for line in lines)
    assert outcome(["render", "--passes", "split{steps=2}", "-c", PROGRAM]) == 0
    Path("a.workflow").write_text(capsys.readouterr().out)
    assert outcome(["run", "a.workflow"]) == 0
    assert outcome(["run", "--passes", "split{steps=1}", "-c", PROGRAM]) == 0
    with connect("sqlml.duckdb") as session:
        assert session.database.table("SELECT * FROM t3").num_rows == 1
