"""Called workflows with last steps, retries and limits of their own."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sqlml.codegen.engine import Options, render
from sqlml.errors import ProgramError
from sqlml.workflow.ir import (
    After,
    Backoff,
    Call,
    Constant,
    HasStatus,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Place,
    Retry,
    Workflow,
)

from .random_workflows import step
from .tekton_interpreter import PipelineRun
from .test_argo_runs import STATES, run

FOLDER = {"f": Parameter("folder")}
WRITE = 'echo x >> "$1/{}"'
PART = Workflow(
    "part",
    (
        step("fine", "echo 1"),
        step(
            "bad", WRITE.format("bad") + '; test "$2" = ok', inputs={**FOLDER, "x": Parameter("x")}
        ),
    ),
    {"folder": ParameterDeclaration(), "x": ParameterDeclaration()},
    {"answer": Output("fine", "result")},
    on_exit=(
        step("clean", WRITE.format("clean"), inputs=FOLDER),
        step("mourn", WRITE.format("mourn"), inputs=FOLDER, guard=HasStatus("failed")),
        step("cheer", WRITE.format("cheer"), inputs=FOLDER, guard=HasStatus("succeeded")),
    ),
    retry=Retry(1, ("any",), Backoff(0.01)),
)


def calling(value: str) -> Workflow:
    answer = (OutputDeclaration("answer", "parameter"),)
    inputs = {"folder": Parameter("folder"), "x": Constant(value)}
    return Workflow(
        "w",
        (
            Node("call", Call("part"), inputs, answer, place=Place("f.py", 3)),
            step("takes", "echo 1", inputs={"x": Output("call", "answer")}),
            step("if-failed", "echo 1", after=(After("call", "failed"),)),
            step("if-fine", "echo 1", after=(After("call", "succeeded"),)),
            step("passed", "echo 1", after=(After("call", "passed"),)),
            step("anyway", "echo 1", after=(After("call", "finished"),)),
            step("asks", "echo 1", guard=HasStatus("failed", "call")),
        ),
        {"folder": ParameterDeclaration()},
        workflows=(PART,),
    )


@pytest.mark.parametrize("engine", ["argo", "tekton"])
@pytest.mark.parametrize(("value", "is_good"), [("ok", True), ("no", False)])
def test_a_call_ends_as_all_its_steps_did(
    engine: str, value: str, is_good: bool, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    workflow = calling(value)
    if engine == "argo":
        phase, ended = run(workflow, tmp_path, {"folder": str(files)})
        states = {name: STATES[one.phase] for name, one in ended.items()}
    else:
        (text,) = render(workflow, "tekton", Options()).values()
        whole = PipelineRun(text, tmp_path / "run", {"folder": str(files)})
        phase = whole.run()
        states = dict.fromkeys(whole.states, "skipped")
        for name, result in whole.results.items():
            told = yaml.safe_load(result)["state"]
            states[name] = "skipped" if told == "held back" else told
    wanted = {"takes": is_good, "if-failed": not is_good, "if-fine": is_good, "passed": is_good}
    wanted |= {"anyway": True, "asks": not is_good}
    assert {name: states[name] for name in wanted} == {
        name: "succeeded" if runs else "skipped" for name, runs in wanted.items()
    }
    assert phase == ("Succeeded" if is_good else "Failed")
    written = {each.name: len(each.read_text().split()) for each in files.iterdir()}
    assert written == {"clean": 1, "cheer": 1, "bad": 1} if is_good else {
        "clean": 1, "mourn": 1, "bad": 2
    }  # fmt: skip


def test_argo_limits_the_steps_of_a_called_workflow_at_a_time() -> None:
    workflow = replace(calling("ok"), workflows=(replace(PART, parallelism=1),))
    (text,) = render(workflow, "argo", Options()).values()
    templates = {each["name"]: each for each in yaml.safe_load(text)["spec"]["templates"]}
    assert templates["part"]["parallelism"] == 1


@pytest.mark.parametrize(("engine", "what"), [
    ("argo", "timeout"), ("tekton", "timeout"),
])  # fmt: skip
def test_other_limits_of_a_called_workflow_are_refused(engine: str, what: str) -> None:
    workflow = replace(calling("ok"), workflows=(replace(PART, **{what: 9}),))
    with pytest.raises(ProgramError) as caught:
        render(workflow, engine, Options())
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E0940", "at f.py:3:1")
    assert what in fault.message


@pytest.mark.parametrize("failing", [False, True])
def test_steps_on_exit_may_need_others_by_name(failing: bool, tmp_path: Path) -> None:
    nodes = (
        step("one", "echo 1", "int"),
        step("two", "exit 3" if failing else "echo 2", "int", after=(After("one"),)),
    )
    exits = (
        step("sums", "echo $(($1 + 4))", "int", inputs={"x": Output("one", "result")}),
        step("takes", "echo $1", "int", inputs={"x": Output("two", "result")}),
        step("mourns", "echo oh", guard=HasStatus("failed", "two")),
        step("cheers", "echo yes", guard=HasStatus("succeeded")),
    )
    workflow = Workflow("w", nodes, on_exit=exits)
    phase, ended = run(workflow, tmp_path, {})
    states = {name: STATES[ended[name].phase] for name in ("sums", "takes", "mourns", "cheers")}
    good, bad = ("skipped", "succeeded") if failing else ("succeeded", "skipped")
    assert states == {"sums": "succeeded", "takes": good, "mourns": bad, "cheers": good}
    assert ended["sums"].result == "5"
    assert phase == ("Failed" if failing else "Succeeded")
    with pytest.raises(ProgramError, match="E0727"):
        render(replace(workflow, timeout=60), "argo", Options())
