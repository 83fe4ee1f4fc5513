"""The order of steps, conditions, loops: programs of Couler, and what their workflows mean."""

# ruff: noqa: T201, PLW0108

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sqlml import couler
from sqlml.errors import ProgramError
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Constant,
    Container,
    ForEach,
    HasStatus,
    Item,
    Node,
    Output,
    Parameter,
    Repeat,
    Take,
    Workflow,
)
from sqlml.workflow.verification import verify


def random_code():
    import random

    print("heads" if random.randint(0, 1) == 0 else "tails")


def flip_coin():
    return couler.run_script(image="python:3.12-alpine", source=random_code)


def say(*words: Any, name: str | None = None, image: str = "alpine:3.20", **more: Any):
    return couler.run_container(
        image=image, command=["echo"], args=list(words), step_name=name, **more
    )


def heads():
    return couler.run_container(image="alpine:3.20", command="echo", args="heads")


def tails():
    return couler.run_container(image="alpine:3.20", command="echo", args="tails")


def heads_of(i: int):
    return couler.run_container(image="alpine:3.20", args=i)


def built() -> Workflow:
    workflow = couler.workflow()
    verify(workflow)
    return workflow


def order(workflow: Workflow) -> dict[str, set[str]]:
    return {node.name: set(needs(node)) for node in workflow.nodes}


def node(name: str, workflow: Workflow | None = None) -> Node:
    return next(n for n in (workflow or built()).nodes if n.name == name)


def is_(step: str, value: str) -> Comparison:
    return Comparison(Output(step, "result"), "==", Constant(value))


# --- implicit order -----------------------------------------------------------------------


def test_calls_run_one_after_the_other_under_the_names_of_their_functions() -> None:
    def first_step():
        return couler.run_container("a")

    def second():
        return couler.run_container("b")

    first_step()
    second()
    workflow = built()
    assert order(workflow) == {"first-step": set(), "second": {"first-step"}}
    assert workflow.nodes[1].after == (After("first-step", "passed"),)
    assert workflow.ext["argo"]["layout"] == "steps"


def test_steps_of_a_loop_have_distinct_names_and_share_a_template() -> None:
    for i in range(3):
        heads_of(i)
    workflow = built()
    assert [n.name for n in workflow.nodes] == ["heads-of", "heads-of-2", "heads-of-3"]
    assert {n.template for n in workflow.nodes} == {"heads-of"}
    assert [n.inputs["para-heads-of-0"] for n in workflow.nodes] == [Constant(i) for i in range(3)]


def test_one_function_with_another_image_makes_another_step_of_another_template() -> None:
    def job(image: str):
        return couler.run_container(image=image, args=["x"])

    job("a:1")
    job("b:2")
    job("a:1")
    nodes = built().nodes
    assert [(n.name, n.template) for n in nodes] == [
        ("job", "job"),
        ("job-2", "job-2"),
        ("job-3", "job"),
    ]
    assert nodes[1].operation == Container("b:2", (), (Take("para-job-2-0"),))


def test_arguments_become_parameters_and_an_output_among_them_an_edge() -> None:
    given = flip_coin()
    say("it was", given, 3, True, 0.5, name="Tell_Result")
    told = node("tell-result")
    assert told.inputs == {
        "para-tell-result-0": Constant("it was"),
        "para-tell-result-1": Output("flip-coin", "result"),
        "para-tell-result-2": Constant(3),
        "para-tell-result-3": Constant("True"),
        "para-tell-result-4": Constant(0.5),
    }
    assert isinstance(told.operation, Container)
    assert told.operation.args == tuple(map(Take, told.inputs))


def test_a_step_that_no_function_names_is_named_after_what_it_is() -> None:
    exec(compile("couler.run_container(image='a')", "<module>", "exec"), {"couler": couler})
    [say(i) for i in range(1)]
    assert [n.name for n in built().nodes] == ["container", "say"]


# --- conditions ---------------------------------------------------------------------------


def test_branches_over_one_output_start_together_and_what_follows_waits_for_all() -> None:
    result = flip_coin()
    couler.when(couler.equal(result, "heads"), heads)
    couler.when(couler.equal(result, "tails"), tails)
    say("done", name="done")
    workflow = built()
    assert order(workflow) == {
        "flip-coin": set(),
        "heads": {"flip-coin"},
        "tails": {"flip-coin"},
        "done": {"heads", "tails"},
    }
    assert node("heads", workflow).guard == is_("flip-coin", "heads")
    assert node("done", workflow).guard is None


def test_a_condition_within_a_condition_keeps_both() -> None:
    first, second = flip_coin(), flip_coin()

    def inner():
        couler.when(couler.not_equal(second, "tails"), heads)
        tails()

    couler.when(couler.equal(first, "heads"), inner)
    say("end", name="end")
    workflow = built()
    unequal = Comparison(Output("flip-coin-2", "result"), "!=", Constant("tails"))
    assert node("heads", workflow).guard == AllOf((is_("flip-coin", "heads"), unequal))
    assert node("tails", workflow).guard == is_("flip-coin", "heads")
    assert node("end", workflow).guard is None


