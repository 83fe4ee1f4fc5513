"""Every misuse of workflows in Python is told at the user's line."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import sqlml
from sqlml.codegen.engine import Options, render
from sqlml.flow import Flow
from sqlml.session import connect
from sqlml.workflow.ir import Volume


@sqlml.step
def number(n: int) -> int:
    return n


def _untyped(n):  # type: ignore[no-untyped-def]
    return n


def _result_unsaid(n: int):  # type: ignore[no-untyped-def]
    return n


def _many(*n: int) -> None: ...


def _unknown_name(n: int) -> str:
    return undefined + str(n)  # type: ignore[name-defined]  # noqa: F821


def _yields(n: int) -> list[int]:  # type: ignore[misc]
    yield n


async def _waits(n: int) -> int:
    return n


def _set(n: int) -> set[int]:
    return {n}


with sqlml.workflow("elsewhere") as ELSEWHERE:
    number(1)
    FOREIGN = number(1)


def _parameter_of_another_type(flow: Flow) -> None:
    number(flow.parameter("words", "many"))  # type: ignore[arg-type]


def _otherwise_alone(flow: Flow) -> None:
    with flow.otherwise():
        number(1)


def _otherwise_too_late(flow: Flow) -> None:
    with flow.when(number(1) > 0):
        number(2)
    number(3)
    with flow.otherwise():
        number(4)


def _loop_without_steps(flow: Flow) -> None:
    with flow.for_each([1]):
        pass


def _loop_without_end(flow: Flow) -> None:
    with flow.loop_until(max=2):
        number(1)


def _sql_in_a_loop(flow: Flow) -> None:
    with flow.for_each([1]):
        flow.sql("SELECT 1")


def _exit_in_a_block(flow: Flow) -> None:
    with flow.when(number(1) > 0), flow.on_exit():
        number(1)


def _condition_elsewhere(flow: Flow) -> None:
    outside = number(1)
    with flow.loop_until(max=2) as loop:
        number(2)
        loop.until(outside > 0)


MISTAKES: dict[str, tuple[str, str, Callable[[Flow], object]]] = {
    "text of a value": ("E0760", "no text yet", lambda flow: f"{number(1)}"),
    "list of a value": ("E0760", "this list", lambda flow: list(number(1))),
    "part of a value": ("E0760", "the parts", lambda flow: number(1)["a"]),
    "sum of a value": ("E0760", "compute with it", lambda flow: number(1) + 1),
    "length of a value": ("E0760", "compute with it", lambda flow: len(number(1))),  # type: ignore[arg-type]
    "range of a value": ("E0760", "compute with it", lambda flow: range(number(1))),
    "order of a text": ("E0761", "only numbers", lambda flow: number(1) > "many"),  # type: ignore[operator]
    "if": ("E0761", "with flow.when", lambda flow: 1 if number(1) > 0 else 2),
    "and": ("E0761", "with flow.when", lambda flow: (number(1) > 0) and (number(2) > 0)),
    "a value alone": ("E0761", "a value alone", lambda flow: flow.when(number(1)).__enter__()),
    "no JSON": ("E0762", "cannot be given", lambda flow: flow.script("x", args=[{1, 2}])),
    "no output": ("E0762", "gives no `x`", lambda flow: flow.script("print()").output("x")),
    "no rows": ("E0762", "rows cannot be", lambda flow: flow.train("a.b", 3, into="m")),
    "no model": ("E0762", "a model cannot be", lambda flow: flow.predict(number(1), "t", into="p")),
    "no list": ("E0762", "goes over a list", lambda flow: flow.for_each("abc").__enter__()),
    "nothing to pass": ("E0762", "makes nothing", lambda flow: number(flow.sql("SELECT 1"))),  # type: ignore[arg-type]
    "a function": ("E0762", "call it", lambda flow: number(number)),  # type: ignore[arg-type]
    "a foreign value": ("E0763", "of another workflow", lambda flow: number(FOREIGN)),
    "a foreign condition": (
        "E0763",
        "of another workflow",
        lambda flow: flow.when(FOREIGN > 0).__enter__(),
    ),
    "a block as a list": (
        "E0763",
        "is a block and no list",
        lambda flow: list(flow.for_each([1])),  # type: ignore[call-overload]
    ),
    "no workflow": ("E0763", "no workflow", lambda flow: sqlml.render(sqlml.workflow("w"))),  # type: ignore[arg-type]
    "otherwise alone": ("E0763", "no `when` before", _otherwise_alone),
    "otherwise too late": ("E0763", "no `when` before", _otherwise_too_late),
    "empty loop": ("E0763", "no step in this loop", _loop_without_steps),
    "endless loop": ("E0763", "no `until`", _loop_without_end),
    "SQL in a loop": ("E0763", "cannot repeat a statement", _sql_in_a_loop),
    "on_exit inside": ("E0763", "whole workflow", _exit_in_a_block),
    "run inside": ("E0763", "still being written", lambda flow: sqlml.run(flow, db=":memory:")),
    "retries": ("E0764", "whole number", lambda flow: flow.script("x", retries=-1)),
    "option": ("E0764", "no option `retry`", lambda flow: flow.script("x", retry=1)),  # type: ignore[call-arg]
    "secret": ("E0764", "secret/key", lambda flow: flow.script("x", secrets={"A": "b"})),
    "max": ("E0764", "number of rounds", lambda flow: flow.loop_until(max=0).__enter__()),
    "default": ("E0764", "no int", lambda flow: flow.parameter("p", "x", type="int")),
    "parameter": ("E0764", "cannot name", lambda flow: flow.parameter("my size", 1)),
    "outputs": ("E0764", "names to paths", lambda flow: flow.script("x", outputs=["/a"])),  # type: ignore[arg-type]
    "at a time": (
        "E0764",
        "1 or more",
        lambda flow: flow.for_each([1], parallelism=-1).__enter__(),
    ),
    "no time": ("E0734", "leaves no time", lambda flow: flow.script("x", timeout=0)),
    "endless time": ("E0734", "no length", lambda flow: flow.wait(float("inf"))),
    "schedule": ("E0764", "fields", lambda _: sqlml.workflow("w", schedule="daily").__enter__()),
    "parallelism": (
        "E0764",
        "1 or more",
        lambda _: sqlml.workflow("w", parallelism=-1).__enter__(),
    ),
    "no type": ("E0765", "has no type", lambda flow: sqlml.step(_untyped)),
    "no result type": ("E0765", "returns", lambda flow: sqlml.step(_result_unsaid)),
    "star": ("E0765", "cannot take `*n`", lambda flow: sqlml.step(_many)),
    "generator": ("E0765", "yields values", lambda flow: sqlml.step(_yields)),
    "async": ("E0765", "is `async`", lambda flow: sqlml.step(_waits)),
    "no type of JSON": ("E0765", "a `set`", lambda flow: sqlml.step(_set)),
    "parameter's default": ("E0766", "'many' if nobody", _parameter_of_another_type),
    "not a function": ("E0765", "is no function", lambda flow: sqlml.step(3)),  # type: ignore[call-overload]
    "outside name": ("E0735", "undefined", lambda flow: sqlml.step(_unknown_name)(1)),
    "argument missing": ("E0766", "missing a required", lambda flow: number()),  # type: ignore[call-arg]
    "argument's type": ("E0766", "whole number, not", lambda flow: number("a")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_where_it_is(name: str) -> None:
    code, words, mistake = MISTAKES[name]
    with pytest.raises(sqlml.SqlmlError) as caught, sqlml.workflow("wrong") as flow:
        mistake(flow)
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == code
    assert words in str(caught.value)
    assert diagnostic.span is not None
    assert Path(diagnostic.span.source.name).name == "test_mistakes.py"
    first = mistake.__code__.co_firstlineno
    lines = len(inspect.getsource(mistake).splitlines())
    assert first <= diagnostic.span.source.position(diagnostic.span.start)[0] < first + lines


def test_a_block_without_its_with_has_no_effect_and_is_a_mistake() -> None:
    def write() -> None:
        with sqlml.workflow("wrong") as flow:
            flow.when(number(1) > 0)
            number(2)

    with pytest.raises(sqlml.SqlmlError, match="`when` has no effect") as caught:
        write()
    assert caught.value.diagnostics[0].code == "E0763"
    assert "test_mistakes.py" in caught.value.diagnostics[0].label


def test_a_refusal_of_the_whole_workflow_is_where_it_begins() -> None:
    with sqlml.workflow("wrong") as flow:
        number(1)
    with connect(":memory:") as session:
        asked = replace(session.compile(flow).workflow, volumes=(Volume("cache", "empty"),))
    with pytest.raises(sqlml.SqlmlError) as caught:
        render(asked, "python", Options())
    (fault,) = caught.value.diagnostics
    begin = test_a_refusal_of_the_whole_workflow_is_where_it_begins.__code__.co_firstlineno + 1
    assert fault.code == "E0752"
    assert fault.label.endswith(f"test_mistakes.py:{begin}:5")


def test_statements_are_checked_at_their_lines_in_the_python_file() -> None:
    with sqlml.workflow("wrong") as flow:
        flow.sql("""
            SELECT 1 AS one;
        """)
        flow.sql("SELECT x FROM nowhere")
        flow.train("no.such", "SELECT 1 AS x, 2 AS y", label="y", into="m")
    with pytest.raises(sqlml.SqlmlError) as caught:
        sqlml.render(flow, db=":memory:")
    lines = Path(__file__).read_text("utf-8").splitlines()
    found = {d.span.source.position(d.span.start): d for d in caught.value.diagnostics if d.span}
    training = next(place for place, d in found.items() if "no.such" in d.message)
    assert "flow.train(" in lines[training[0] - 1]
    nowhere = next(place for place, d in found.items() if "nowhere" in d.message)
    assert lines[nowhere[0] - 1][nowhere[1] - 1 :].startswith("nowhere")


def test_what_a_step_on_exit_gives_comes_too_late_for_others() -> None:
    with sqlml.workflow("wrong") as flow:
        with flow.on_exit():
            late = number(1)
        number(late)
    with pytest.raises(sqlml.SqlmlError, match="E0804"):
        sqlml.render(flow, db=":memory:")


def test_an_item_stays_in_its_loop() -> None:
    with sqlml.workflow("wrong") as flow:
        with flow.for_each([1]) as item:
            number(2)
        number(item)
    with pytest.raises(sqlml.SqlmlError, match="E0805"):
        sqlml.render(flow, db=":memory:")


def test_a_step_is_one_statement() -> None:
    with sqlml.workflow("wrong") as flow:
        flow.sql("SELECT 1; SELECT 2")
    with pytest.raises(sqlml.SqlmlError, match="E0767"):
        sqlml.render(flow, db=":memory:")


def test_a_loop_ends_by_what_its_own_steps_give() -> None:
    with sqlml.workflow("wrong") as flow:
        _condition_elsewhere(flow)
    with pytest.raises(sqlml.SqlmlError, match="E0763"):
        sqlml.render(flow, db=":memory:")


def test_a_step_belongs_to_the_workflow_that_is_being_written() -> None:
    with sqlml.workflow("one") as one:
        mine = number(1)
    with sqlml.workflow("other") as other:
        with pytest.raises(sqlml.SqlmlError, match="E0763"):
            one.sql("SELECT 1")
        with pytest.raises(sqlml.SqlmlError, match="E0763"):
            mine >> other.script("print(1)", name="late")
