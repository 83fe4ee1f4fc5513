"""Every example of a workflow in Python: what it is, and what it does when it runs."""

import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import sqlml
from sqlml.source import Source
from sqlml.workflow.operations import PROGRAMS
from sqlml.workflow.text import parse_workflow, print_workflow
from tests.codegen.script_runs import Ran, stand_ins

EXAMPLES = Path(__file__).parents[2] / "examples" / "workflows"
Outputs = Mapping[str, Mapping[str, Any]]

EXPECTED: Mapping[str, Callable[[Outputs], bool]] = {
    "when": lambda o: o["deploy"] == {"result": "deployed line (1.00)"} and not o["give-up"],
    "for_each": lambda o: o["join"]["result"] == "Lima: 20 million; Oslo: 2 million",
    "loop_until": lambda o: o["tell"]["result"] == "it is heads",
    "on_exit": lambda o: o["tidy-up"]["result"] == "tidy" and not o["complain"],
    "order": lambda o: all(o[name]["result"] == name for name in ("left", "right", "last")),
    "sql_and_python": lambda o: o["container"]["result"] == "done after tree number 2",
}


def test_every_example_is_known() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_runs_here_and_is_written_for_argo(name: str, tmp_path: Path) -> None:
    flow = runpy.run_path(str(EXAMPLES / f"{name}.py"))["flow"]
    db = tmp_path / "a.duckdb"
    text = sqlml.render(flow, db=db)
    assert print_workflow(parse_workflow(Source(name, text))) == text
    assert "kind: Workflow" in sqlml.render(flow, engine="argo", db=db)
    assert EXPECTED[name](sqlml.run(flow, db=db, containers="process").outputs)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_does_the_same_as_a_plain_script(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_ins(tmp_path, monkeypatch)
    flow = runpy.run_path(str(EXAMPLES / f"{name}.py"))["flow"]
    workflow = parse_workflow(Source(name, sqlml.render(flow, db=tmp_path / "a.duckdb")))
    ran = Ran(workflow, {}, monkeypatch)
    assert ran.code == 0
    programs = [
        n for n in (*workflow.nodes, *workflow.on_exit) if isinstance(n.operation, PROGRAMS)
    ]
    assert EXPECTED[name]({node.name: ran.ended(node).values for node in programs})