def test_steps_of_a_branch_that_pass_values_on_are_skipped_together() -> None:
    result = flip_coin()

    def again():
        second = flip_coin()
        couler.when(couler.not_equal(second, "tails"), heads)
        return second

    found = couler.when(couler.equal(result, "heads"), again)
    say(found, name="end")
    workflow = built()
    call = node("when-heads", workflow)
    assert (call.operation, call.guard) == (Call("when-heads"), is_("flip-coin", "heads"))
    inner = workflow.workflows[0].nodes[1]
    assert inner.guard == Comparison(Output("flip-coin-2", "result"), "!=", Constant("tails"))
    assert node("end", workflow).inputs == {"para-end-0": Output("when-heads", "result")}


@pytest.mark.parametrize(
    ("make", "comparator"),
    [
        (couler.equal, "=="),
        (couler.not_equal, "!="),
        (couler.bigger, ">"),
        (couler.smaller, "<"),
        (couler.bigger_equal, ">="),
        (couler.smaller_equal, "<="),
    ],
)
def test_every_comparison_reaches_the_workflow(make: Callable[..., Any], comparator: str) -> None:
    couler.when(make(flip_coin, 3), heads)
    guard = node("heads").guard
    assert guard == Comparison(Output("flip-coin", "result"), comparator, Constant(3))  # type: ignore[arg-type]


# --- loops --------------------------------------------------------------------------------


def test_map_is_one_step_over_the_items() -> None:
    couler.map(lambda x: say("n", x), [1, 2])
    mapped = node("say")
    assert mapped.loop == ForEach(
        Constant(({"para-say-0": "n", "para-say-1": 1}, {"para-say-0": "n", "para-say-1": 2}))
    )
    assert mapped.inputs == {n: Item(n) for n in ("para-say-0", "para-say-1")}


def test_map_calls_with_what_the_function_makes_of_the_items_of_several_lists() -> None:
    couler.map(lambda x, y: say(f"{x}={y * 2}"), ["a", "b"], [1, 2])
    loop = node("say").loop
    assert isinstance(loop, ForEach)
    assert loop.items == Constant(({"para-say-0": "a=2"}, {"para-say-0": "b=4"}))


def test_map_over_what_map_gives_goes_over_the_list_that_the_run_makes() -> None:
    first = couler.map(lambda x: say(x, name="train"), [1, 2])
    couler.map(lambda x: say("measure", x, name="eval"), first)
    second = node("eval")
    assert second.loop == ForEach(Output("train", "result"))
    assert second.inputs["para-eval-1"] == Item()


def test_map_over_what_concurrent_gives_is_a_step_for_each() -> None:
    both = couler.concurrent([lambda: say(1, name="a"), lambda: say(2, name="b")])
    couler.map(lambda x: say(x, name="eval"), both)
    workflow = built()
    assert order(workflow) == {
        "a": set(),
        "b": set(),
        "eval": {"a", "b"},
        "eval-2": {"a", "b"},
    }
    assert node("eval-2", workflow).inputs == {"para-eval-0": Output("b", "result")}


def test_map_of_a_function_with_several_steps_runs_them_in_order_for_each_item() -> None:
    def both(x: int):
        made = say(x, name="make")
        return say(made, name="use")

    results = couler.map(both, [1, 2])
    say(*results, name="end")
    workflow = built()
    assert order(workflow) == {
        "make": set(),
        "use": {"make"},
        "make-2": set(),
        "use-2": {"make-2"},
        "end": {"use", "use-2"},
    }
    assert node("use-2", workflow).inputs == {"para-use-0": Output("make-2", "result")}


def test_map_of_several_steps_over_an_output_calls_a_workflow_of_them() -> None:
    items = say("[1, 2]", name="list")
    extra = say("x", name="extra")

    def both(x: Any):
        made = say(x, extra, name="make")
        return say(made, name="use")

    found = couler.map(both, items)
    say(found, name="end")
    workflow = built()
    call = node("map-use", workflow)
    assert call.operation == Call("map-use")
    assert call.loop == ForEach(Output("list", "result"))
    assert call.inputs == {"extra-result": Output("extra", "result"), "item": Item()}
    (inner,) = workflow.workflows
    assert order(inner) == {"make": set(), "use": {"make"}}
    assert inner.nodes[0].inputs == {
        "para-make-0": Parameter("item"),
        "para-make-1": Parameter("extra-result"),
    }
    assert inner.outputs == {"result": Output("use", "result")}
    assert node("end", workflow).inputs == {"para-end-0": Output("map-use", "result")}


