"""What every engine's output goes through before it is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlml.codegen import ENGINES
from sqlml.codegen.engine import Options, render
from sqlml.errors import ProgramError
from sqlml.workflow.ir import ForEach, Node, Place, Range, Script, Suspend, Workflow

PAPER = """
from sqlml.codegen.engine import FEATURES, Capability

class Paper:
    name, title, outputs = "paper", "Paper", "/out"
    settings = {"colour": "of the ink"}
    support = {feature: Capability("native") for feature in FEATURES}
    support["suspend"] = Capability("refused", "let a script sleep")

    def render(self, workflow, options):
        return {"paper.txt": " ".join(node.name for node in workflow.nodes)}

ENGINE = Paper()
"""


@pytest.fixture(autouse=True)
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An engine that another package could bring."""
    (tmp_path / "paper_engine.py").write_text(PAPER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(ENGINES._builtin, "paper", "paper_engine:ENGINE")
    yield
    vars(ENGINES).pop("_targets", None)  # which keeps the names that it has once seen


def faults(workflow: Workflow, engine: str = "paper", options: Options | None = None) -> list[str]:
    with pytest.raises(ProgramError) as caught:
        render(workflow, engine, options or Options())
    return [f"{one.code} {one.message} {one.label} {one.hint}" for one in caught.value.diagnostics]


SCRIPT = Node("a", Script("print(1)"), loop=ForEach(Range(0, 3)))


def test_what_an_engine_can_do_is_written() -> None:
    assert render(Workflow("w", (SCRIPT,)), "paper", Options()) == {"paper.txt": "a"}


def test_what_it_cannot_do_is_told_at_the_step() -> None:
    wait = Node("wait", Suspend(5), place=Place("flow.py", 7, 3))
    (fault,) = faults(Workflow("w", (SCRIPT, wait)))
    assert fault == (
        "E0752 Paper has no suspend, which step `wait` uses at flow.py:7:3 let a script sleep"
    )


def test_engines_and_their_settings_are_known_by_name() -> None:
    assert faults(Workflow("w"), "papper")[0].startswith("E0750 there is no engine `papper`")
    (fault,) = faults(Workflow("w"), options=Options(settings={"color": "red"}))
    assert fault == "E0751 engine `paper` has no setting `color`  its settings: `colour`"


@pytest.mark.parametrize("engine", ["airflow", "kfp", "tekton"])
def test_what_nobody_could_resume_is_refused(engine: str) -> None:
    wait = Node("wait", Suspend(), place=Place("flow.py", 7, 3))
    (fault,) = faults(Workflow("w", (wait,)), engine)
    assert fault.startswith("E0752 ")
    assert "suspend until resumed, which step `wait` uses at flow.py:7:3" in fault
