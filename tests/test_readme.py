"""What the README shows is what happens."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import sqlml
from sqlml.cli import COMMANDS
from sqlml.cli.main import outcome
from sqlml.session import Session

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
CUSTOMERS = f"CREATE TABLE customers AS SELECT * FROM '{ROOT}/examples/data/customers.csv'"


def blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCKS if name == kind]


def test_the_first_program_runs() -> None:
    with Session.open(db=":memory:") as session:
        session.run(CUSTOMERS)
        shown = session.run(blocks("sql")[0]).to_arrow()
    assert shown.num_rows == 4


def test_the_mistakes_are_answered_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Session.open(db="sqlml.duckdb") as session:
        session.run(CUSTOMERS)
    shown = next(block for block in blocks("text") if "error[" in block)
    command, _, answer = shown.partition("\n")
    Path("churn.sql").write_text(
        "SELECT * FROM customers\nTO TRAIN xgboost.gbtree\nWITH max_dpeth = 6, eta = 3\n"
        "LABEL churnd\nINTO churn_model;\n"
    )
    assert outcome(shlex.split(command.removeprefix("$ sqlml "))) == 2
    assert capsys.readouterr().err.strip() == answer.strip()


def test_the_python_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Session.open(db="shop.duckdb") as session:
        session.run(
            f"{CUSTOMERS}; SELECT * FROM customers TO TRAIN xgboost.gbtree "
            "LABEL churned INTO churn_model"
        )
    names: dict[str, object] = {}
    exec(blocks("python")[0], names)
    assert len(names["results"].to_arrow()) == 5_000


def test_every_command_is_in_the_readme() -> None:
    assert all(f"`sqlml {command}" in README for command in COMMANDS)


def test_the_workflow_in_python_runs(tmp_path: Path) -> None:
    with Session.open(db=str(tmp_path / "shop.duckdb")) as session:
        session.run(CUSTOMERS)
    program = next(block for block in blocks("python") if "sqlml.workflow(" in block)
    found: dict[str, Any] = {}
    exec(compile(program, "README.md", "exec"), found)
    results = sqlml.run(found["flow"], db=str(tmp_path / "shop.duckdb"))
    assert set(results.outputs) >= {"train"}
    with Session.open(db=str(tmp_path / "shop.duckdb")) as session:
        (counted,) = session.run("SELECT count(*) AS n FROM answers")
    assert counted.to_arrow().column("n").to_pylist() == [5000]
