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
    assert outcome(["lint", "flow.py"]) == 2
    assert "sqlml render flow.py --engine argo | sqlml lint -" in capsys.readouterr().err


NAMED = """
import sqlml

@sqlml.step
def print(n: int) -> str:
    return str(n)

@sqlml.step
def redirect_stdout(n: str) -> int:
    return int(n)

@sqlml.step
def os(n: int) -> int:
    return 1 if n < 2 else n * os(n - 1)

@sqlml.step
def sys(n: str) -> int:
    return int(n)

@sqlml.step
def json(n: int, of: list[int]) -> list[int]:
    return [n, *of]

with sqlml.workflow("named") as flow:
    left = print(os(redirect_stdout(print(4))))
    json(sys(left), [1])
"""


def test_functions_may_have_the_names_of_what_their_scripts_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("named.py").write_text(NAMED)
    assert outcome(["run", "named.py", "--json"]) == 0
    assert '"summary": "[24, 1]"' in capsys.readouterr().out
    assert outcome(["plan", "named.py"]) == 0
    assert "the longest way: print ─▶ redirect-stdout ─▶ os" in capsys.readouterr().out
    assert outcome(["explain", "named.py"]) == 0
    told = capsys.readouterr().out
    assert "step          def os(n: int) -> int:" in told
    assert "print-2 ─▶ sys" in told


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
