"""Workflows in Python: what is written, and what it means."""

import asyncio
import threading
from pathlib import Path

import pytest

import sqlml
from sqlml.flow import Flow
from sqlml.session import Session
from sqlml.workflow.ir import (
    After,
    AllOf,
    Call,
    Comparison,
    Constant,
    ForEach,
    Item,
    Not,
    Output,
    Parameter,
    Repeat,
    SecretKey,
    Workflow,
)


@sqlml.step
def double(n: int) -> int:
    print("what a function prints is not what it returns")  # noqa: T201
    return 2 * n


@sqlml.step(image="python:3.12", retries=3, timeout="2m", resources={"cpu": "500m"})
def train(name: str, by: list[float] = [1.5]) -> dict[str, str]:  # noqa: B006
    return {"name": name * int(by[0])}


def _built(flow: Flow) -> Workflow:
    with Session.open(db=":memory:") as session:
        return session.compile(flow).workflow


def test_a_function_is_itself_outside_of_workflows() -> None:
    assert double(4) == 8
    assert train("a") == {"name": "a"}


def test_options_of_steps_are_those_of_nodes() -> None:
    with sqlml.workflow("Nightly run", schedule="0 3 * * *", parallelism=2, retries=1) as flow:
        size = flow.parameter("size", 3, type="int")
        train("x")
        flow.container(
            "busybox",
            "echo",
            [size, "and", 4],
            outputs={"count": "/tmp/count"},
            env={"SIZE": size, "PLAIN": 1},
            secrets={"TOKEN": "hub/token"},
            name="say",
        )
    built = _built(flow)
    trained, said = built.nodes
    assert (built.name, built.parallelism) == ("nightly-run", 2)
    assert built.schedule is not None
    assert built.schedule.cron == ("0 3 * * *",)
    assert trained.inputs == {"name": Constant("x"), "by": Constant((1.5,))}
    assert trained.retry is not None
    assert trained.retry.limit == 3
    assert (trained.timeout, trained.resources.cpu) == (120.0, 0.5)
    assert said.inputs == {"arg-1": Parameter("size"), "env-SIZE": Parameter("size")}
    assert said.env["TOKEN"] == SecretKey("hub", "token")
    assert said.env["PLAIN"] == "1"
    assert [output.name for output in said.outputs] == ["count", "result"]


def test_conditions_nest_and_turn_round() -> None:
    with sqlml.workflow("w") as flow:
        n = double(1)
        with flow.when((n > 1) & ~(n == 5)):
            a = double(n)
            with flow.when(a != 3):
                double(a)
        with flow.otherwise():
            double(0)
    first, second, third, fourth = _built(flow).nodes
    more = Comparison(Output("double", "result"), ">", Constant(1))
    five = Comparison(Output("double", "result"), "==", Constant(5))
    both = AllOf((more, Not(five)))
    assert first.guard is None
    assert second.guard == both
    assert third.guard == AllOf((both, Comparison(Output("double-2", "result"), "!=", Constant(3))))
    assert fourth.guard == Not(both)


def test_one_step_repeats_by_itself_and_several_as_a_workflow() -> None:
    with sqlml.workflow("w") as flow:
        size = flow.parameter("size", 3, type="int")
        outside = double(1)
        with flow.for_each(range(3)) as i:
            double(i)
        with flow.for_each([{"a": 1}], parallelism=1, name="both") as item:
            x = double(item["a"])
            with flow.when(outside > size):
                y = double(x)
        after = double(1)
        after >> flow.script("print(1)", args=[y])
    built = _built(flow)
    nodes = {node.name: node for node in built.nodes}
    assert nodes["double-2"].inputs == {"n": Item()}
    call = nodes["both"]
    assert call.operation == Call("both")
    assert call.loop == ForEach(Constant(({"a": 1},)), 1)
    assert call.inputs == {
        "item-a": Item("a"),
        "double-result": Output("double", "result"),
        "size": Parameter("size"),
    }
    inner = built.workflows[0]
    assert inner.outputs == {"double-4-result": Output("double-4", "result")}
    assert inner.parameters["size"].type == "int"
    assert inner.nodes[1].guard == Comparison(Parameter("double-result"), ">", Parameter("size"))
    assert nodes["script"].inputs == {"arg-1": Output("both", "double-4-result")}
    assert nodes["script"].after == (After("double-5", "passed"),)


