"""What a step's process leaves with, and what Argo makes of it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.errors import Diagnostic, ProgramError, StepError
from sqlml.runtime.retry import exit_code
from sqlml.workflow.ir import Backoff, Node, Query, Retry, Workflow

ENDLESS = (
    "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range = 7"
)


def step(sql: str, store: Path, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    told = {"name": "q", "operation": {"kind": "query", "sql": sql}}
    session = [{"kind": "query", "sql": each, "session": True} for each in before]
    text = json.dumps({"node": told, "session": session})
    command = [sys.executable, "-m", "sqlml", "step", text, "--run", "r", "--store", str(store)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def retried(on: tuple[str, ...]) -> set[int]:
    """The exit codes after which Argo tries a step of SQL again."""
    node = Node("q", Query("SELECT 1"), retry=Retry(2, on, Backoff(1)))
    (text,) = render(Workflow("w", (node,)), "argo", Options()).values()
    (found,) = re.findall(r"asInt\(lastRetry\.exitCode\) in \[([\d, ]+)\]", text)
    return {int(code) for code in found.split(",")}


def test_a_steps_exit_code_tells_argo_whether_to_try_again(tmp_path: Path) -> None:
    big = "SELECT list(range) FROM range(50000000)"
    failing = {
        "transient": step("SELECT error('deadlock detected')", tmp_path),
        "resource": step(big, tmp_path, ["SET memory_limit = '40MB'"]),
        "user": step("SELECT * FROM nowhere", tmp_path),
        "stopped": step(ENDLESS, tmp_path),
        "killed": step(ENDLESS, tmp_path),
    }
    for name, sent in (("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)):
        output = failing[name].stdout
        assert output is not None
        assert any("step_started" in line for line in iter(output.readline, ""))
        failing[name].send_signal(sent)
    codes = {}
    for name, process in failing.items():
        process.communicate(timeout=120)
        codes[name] = process.returncode
    assert codes == {"transient": 75, "resource": 137, "user": 1, "stopped": 143, "killed": -9}
    assert retried(("transient",)) == {75, 143}
    assert retried(("resource",)) == {137}
    assert retried(("transient", "resource")) == {75, 143, 137}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProgramError(Diagnostic("E0641", "s3://b: Connection refused")), 75),
        (ProgramError(Diagnostic("E0641", "s3://b: there is no protocol s4")), 2),
        (StepError(Diagnostic("E0623", "syntax error"), Diagnostic("E0623", "OOMKilled")), 137),
        (StepError(Diagnostic("E0623", "AccessDenied")), 1),
    ],
)
def test_what_keeps_a_step_from_beginning_has_a_code_too(error: ProgramError, code: int) -> None:
    assert exit_code(error) == code
