"""Python files as programs of the command line, and the page about them."""

import re
from pathlib import Path

import pytest

from sqlml.cli.main import outcome

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python-workflows.md").read_text("utf-8")

FLOW = """
import sqlml

@sqlml.step
def double(n: int) -> int:
    return 2 * n

with sqlml.workflow("nightly") as flow:
    count = flow.sql("SELECT 20 AS n").column("n")
    double(flow.parameter("n", 1, type="int"))
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_python_file_is_run_and_rendered(capsys: pytest.CaptureFixture[str]) -> None:
    Path("flow.py").write_text(FLOW)
    assert outcome(["run", "flow.py", "--param", "n=21", "--output", "csv"]) == 0
    assert capsys.readouterr().out.split() == ["n", "20"]
    assert outcome(["render", "flow.py", "--engine", "argo"]) == 0
    assert "name: nightly" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "writes no workflow"),
        ("x = 1\ny = undefined\n", "flow.py:2:1"),
        ("def f(:\n", "SyntaxError"),
        (f'{FLOW}\nwith sqlml.workflow("daily") as other:\n    double(1)', "writes nightly, daily"),
    ],
)
def test_a_file_that_is_no_workflow(
    text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("flow.py").write_text(text)
    assert outcome(["render", "flow.py"]) == 2
    told = capsys.readouterr().err
    assert "E0768" in told
    assert words in told


def test_the_program_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    Path("nightly.py").write_text(program)
    namespace: dict[str, object] = {"__name__": "nightly"}
    exec(compile(program, "nightly.py", "exec"), namespace)
    shown = capsys.readouterr().out
    assert shown.startswith("line is deployed (1.00)\n")
    assert "kind: CronWorkflow" in shown
