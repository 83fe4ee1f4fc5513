"""A workflow in parts comes to what it comes to in one piece."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.databases.duckdb import DuckDB
from sqlml.errors import ProgramError
from sqlml.optimizer.history import PastStep
from sqlml.optimizer.split import Split
from sqlml.runtime import local
from sqlml.runtime.programs.means import Means
from sqlml.runtime.report import RunReport
from sqlml.source import Source
from sqlml.store.store import Store
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import (
    After,
    Call,
    Comparison,
    Constant,
    Container,
    ForEach,
    HasStatus,
    Node,
    Output,
    OutputDeclaration,
    Place,
    Query,
    Range,
    StepOf,
    Suspend,
    Workflow,
)
from sqlml.workflow.parts import groups_of, in_parts, joined
from sqlml.workflow.text import parse_workflow, print_workflow
from sqlml.workflow.verification import verify

from .corpus import CORPUS, step
from .links import LINKS

AS_PROCESSES = Means("process")


class Past:
    """What earlier runs know: how long some targets took."""

    def __init__(self, **seconds: float) -> None:
        self._seconds = seconds

    def past(self, operation: str, target: str) -> Sequence[PastStep]:
        return [PastStep("", self._seconds[target], 0)] if target in self._seconds else []

    def version(self, model: str, version: int | str | None = None) -> int | None:
        return None

    def quality(self, model: str) -> str:
        return ""

    def has_table(self, table: str) -> bool:
        return False


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[DuckDB, Store]]:
    database, store = DuckDB.open(), Store.open(None)
    yield database, store
    database.close()
    store.close()


def parted(workflow: Workflow, steps: int) -> Workflow:
    """Split, valid, in budget, and the same workflow when joined."""
    split = Split(Past(), steps)(workflow)
    verify(split)
    for group in groups_of(split):
        assert 0 < len(group) <= steps
    again = joined(split)
    names = {node.name: node for node in again.nodes}
    assert names == {node.name: node for node in workflow.nodes}
    assert len(again.nodes) == len(workflow.nodes)
    assert replace(again, nodes=()) == replace(workflow, nodes=())
    verify(again)
    assert parse_workflow(Source("w", print_workflow(split))) == split
    return split


def run(workflow: Workflow, site: tuple[DuckDB, Store], **parameters: Any) -> RunReport:
    return local.run(workflow, *site, parameters=parameters, means=AS_PROCESSES)


def came_to(report: RunReport, split: Workflow) -> dict[str, Any]:
    """How each step has ended and what it has left, by the name that it has in one piece."""
    parts = {name for name in report.steps if isinstance(operation(split, name), Call)}
    parts = {name for name in parts if operation(split, name).is_part}
    found = {}
    for name, each in report.steps.items():
        if name not in parts:
            head, _, rest = name.partition(".")
            own = rest if head in parts else name
            found[own] = each.status, each.outcome.outputs if own == name or rest else {}
    return found


def operation(workflow: Workflow, name: str) -> Any:
    return next((node.operation for node in workflow.nodes if node.name == name), None)


@pytest.mark.parametrize("name", [name for name in CORPUS if len(CORPUS[name].workflow.nodes) > 2])
def test_the_corpus_in_parts_comes_to_the_same(
    name: str, site: tuple[DuckDB, Store], tmp_path_factory: pytest.TempPathFactory
) -> None:
    sample = CORPUS[name]
    split = parted(sample.workflow, 2)
    assert len(groups_of(split)) >= len(sample.workflow.nodes) / 2
    given = {}
    if "folder" in sample.workflow.parameters:
        given = {"folder": str(tmp_path_factory.mktemp(name))}
    report = run(split, site, **given)
    found = came_to(report, split)
    assert {name: found[name][0] for name in sample.states} == sample.states
    for each, value in sample.outputs.items():
        left = found[each][1]["result"]
        assert (list(left) if isinstance(left, tuple) else left) == value
    failed = "failed" in sample.states.values()
    assert report.outcome == ("failed" if failed else "succeeded")


def test_what_steps_need_of_other_parts_reaches_them_in_every_state(
    site: tuple[DuckDB, Store],
) -> None:
    """Parts of one step each: every link there is goes across."""
    whole = run(LINKS, site)
    split = parted(LINKS, 1)
    report = run(split, site)
    assert (report.outcome, report.outputs) == (whole.outcome, whole.outputs)
    assert report.outputs == {"kept": "7"}
    files = {"writes", "reads"}
    found, wanted = came_to(report, split), came_to(whole, LINKS)
    assert {k: v for k, v in found.items() if k not in files} == {
        k: v for k, v in wanted.items() if k not in files
    }
    assert found["reads"] == ("succeeded", {"result": "in the file"})
    assert found["mourns"][0] == "succeeded"


def drawn(chance: random.Random, size: int) -> Workflow:
    """Steps that succeed, fail or are skipped, and are linked in any way."""
    nodes: list[Node] = []
    for i in range(size):
        earlier = [node.name for node in nodes]
        some = chance.sample(earlier, min(len(earlier), chance.randint(0, 3)))
        others: dict[str, Any] = {}
        if some and chance.random() < 0.6:
            others["inputs"] = {"x": Output(some[0], "result")}
        statuses = ("succeeded", "failed", "skipped", "passed", "finished")
        weights = (4, 1, 1, 3, 3)
        others["after"] = tuple(
            After(name, chance.choices(statuses, weights)[0]) for name in some[1:2]
        )
        if some[2:]:
            others["guard"] = HasStatus(chance.choices(statuses, weights)[0], some[2])
        if chance.random() < 0.15:
            others["guard"] = Comparison(Constant(1), ">", Constant(chance.randint(0, 2)))
        code = "sys.exit(1)" if chance.random() < 0.2 else f"print({i})"
        nodes.append(step(f"s{i}", code, **others))
    return Workflow("drawn", tuple(nodes))


def test_any_workflow_in_parts_comes_to_the_same(site: tuple[DuckDB, Store]) -> None:
    chance = random.Random(11)
    for _ in range(4):
        workflow = drawn(chance, 14)
        split = parted(workflow, chance.randint(1, 5))
        whole, report = run(workflow, site), run(split, site)
        assert came_to(report, split) == came_to(whole, workflow)
        assert report.outcome == whole.outcome


def test_any_workflow_in_parts_is_valid_for_argo() -> None:
    """What has bonds is kept together where parts have room for it, and told of where not."""
    chance = random.Random(2)
    rendered, refused = 0, set()
    for size in range(6, 46, 2):
        workflow = replace(drawn(chance, size), on_exit=(step("bye", "print(1)"),))
        split = Split(Past(), size // 2)(workflow)
        try:
            files = render(split, "argo", Options())
        except ProgramError as error:
            refused |= {fault.code for fault in error.diagnostics}
            continue
        rendered += 1
        assert len(files) == 1 + len(groups_of(split))
        faults = lint([Source(name, text) for name, text in files.items()])
        assert [fault.message for fault in faults] == []
    assert rendered > 3
    assert refused == {"E0728"}


def test_parts_of_what_is_called_belong_to_each_call(site: tuple[DuckDB, Store]) -> None:
    inner = Workflow(
        "inner",
        (
            step("a", "print(int(args[0]) + 1)", kind="int", inputs={"n": Constant(1)}),
            step("b", "print(int(args[0]) * 10)", kind="int", inputs={"n": Output("a", "result")}),
            step("c", "print(int(args[0]) + 5)", kind="int", inputs={"n": Output("b", "result")}),
        ),
        outputs={"answer": Output("c", "result")},
        on_exit=(step("end", "print(args[0])", inputs={"n": Output("b", "result")}),),
    )
    answer = (OutputDeclaration("answer", "parameter", type="int"),)
    call = Node("call", Call("inner"), outputs=answer, loop=ForEach(Range(0, 2)))
    last = step("last", "print(args[0])", inputs={"x": Output("call", "answer")})
    split = parted(Workflow("outer", (call, last), workflows=(inner,)), 1)
    assert [each.name for each in split.workflows] == [
        "inner", "inner-part-1", "inner-part-2", "inner-part-3", "part-1", "part-2",
    ]  # fmt: skip
    report = run(split, site)
    assert report.outcome == "succeeded"
    assert report.steps["part-2.last"].outcome.outputs["result"] == "[25,25]"
    assert report.steps["part-1.call.1.end"].outcome.outputs["result"] == "20"


@pytest.mark.parametrize("engine", ["tekton", "kfp", "python"])
def test_engines_that_run_one_object_say_so(engine: str) -> None:
    with pytest.raises(ProgramError, match="in one piece, not in 3 parts") as caught:
        render(parted(many(6), 2), engine, Options())
    assert "E0980" in [fault.code for fault in caught.value.diagnostics]


def test_what_airflow_cannot_do_in_parts_is_refused() -> None:
    call = Node("c", Call("many"), place=Place("flow.py", 4))
    workflow = Workflow("w", (call, step("s", "print(1)")), parallelism=2, workflows=(many(2),))
    with pytest.raises(ProgramError, match="E0980") as caught:
        render(in_parts(workflow, [["c"], ["s"]]), "airflow", Options())
    assert [fault.label for fault in caught.value.diagnostics] == ["", "at flow.py:4:1"]


# --- budgets ------------------------------------------------------------------------------


def many(count: int, **each: Any) -> Workflow:
    nodes = tuple(Node(f"s{i}", Container("alpine", (f"{i}",)), **each) for i in range(count))
    return Workflow("many", nodes)


def test_each_budget_is_a_limit_of_its_own() -> None:
    assert Split(Past(), 10)(many(10)) == many(10)
    assert len(groups_of(Split(Past(), 10)(many(11)))) == 2
    looped = many(10, loop=ForEach(Range(0, 30)))
    assert Split(Past(), 10, pods=300)(looped) == looped
    assert len(groups_of(Split(Past(), 10, pods=100)(looped))) == 4
    assert len(groups_of(Split(Past(), 0, bytes=2_000)(many(30)))) > 4
    waits = Workflow("waits", tuple(Node(f"w{i}", Suspend(1)) for i in range(9)))
    assert Split(Past(), 0, pods=1)(waits) == waits
    calls = Workflow("w", (Node("c", Call("many")), Node("d", Call("many"))), workflows=(many(9),))
    assert len(groups_of(Split(Past(), 0, pods=9)(calls))) == 2


def test_a_step_over_a_budget_alone_is_told_at_its_place() -> None:
    node = Node("wide", Container("a"), loop=ForEach(Range(0, 50)), place=Place("flow.py", 3))
    with pytest.raises(ProgramError) as caught:
        Split(Past(), pods=20)(Workflow("w", (node,)))
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.label) == ("E0850", "at flow.py:3:1")
    assert "50 pods" in fault.message
    assert "split{pods=50}" in fault.hint
    with pytest.raises(ProgramError, match="below 0") as caught:
        Split(Past(), -1)(many(3))
    assert caught.value.diagnostics[0].code == "E0851"


def test_what_took_long_before_decides_where_the_cuts_are() -> None:
    """Two rows of two steps; the second row's first and the first row's last are long ones."""

    def table(name: str, *after: str) -> Node:
        target = (OutputDeclaration("table", "table", name),)
        return Node(name, Query("SELECT 1"), outputs=target, after=tuple(map(After, after)))

    nodes = (table("a1"), table("b1"), table("a2", "a1", "b1"), table("b2", "b1"))
    short = Split(Past(a1=1, b1=1, a2=1, b2=50), 3)(Workflow("w", nodes))
    (alone,) = (group for group in groups_of(short) if "b2" in group)
    assert "a1" not in alone


def test_a_part_waits_for_parts_only_and_names_what_it_takes_of_them() -> None:
    split = parted(CORPUS["diamond"].workflow, 2)
    for node in split.nodes:
        assert isinstance(node.operation, Call)
        assert {after.status for after in node.after} <= {"finished"}
    for part in split.workflows:
        stood_for = {node.name: node.operation.part for node in part.nodes
                     if isinstance(node.operation, StepOf)}  # fmt: skip
        own = {node.name for node in part.nodes} - {*stood_for}
        call = next(node for node in split.nodes if node.name == part.name)
        assert {*needs(call)} == {*stood_for.values()}
        assert own
    twice = Split(Past(), 2)(split)
    assert twice == split
