"""`sqlml run` of a workflow that is written out, with parameters."""

import json
import re
import sys
import time
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

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
    heading = re.match(r"nightly · 2 steps · local · run (\w+)\n", shown)
    assert heading
    assert f"1 failed · run {heading[1]}" in shown
    assert "✗ each.1" in shown
    assert "sqlml run flow.workflow --param n=7 --resume" in shown
    assert outcome(["run", "flow.workflow"]) == 2
    assert "error[E0681]: parameter `n` of `nightly` has no value" in capsys.readouterr().err
    assert outcome(["run", "flow.workflow", "--param", "n"]) == 2
    assert "--param n is not NAME=VALUE" in capsys.readouterr().err
    assert outcome(["run", "-c", "SELECT 1", "--param", "n=1"]) == 2
    assert "E0681" in capsys.readouterr().err


WAITS = """
import sqlml

with sqlml.workflow("release") as flow:
    flow.sql("CREATE TABLE made AS SELECT 1 AS a") >> flow.wait(name="approve") >> flow.wait(0.01)
"""


def test_a_run_that_waits_for_a_person_is_let_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By another process, while the one that runs it has the database."""
    monkeypatch.chdir(tmp_path)
    Path("release.py").write_text(WAITS)
    db = ["--db", "shop.duckdb"]
    command = [sys.executable, "-m", "sqlml", "run", "release.py", *db]
    running = Popen(command, stdout=PIPE, stderr=STDOUT, text=True)
    try:
        while not (found := [*Path("shop.duckdb.sqlml/waiting").glob("*/*")]):
            assert running.poll() is None
            time.sleep(0.02)
        run = found[0].parent.name
        assert outcome(["show", run, *db]) == 0
        shown = capsys.readouterr()
        assert "until it is let go on" in shown.out
        assert f"to let it go on: sqlml continue {run} --db shop.duckdb" in shown.err
        assert outcome(["continue", run, "aprove", *db]) == 2
        assert "error[E1031]: step `aprove` does not wait" in capsys.readouterr().err
        assert outcome(["continue", run, "approve", *db]) == 0
        assert capsys.readouterr().out == f"run {run} goes on: approve\n"
        told, _ = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 0, told
    assert f"it waits for you; to let it go on: sqlml continue {run} --db shop.duckdb" in told
    assert outcome(["continue", run, *db]) == 2
    assert f"error[E1030]: no step of run `{run}` waits" in capsys.readouterr().err
    assert outcome(["continue", "none", *db]) == 2
    assert "error[E0508]" in capsys.readouterr().err