def test_map_over_nothing_writes_nothing() -> None:
    say("a")
    assert couler.map(lambda x: say(x), []) == []
    assert len(built().nodes) == 1


def test_exec_while_repeats_a_step_while_its_output_is_so() -> None:
    last = couler.exec_while(couler.equal("tails"), flip_coin, limit=7)
    say(last, name="end")
    workflow = built()
    assert node("flip-coin", workflow).loop == Repeat(is_("flip-coin", "tails"), 7)
    assert node("end", workflow).inputs == {"para-end-0": Output("flip-coin", "result")}


def test_exec_while_of_several_steps_repeats_a_workflow_of_them() -> None:
    def twice():
        say("get ready", name="ready")
        return flip_coin()

    couler.exec_while(couler.smaller(10), twice)
    workflow = built()
    (call,) = workflow.nodes
    assert call.name == "exec-while-flip-coin"
    condition = Comparison(Output(call.name, "result"), "<", Constant(10))
    assert call.loop == Repeat(condition, 90)
    assert order(workflow.workflows[0]) == {"ready": set(), "flip-coin": {"ready"}}


def test_what_a_repeated_function_says_of_the_workflow_is_kept() -> None:
    def step(x: int):
        secret = couler.create_secret({"key": "value"}, name="made")
        mount = couler.VolumeMount("data", "/data")
        return say(x, secret=secret, volumes=couler.Volume("data", "claim"), volume_mounts=mount)

    couler.map(step, [1, 2])
    assert couler.get_secret("made") is not None
    assert [volume.kind for volume in built().volumes] == ["claim"]


def test_concurrent_functions_start_together_and_what_follows_waits() -> None:
    say("start", name="start")
    couler.concurrent([heads, tails, heads])
    say("end", name="end")
    assert order(built()) == {
        "start": set(),
        "heads": {"start"},
        "tails": {"start"},
        "heads-2": {"start"},
        "end": {"heads", "tails", "heads-2"},
    }


def test_concurrent_subtasks_are_workflows_of_their_own() -> None:
    def pair():
        heads()
        return tails()

    first, second = couler.concurrent([pair, heads], subtasks=True)
    workflow = built()
    assert order(workflow) == {"concurrent-task": set(), "heads": set()}
    assert order(workflow.workflows[0]) == {"heads": set(), "tails": {"heads"}}
    assert [first[0].step, second[0].step] == ["concurrent-task", "heads"]


# --- explicit order -----------------------------------------------------------------------


def test_a_dag_has_each_step_once_with_all_that_it_depends_on() -> None:
    couler.dag(
        [
            [lambda: heads_of(1), lambda: heads_of(4)],
            [lambda: heads_of(1), lambda: heads_of(2), lambda: heads_of(4)],
            [lambda: say("x", name="B")],
            [lambda: heads_of(2), lambda: say("x", name="B")],
        ]
    )
    workflow = built()
    assert workflow.ext["argo"]["layout"] == "dag"
    assert order(workflow) == {
        "heads-of": set(),
        "heads-of-3": {"heads-of"},
        "heads-of-2": {"heads-of", "heads-of-3"},
        "b": {"heads-of-3"},
    }


def test_loops_conditions_and_concurrent_steps_work_in_a_dag() -> None:
    def branch():
        result = flip_coin()
        couler.when(couler.equal(result, "heads"), lambda: say("was", result, name="was-heads"))

    def many():
        return couler.map(lambda x: say(x, name="each"), [1, 2])

    def until():
        return couler.exec_while(couler.equal("tails"), lambda: say("t", name="again"))

    def both():
        return couler.concurrent([lambda: say(1, name="left"), lambda: say(2, name="right")])

    couler.dag([[branch, many], [many, until], [until, both, lambda: say("end", name="end")]])
    workflow = built()
    assert order(workflow) == {
        "flip-coin": set(),
        "was-heads": {"flip-coin"},
        "each": {"was-heads"},
        "again": {"each"},
        "left": {"again"},
        "right": {"again"},
        "end": {"left", "right"},
    }
    assert node("was-heads", workflow).guard == is_("flip-coin", "heads")
    assert isinstance(node("each", workflow).loop, ForEach)
    assert isinstance(node("again", workflow).loop, Repeat)
    assert len(workflow.workflows) == 0


def test_set_dependencies_orders_by_name_and_hands_on_files_and_values() -> None:
    place = couler.create_parameter_artifact("/tmp/a.txt")
    stored = couler.create_s3_artifact("/tmp/b", bucket="b", key="k")
    couler.set_dependencies(lambda: say("c", name="C"), dependencies=["A", "B"])
    couler.set_dependencies(lambda: say("a", name="A", output=[place]), dependencies=None)
    couler.set_dependencies(lambda: say("b", name="B", output=[stored]), dependencies=["A"])
    couler.set_dependencies(lambda: say("d", name="D"), dependencies=["B", "A"])
    workflow = built()
    assert order(workflow) == {"a": set(), "b": {"a"}, "c": {"a", "b"}, "d": {"a", "b"}}
    last = node("d", workflow)
    assert last.inputs["para-d-1"] == Output("a", "output")
    assert last.files["output-s3"].source == Output("b", "output-s3")
    assert last.files["output-s3"].path == "/tmp/b"


