"""Workflows as plain scripts, run by themselves, come to the same as they do here."""

from pathlib import Path
from random import Random

import pytest

import sqlml
from sqlml.flow import Flow
from sqlml.session import connect
from sqlml.workflow.ir import Workflow
from sqlml.workflow.serial import thaw

from .corpus import CORPUS
from .everywhere import here
from .links import LINKS
from .random_workflows import random_workflow
from .script_runs import Ran

SAMPLES = ("failing", "hostile", "mapped", "retried")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_workflow_comes_to_the_same_as_a_script(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = CORPUS[name]
    given = {"folder": str(tmp_path)} if "folder" in sample.workflow.parameters else {}
    ran = Ran(sample.workflow, given, monkeypatch)
    nodes = {n.name: n for n in (*sample.workflow.nodes, *sample.workflow.on_exit)}
    ended = {step: ran.ended(nodes[step]) for step in sample.states}
    assert {step: one.state for step, one in ended.items()} == sample.states
    for step, value in sample.outputs.items():
        assert ended[step].values["result"] == value
    assert ran.code == ("failed" in sample.states.values())


@pytest.mark.parametrize("seed", range(8))
def test_random_workflows_come_to_the_same_as_scripts(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = random_workflow(Random(seed))
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    compare(workflow, tmp_path, monkeypatch)


def test_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Worked out by hand from what the IR says of each link."""
    ran = Ran(LINKS, {}, monkeypatch)
    ended = {node.name: ran.ended(node) for node in (*LINKS.nodes, *LINKS.on_exit)}
    left_out = ("off", "of-bad", "of-off", "of-of-bad")
    assert {name: one.state for name, one in ended.items() if one.state != "succeeded"} == {
        "bad": "failed", **dict.fromkeys(left_out, "skipped")
    }  # fmt: skip
    values = {name: one.values["result"] for name, one in ended.items() if "result" in one.values}
    assert values == {
        "good": 7, "taker": "7", "of-of-off": "1", "passed": "1", "mends": "1", "any": "1",
        "asks": "1", "list": [1, 2], "each": ["1", "2"], "all": '[7,"7"]', "reads": "in the file",
        "says": "7", "mourns": "1",
    }  # fmt: skip
    assert ran.code == 1


def compare(workflow: Workflow, folder: Path, patch: pytest.MonkeyPatch) -> None:
    expected = here(workflow, folder=str(folder / "here"))
    ran = Ran(workflow, {"folder": str(folder / "there")}, patch)
    nodes = {n.name: n for n in (*workflow.nodes, *workflow.on_exit)}
    assert {name: ran.ended(nodes[name]) for name in expected} == expected, ran.text


@sqlml.step
def numbers(n: int) -> list[int]:
    return list(range(n))


@sqlml.step(retries=1)
def square(x: int) -> float:
    return x * x


@sqlml.step(timeout="1m")
def successor(x: int) -> int:
    return x + 1


@sqlml.step
def copy(what: list[float]) -> dict:
    r"""It's a "copy" \n"""
    return {"sum": sum(what), "all": what}


@sqlml.step
def tell(d: dict, is_true: bool, who: str = "me") -> str:
    return f"{who} {d['sum']} {is_true}"


@sqlml.step
def nothing(given: str) -> None:
    print(given)  # noqa: T201


def flow_of_everything() -> Flow:
    with sqlml.workflow("everything") as flow:
        count = flow.parameter("how-many", 3, type="int")
        flag = flow.parameter("flag", True, type="bool")
        who = flow.parameter("who", 'you\'s "q"', description="100 % anybody")
        conf = flow.parameter("conf", {"sum": [1]}, type="json")
        every = numbers(count)
        with flow.for_each(every) as item:
            squared = square(item)
            with flow.when(squared > 0):
                successor(item)
        with flow.for_each(every, parallelism=2) as item:
            plus = successor(item)
        copied = copy(squared)
        nothing(tell(copied, flag, who))
        tell(conf, flag)
        first = flow.sql("SELECT 42 AS answer, DATE '2020-01-02' AS d, 1.50::DECIMAL(4, 2) AS x")
        with flow.when((first.column("answer") == "42") & ((count > 2) | (count < 0))):
            nothing(first.column("d"))
            left = flow.script(
                "echo $X > out.txt; echo hi $1", ["sh"], [count], outputs={"o": "out.txt"},
                env={"X": "it's"}, name="left",
            )  # fmt: skip
        nothing(left.output("o"))
        with flow.loop_until(max=3) as loop:
            grown = successor(count)
            loop.until(grown > 3)
        flow.script('printf "%s" "$1$2"', ["sh"], [plus, first.column("x")], name="list")
        flow.wait(0.01)
        with flow.on_exit("failed"):
            flow.script("echo failed", ["sh"], name="last")
    return flow


@pytest.mark.parametrize("given", [{}, {"how-many": "2", "flag": "no", "who": "", "conf": "{}"}])
def test_everything_that_a_flow_can_have(
    given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = flow_of_everything()
    with connect(tmp_path / "a.duckdb") as session:
        compiled = session.compile(flow)
        report = session.execute(compiled, parameters=given).report
    workflow = compiled.workflow
    ran = Ran(workflow, given, monkeypatch)
    for node in (*workflow.nodes, *workflow.on_exit):
        found, there = ran.ended(node), report.steps[node.name]
        assert found.state == there.status, node.name
        outputs = thaw(there.outcome.outputs)
        assert all(outputs[name] == value for name, value in found.values.items()), node.name
