"""Codes whose errors need no data: what brings each about."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sqlml.cli import COMMANDS
from sqlml.cli.main import cli
from sqlml.databases import DATABASES
from sqlml.errors import ProgramError, SqlmlError
from sqlml.grammar.variables import substitute
from sqlml.optimizer import PASSES
from sqlml.optimizer.cache import POLICIES
from sqlml.runtime.workers.pool import Pool
from sqlml.session import Session
from sqlml.source import Source
from sqlml.stages import after
from sqlml.workflow.ir import After, Constant, Node, Query, Workflow
from sqlml.workflow.text import parse_workflow
from sqlml.workflow.verification import verify
from sqlml.zoo import STEPS


def verified(*nodes: Node) -> Callable[[], object]:
    return lambda: verify(Workflow("w", nodes))


def query(name: str, after: str = "") -> Node:
    return Node(name, Query("SELECT 1"), after=(After(after),) if after else ())


def command(*arguments: str) -> Callable[[], object]:
    return lambda: cli.main(arguments, standalone_mode=False)


def after_unknown_stage() -> None:
    with Session.open(db=":memory:") as session:
        after(session.compile([Source("p.sql", "SELECT 1")]), "plna")


def unknown_model() -> None:
    with Session.open(db=":memory:") as session:
        session.models.get("m")


def lease_from_closed_pool() -> None:
    pool = Pool(1)
    pool.close()
    pool.lease()


MISTAKES: list[tuple[str, Callable[[], object]]] = [
    ("E0190", lambda: substitute(Source("p.sql", "SELECT ${day}"), {"dya": "1"})),
    ("E0625", lease_from_closed_pool),
    ("E0701", lambda: DATABASES.load("duckbd")),
    ("E0707", lambda: COMMANDS.load("rnu")),
    ("E0708", command("plan", "nowhere.sql")),
    ("E0708", command("plan", "binary.sql")),
    ("E0709", command("plan", "-c", "SELECT 1", "--var", "day")),
    ("E0930", command("init", "binary.sql/project")),
    ("E0710", command("init", "taken")),
    ("E0711", command("help", "E9999")),
    ("E0711", command("help", "xgboost.gbtre")),
    ("E0711", after_unknown_stage),
    ("E0712", command("show", "m")),
    ("E0712", unknown_model),
    ("E0801", lambda: STEPS.load("trian")),
    ("E0802", verified(query("Upper_case"))),
    ("E0803", verified(query("a"), query("a"))),
    ("E0804", verified(query("a", after="b"))),
    ("E0805", verified(Node("a", Query("SELECT 1"), {"rows": Constant(1)}))),
    ("E0806", verified(query("a", after="b"), query("b", after="a"))),
    ("E0807", lambda: parse_workflow(Source("w.txt", "nonsense"))),
    ("E0808", lambda: PASSES.load("sise")),
    ("E0840", lambda: POLICIES.load("lur")),
]


@pytest.mark.parametrize(("code", "mistake"), MISTAKES, ids=lambda value: str(value)[:5])
def test_a_mistake_has_its_code(
    code: str, mistake: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("binary.sql").write_bytes(b"SELECT '\xff'")
    Path("taken").mkdir()
    Path("taken/first.sql").touch()
    with pytest.raises(SqlmlError) as caught:
        mistake()
    assert [fault.code for fault in caught.value.diagnostics] == [code]
    assert isinstance(caught.value, ProgramError) or code == "E0625"
