"""What a PipelineRun and its TaskRuns say of steps: waits, losses, limits, and what they decide."""

import json
from typing import Any

import pytest

from sqlml.runtime.cluster.tekton import ENGINE
from sqlml.runtime.handed.run import StepStatus
from sqlml.workflow.ir import (
    After,
    AllOf,
    Comparison,
    Condition,
    Constant,
    Container,
    HasStatus,
    Item,
    Node,
    Not,
    Output,
    Parameter,
    ParameterDeclaration,
    Workflow,
)


def task_run(name: str, status: str, reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    given = more.pop("given", None)
    results = [{"name": "given", "value": json.dumps(given)}] if given else []
    condition = {"type": "Succeeded", "status": status, "reason": reason, "message": message}
    labels = {"tekton.dev/pipelineTask": name}
    told = {"conditions": [condition], "results": results, "podName": f"{name}-pod", **more}
    return {"metadata": {"labels": labels}, "status": told}


def seen(
    *task_runs: dict[str, Any], nodes: tuple[Node, ...] = (), **run: Any
) -> dict[str, StepStatus]:
    class Listed:
        def list(self, *_: Any) -> Any:
            return task_runs

    workflow = Workflow("w", nodes, {"least": ParameterDeclaration("float", 0.5)})
    whole = {"metadata": {"name": "w"}, "spec": {}, **run}
    return dict(ENGINE.look(Listed(), whole, workflow).steps)  # type: ignore[arg-type]


DONE = {"state": "succeeded", "values": {"score": 0.7}}


def test_what_tekton_tells_of_tasks_that_could_not_tell_themselves() -> None:
    waiting = [{"name": "step", "waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}]
    killed = [{"name": "step", "terminated": {"reason": "OOMKilled", "exitCode": 137}}]
    found = seen(
        task_run("new", "Unknown", "Pending"),
        task_run("pulls", "Unknown", "Pending", "pod is pending", steps=waiting),
        task_run("large", "True", "Succeeded", steps=killed),
        task_run("slow", "False", "TaskRunTimeout", "failed to finish within 1s"),
        task_run("ended", "False", "TaskRunCancelled", "was cancelled"),
        task_run("lost", "False", "TaskRunImagePullFailed", 'failed to pull the image "x"'),
        task_run("tried", "True", "Succeeded", given=DONE, retriesStatus=[{"podName": "a"}],
                 startTime="2026-05-01T03:00:00Z", completionTime="2026-05-01T03:00:02Z"),
        status={"skippedTasks": [{"name": "left", "reason": "PipelineRun was stopping"}]},
    )  # fmt: skip
    assert {name: (one.state, one.message) for name, one in found.items()} == {
        "new": ("waiting", ""),
        "pulls": ("waiting", "pod is pending; ImagePullBackOff: Back-off"),
        "large": ("failed", "OOMKilled (exit code 137)"),
        "slow": ("failed", "TaskRunTimeout: failed to finish within 1s"),
        "ended": ("failed", "TaskRunCancelled: was cancelled"),
        "lost": ("failed", 'TaskRunImagePullFailed: failed to pull the image "x"'),
        "tried": ("succeeded", ""),
        "left": ("skipped", "PipelineRun was stopping"),
    }
    assert [name for name, one in found.items() if one.lacks_image] == ["pulls", "lost"]
    assert (found["tried"].seconds, found["tried"].pods) == (2.0, ["a", "tried-pod"])
    stopped = {"spec": {"status": "CancelledRunFinally"}}
    cancelled = task_run("ended", "False", "TaskRunCancelled")
    assert seen(cancelled, **stopped)["ended"].state == "interrupted"


SCORE = Output("train", "score")
BEGINS: dict[str, tuple[Node, str]] = {
    "by value": (Node("x", Container("i"), guard=Comparison(SCORE, ">", Parameter("least"))), ""),
    "not by value": (
        Node("x", Container("i"), guard=Comparison(SCORE, "<", Constant(0.5))),
        "its condition does not hold",
    ),
    "by status": (
        Node("x", Container("i"), after=(After("bad", "failed"), After("held", "passed"),
                                         After("gone", "skipped"), After("bad", "finished"))), ""
    ),
    "not by status": (Node("x", Container("i"), after=(After("train", "failed"),)),
                      "it needs train to be failed"),
    "of a step left out": (Node("x", Container("i"), {"v": Output("held", "o")}),
                           "it needs held, which was skipped"),
    "of the whole": (Node("x", Container("i"), guard=AllOf((HasStatus("failed"),
                          Not(HasStatus("succeeded")), HasStatus("skipped", "gone")))), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BEGINS)
def test_a_step_is_told_as_running_when_it_is_certain_that_it_will(name: str) -> None:
    node, why = BEGINS[name]
    before = [
        task_run("train", "True", "Succeeded", given=DONE),
        task_run("bad", "True", "Succeeded", given={"state": "failed", "values": {}}),
        task_run("held", "True", "Succeeded", given={"state": "held back", "values": {}}),
        task_run("gone", "True", "Succeeded", given={"state": "skipped", "values": {}}),
    ]
    nodes = (*(Node(n, Container("i")) for n in ("train", "bad", "held", "gone")), node)
    runs = seen(*before, task_run("x", "Unknown", "Running"), nodes=nodes)
    assert runs["x"].state == ("waiting" if why else "running")
    if why:
        left = task_run("x", "True", "Succeeded", given={"state": "skipped", "values": {}})
        assert seen(*before, left, nodes=nodes)["x"] == StepStatus("skipped", 0, why)


@pytest.mark.parametrize("side", [Item(), Output("train", "lost")])
def test_a_step_that_nobody_can_be_certain_of_waits(side: Any) -> None:
    guard: Condition = Comparison(side, "<", Constant(0.5))
    node = Node("x", Container("i"), guard=guard)
    began = task_run("train", "True", "Succeeded", given=DONE), task_run("x", "Unknown", "Running")
    assert seen(*began, nodes=(node,))["x"].state == "waiting"
