"""`sqlml run` of a workflow that is written out, with parameters."""

import json
from pathlib import Path

import pytest

from sqlml.cli.main import outcome
from sqlml.workflow.ir import (
    Comparison,
    Constant,
    ForEach,
    Item,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Range,
    Script,
    Take,
    Workflow,
)
from sqlml.workflow.text import print_workflow

TELL = Node(
    "tell",
    Script("echo $1", command=("sh",), args=(Take("n"),)),
    {"n": Parameter("n")},
    (OutputDeclaration("result", "parameter", type="int"),),
)
EACH = Node(
    "each",
    Script("echo $1; test $1 -lt 2", command=("sh",), args=(Take("x"),)),
    {"x": Item()},
    loop=ForEach(Range(1, 3)),
    guard=Comparison(Output("tell", "result"), ">", Constant(5)),
)
FLOW = Workflow("nightly", (TELL, EACH), {"n": ParameterDeclaration("int", required=True)})


def test_a_workflow_in_a_file_is_run_with_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flow.workflow").write_text(print_workflow(FLOW))
    assert outcome(["run", "flow.workflow", "--param", "n=3", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(e["event"], e["step"]) for e in told if e["event"].startswith("step_")] == [
        ("step_started", "tell"), ("step_finished", "tell"), ("step_skipped", "each"),
    ]  # fmt: skip
    assert outcome(["run", "flow.workflow", "--param", "n=7"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("nightly · 2 steps · local\n")
    assert "✗ each.1" in shown
    assert "sqlml run flow.workflow --param n=7 --resume" in shown
    assert outcome(["run", "flow.workflow"]) == 2
    assert "error[E0681]: parameter `n` of `nightly` has no value" in capsys.readouterr().err
    assert outcome(["run", "flow.workflow", "--param", "n"]) == 2
    assert "--param n is not NAME=VALUE" in capsys.readouterr().err
    assert outcome(["run", "-c", "SELECT 1", "--param", "n=1"]) == 2
    assert "E0681" in capsys.readouterr().err
