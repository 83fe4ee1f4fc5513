"""Programs for Couler as files of the command line: rendered and run as they stand."""

from pathlib import Path

import pytest

from sqlml.cli.main import outcome

PROGRAM = """
import sqlml.couler.argo as couler
from sqlml.couler.argo_submitter import ArgoSubmitter

def say(word):
    return couler.run_container(image="alpine", command=["echo"], args=[word])

if __name__ == "__main__":
    couler.config_workflow(name="words")
    couler.map_(lambda word: say(word), ["one", "two"])
    made = couler.run(submitter=ArgoSubmitter(namespace="nowhere"))
    assert made["kind"] == "Workflow"
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_a_program_gives_to_a_cluster_is_rendered_and_run_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("words.py").write_text(PROGRAM)
    assert outcome(["render", "words.py", "--engine", "argo"]) == 0
    rendered = capsys.readouterr().out
    assert "name: words" in rendered
    assert "para-say-0: two" in rendered
    monkeypatch.setenv("SQLML_CONTAINERS", "process")
    assert outcome(["run", "words.py"]) == 0
    assert "say" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sqlml.couler as couler", "writes no workflow"),
        (f"{PROGRAM}\n    say('three')", "runs 2 workflows"),
        ("from sqlml import couler\ncouler.run_container()", "missing 1 required positional"),
        ("import couler.argo as couler", "write `import sqlml.couler as couler`"),
    ],
)
def test_what_is_no_one_workflow_is_told(
    text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("words.py").write_text(text)
    assert outcome(["render", "words.py"]) == 2
    told = capsys.readouterr().err
    assert "E0768" in told
    assert words in told