def test_an_output_that_is_passed_is_not_handed_on_a_second_time() -> None:
    place = couler.create_parameter_artifact("/tmp/a.txt")
    made = couler.set_dependencies(lambda: say("a", name="A", output=place))
    couler.set_dependencies(lambda: say("-x", made, name="B"), dependencies=["A"])
    assert list(node("b").inputs.values()) == [Constant("-x"), Output("a", "output")]


def test_dependencies_can_be_about_how_steps_ended() -> None:
    for name in ("A", "B", "C"):
        couler.set_dependencies(lambda name=name: say(name, name=name))
    couler.set_dependencies(lambda: say("d", name="D"), dependencies="A && B.Failed")
    couler.set_dependencies(
        lambda: say("e", name="E"), dependencies="A.Succeeded && (B.Failed || !C.Skipped)"
    )
    couler.set_dependencies(lambda: say("f", name="F"), dependencies="A.Failed || A.Errored")
    workflow = built()
    assert node("d", workflow).after == (After("a", "passed"), After("b", "failed"))
    e = node("e", workflow)
    assert e.after == (After("a", "succeeded"),)
    assert isinstance(e.guard, AnyOf)
    assert e.guard.terms[0] == HasStatus("failed", "b")
    assert node("f", workflow).after == (After("a", "failed"),)


# --- exit ---------------------------------------------------------------------------------


def test_exit_handlers_run_for_the_status_that_they_are_for() -> None:
    flip_coin()
    couler.set_exit_handler(couler.WFStatus.Succeeded, heads)
    couler.set_exit_handler(couler.WFStatus.Failed, tails)
    couler.set_exit_handler(couler.WFStatus.Error, tails)
    workflow = built()
    assert [n.name for n in workflow.nodes] == ["flip-coin"]
    assert [(n.name, n.guard) for n in workflow.on_exit] == [
        ("heads", HasStatus("succeeded")),
        ("tails", HasStatus("failed")),
    ]


# --- state --------------------------------------------------------------------------------


def test_what_fails_half_way_leaves_nothing_behind() -> None:
    result = flip_coin()

    def fails(*_: object):
        say("half", name="half")
        raise ZeroDivisionError

    for attempt in (
        lambda: couler.when(couler.equal(result, "heads"), fails),
        lambda: couler.map(fails, [1, 2]),
        lambda: couler.concurrent([heads, fails]),
        lambda: couler.concurrent([heads, fails], subtasks=True),
        lambda: couler.exec_while(couler.equal("x"), fails),
        lambda: couler.dag([[heads, fails]]),
        lambda: couler.set_dependencies(fails, dependencies=["flip-coin"]),
        lambda: couler.set_exit_handler(couler.WFStatus.Failed, fails),
    ):
        with pytest.raises(ZeroDivisionError):
            attempt()
    say("end", name="half")
    workflow = built()
    assert order(workflow) == {"flip-coin": set(), "half": {"flip-coin"}}
    assert node("half", workflow).guard is None
    assert workflow.on_exit == ()
    assert workflow.ext["argo"]["layout"] == "steps"


def test_threads_and_tasks_write_workflows_of_their_own() -> None:
    found: dict[str, list[str]] = {}

    def write(name: str) -> None:
        for i in range(20):
            say(i, name=name)
        found[name] = [n.name for n in built().nodes]

    async def task(name: str) -> None:
        for i in range(3):
            say(i, name=name)
            await asyncio.sleep(0)
        found[name] = [n.name for n in built().nodes]

    async def tasks() -> None:
        await asyncio.gather(task("c"), task("d"))

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(tasks())
    for name, count in {"a": 20, "b": 20, "c": 3, "d": 3}.items():
        assert found[name] == [name, *(f"{name}-{i}" for i in range(2, count + 1))]
    with pytest.raises(ProgramError, match="no steps"):
        couler.workflow()


def test_hundreds_of_steps_can_depend_on_each_other() -> None:
    for i in range(500):
        couler.set_dependencies(
            lambda i=i: say(i, name=f"s{i}"), dependencies=[f"s{i - 1}"] if i else None
        )
    assert len(couler.workflow().nodes) == 500


def test_outputs_of_a_step_can_be_asked_for_by_its_name() -> None:
    made = say("a", name="Some_Step")
    assert couler.get_step_output("Some_Step") == made
    assert couler.get_step_output("other") is None