def test_loops_in_loops_take_what_they_need_from_around_them(tmp_path: Path) -> None:
    with sqlml.workflow("w") as flow:
        base = double(50)
        with flow.for_each([1, 2]) as i, flow.for_each([10, 20]) as j:
            one = double(j)
            line = flow.script("import sys; print(*sys.argv[1:])", args=[base, i, one])
        with flow.loop_until(max=3) as loop:
            last = double(double(4))
            loop.until(last == 16)
        flow.script("import sys; print(sys.argv[1:])", args=[line, last], name="all")
    outputs = sqlml.run(flow, db=tmp_path / "a.duckdb").outputs
    text = '[["100 1 20","100 1 40"],["100 2 20","100 2 40"]]'
    assert outputs["all"]["result"] == str([text, "16"])
    repeat = next(n.loop for n in _built(flow).nodes if isinstance(n.loop, Repeat))
    assert repeat.limit == 3


def test_python_steps_give_way_to_the_names_of_statements(tmp_path: Path) -> None:
    with sqlml.workflow("w") as flow:
        table = flow.sql("CREATE TABLE t AS SELECT range AS x, 2 * range AS y FROM range(40)")
        model = flow.train("sklearn.linear_model.LinearRegression", table, label="y", into="m")
        first = train(model)
        count = flow.sql("SELECT count(*) AS n FROM t").column("n")
        flow.script("import sys; print(sys.argv[1])", args=[count], name="count")
        with flow.on_exit():
            flow.predict(model, "SELECT x FROM t", into="p", column="y")
    nodes = {node.name: node for node in _built(flow).nodes}
    assert nodes["train-2"].inputs["name"] == Constant("m")
    assert nodes["train-2"].after == (After("train"),)
    assert first.name == "train"
    lines = Path(__file__).read_text("utf-8").splitlines()
    place = nodes["train"].place
    assert place is not None
    assert "flow.train(" in lines[place.line - 1]
    db = tmp_path / "a.duckdb"
    assert sqlml.run(flow, db=db, containers="process").outputs["count"]["result"] == "40"
    assert len(sqlml.run("SELECT * FROM p", db=db).to_arrow()) == 40


def test_parameters_are_given_to_a_run(tmp_path: Path) -> None:
    with sqlml.workflow("w") as flow:
        double(flow.parameter("n", type="int"))
    db = tmp_path / "a.duckdb"
    assert sqlml.run(flow, db=db, parameters={"n": 21}).outputs["double"]["result"] == 42
    with pytest.raises(sqlml.SqlmlError, match="E0681"):
        sqlml.run(flow, db=db)


def _broken(flow: Flow) -> None:
    double(2)
    with flow.for_each([1]), flow.when(double(3) > 1):
        double(4)
        raise RuntimeError


def test_an_exception_leaves_nothing_behind() -> None:
    with sqlml.workflow("w") as flow:
        n = double(1)
        try:
            with flow.when(n > 1):
                _broken(flow)
        except RuntimeError:
            double(5)
    assert [node.name for node in _built(flow).nodes] == ["double", "double-2"]
    assert _built(flow).nodes[1].guard is None
    with pytest.raises(RuntimeError), sqlml.workflow("other") as other:
        _broken(other)
    assert double(2) == 4


def test_threads_and_tasks_write_workflows_of_their_own() -> None:
    flows: dict[str, Flow] = {}
    together = threading.Barrier(4)

    def write(name: str) -> None:
        with sqlml.workflow(name) as flows[name]:
            together.wait()
            flows[name].script(f"print('{name}')", name=name)
            together.wait()

    threads = [threading.Thread(target=write, args=(f"thread-{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def task(name: str) -> None:
        with sqlml.workflow(name) as flows[name]:
            await asyncio.sleep(0)
            with flows[name].when(double(1) > 1):
                await asyncio.sleep(0)
                flows[name].script("print()", name=name)

    async def tasks() -> None:
        await asyncio.gather(*(task(f"task-{i}") for i in range(3)))

    asyncio.run(tasks())
    for name, flow in flows.items():
        assert [n.name for n in _built(flow).nodes][-1] == name
        assert len(_built(flow).nodes) == (1 if name.startswith("thread") else 2)


def test_the_module_of_the_ir_can_be_called() -> None:
    import sqlml.workflow.ir

    with sqlml.workflow("w") as flow:
        double(1)
    assert isinstance(_built(flow), sqlml.workflow.ir.Workflow)


def test_what_is_taken_by_name_alone_is_given_by_a_step_too() -> None:
    @sqlml.step
    def power(base: int = 2, *, exponent: int, plus: int = 0) -> int:
        return int(base**exponent + plus)

    with sqlml.workflow("w") as flow:
        first = power(exponent=3)
        power(3, exponent=first, plus=1)
        second = power(5, exponent=first)
        second << first
    outputs = sqlml.run(flow, db=":memory:").outputs
    assert [outputs[step]["result"] for step in ("power", "power-2", "power-3")] == [
        8,
        6562,
        390625,
    ]
