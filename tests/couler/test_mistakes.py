"""Misuse of Couler's interface is an error with a code, at the user's line, with a way out."""

from collections.abc import Callable
from typing import Any

import pytest

from sqlml import couler
from sqlml.errors import ProgramError
from sqlml.workflow.ir import SecretKey

OUTSIDE = 3


def step(**more: Any):
    return couler.run_container(image="alpine", **more)


def closure() -> Callable[[], Any]:
    here = 4
    return lambda: len(str(here))


def uses_outside():
    len(str(OUTSIDE))


def pair(a, b):
    len(a + b)


def yields():
    yield 1


async def waits():
    pass


def two_of_one_name() -> None:
    couler.set_dependencies(lambda: step(args="x", step_name="A"))
    couler.set_dependencies(lambda: step(args="x", step_name="A", env={"a": 1}))


def file_from_outside() -> None:
    made = step(output=couler.create_local_artifact("/a"))
    couler.exec_while(couler.equal("x"), lambda: [step(), step(args=made)][-1])


MISTAKES: dict[str, list[Callable[[], Any]]] = {
    "E0730": [
        lambda: couler.run_container(image=None),  # type: ignore[arg-type]
        lambda: couler.run_script(image="a"),
        lambda: step(command=[1]),
        lambda: step(args=[None]),
        lambda: step(args=[object()]),
        lambda: step(output="/tmp/x"),
        lambda: step(env=["a"]),
        lambda: step(env={"a": None}),
        lambda: step(env={"secrets": [{"name": "a"}]}),
        lambda: step(volume_mounts=["/data"]),
        lambda: step(node_selector="gpu"),
        lambda: step(retry="twice"),
        lambda: step(cache="key"),
        lambda: step(image_pull_policy="Sometimes"),
        lambda: step(step_name=""),
        lambda: couler.when("x == 1", step),  # type: ignore[arg-type]
        lambda: couler.when(couler.equal("a"), step),
        lambda: step() == "heads",
        lambda: step() > 1,
        lambda: couler.when(couler.bigger(step(), "many"), step),
        lambda: couler.exec_while(couler.smaller("many"), step),
        lambda: couler.when(couler.equal(step(), "a"), step()),  # type: ignore[arg-type]
        lambda: couler.when(couler.equal(step(), {}), step),
        lambda: couler.exec_while(couler.equal(step(), step()), step),
        lambda: couler.exec_while(couler.equal("a"), step, limit=0),
        lambda: couler.map(step(), [1]),  # type: ignore[arg-type]
        lambda: couler.map(step, 3),
        lambda: couler.map(step, [1], [1, 2]),
        lambda: couler.concurrent(step),  # type: ignore[arg-type]
        lambda: couler.concurrent([step()]),  # type: ignore[list-item]
        lambda: couler.dag(step),  # type: ignore[arg-type]
        lambda: couler.set_dependencies(step, dependencies=3),  # type: ignore[arg-type]
        lambda: couler.set_exit_handler("Succeeded", step),  # type: ignore[arg-type]
        lambda: couler.create_secret({}),
        lambda: couler.obtain_secret(["a"]),
        lambda: couler.config_workflow(nmae="x"),
        lambda: couler.config_workflow(cron_config={"schedule": "soon"}),
        lambda: couler.config_workflow(cron_config={"scedule": "* * * * *"}),
        lambda: couler.config_workflow(cron_config={"schedule": "61 3 * * *"}),
        lambda: couler.config_workflow(cron_config={"schedule": "0 3 * * *", "timezone": "Mars"}),
        lambda: couler.config_workflow(service_account=["a"]),  # type: ignore[arg-type]
        lambda: couler.add_volume("data"),  # type: ignore[arg-type]
        lambda: couler.add_toleration(couler.Toleration("a", "In")),
    ],
    "E0731": [
        lambda: couler.exec_while(couler.equal("a"), lambda: None),
        lambda: couler.map(lambda _: None, [1]),
        couler.workflow,
    ],
    "E0732": [
        lambda: (couler.set_dependencies(step, dependencies=["stepp"]), couler.workflow()),
        lambda: couler.set_dependencies(step, dependencies="A &&"),
        lambda: couler.set_dependencies(step, dependencies="A.Done"),
        lambda: couler.set_dependencies(step, dependencies="A ? B"),
        lambda: couler.set_dependencies(step, dependencies="(A"),
    ],
    "E0733": [two_of_one_name],
    "E0734": [
        lambda: step(resources={"memory": "much"}),
        lambda: step(resources=["cpu"]),
        lambda: step(timeout="soon"),
        lambda: step(timeout=0),
        lambda: couler.create_workflow_volume(couler.VolumeClaimTemplate("a", size="big")),
    ],
    "E0735": [
        lambda: couler.run_script("a", source=closure()),
        lambda: couler.run_script("a", source=uses_outside),
        lambda: couler.run_script("a", source=print),
        lambda: couler.run_script("a", source=yields),
        lambda: couler.run_script("a", source=waits),
        lambda: couler.run_script("a", source=pair, args=[1]),
    ],
    "E0736": [lambda: step(secret="password")],
    "E0737": [file_from_outside],
    "E0738": [
        lambda: couler.run(submitter="argo"),
    ],
    "E0739": [
        lambda: couler.run_job(""),
        lambda: couler.run_job({"spec": {}}),
        lambda: couler.run_job({"kind": "Job"}, action="creat"),
    ],  # type: ignore[arg-type]
}


@pytest.mark.parametrize(
    ("code", "mistake"), [(code, one) for code, several in MISTAKES.items() for one in several]
)
def test_a_mistake_has_its_code(code: str, mistake: Callable[[], Any]) -> None:
    with pytest.raises(ProgramError) as caught:
        mistake()
    assert caught.value.diagnostics[0].code == code


def test_a_mistake_points_at_the_call_in_the_users_program() -> None:
    with pytest.raises(ProgramError) as caught:
        couler.run_container(image="a", args=[None])
    shown = str(caught.value)
    assert "test_mistakes.py:" in shown
    assert '|         couler.run_container(image="a", args=[None])' in shown
    assert "^" * len('couler.run_container(image="a", args=[None])') in shown


def test_an_unknown_dependency_has_a_place_and_the_nearest_name() -> None:
    couler.set_dependencies(lambda: step(step_name="prepare"))
    couler.set_dependencies(lambda: step(step_name="train"), dependencies=["prepar"])
    with pytest.raises(ProgramError) as caught:
        couler.workflow()
    shown = str(caught.value)
    assert "step `train` comes after `prepar`, which is not there" in shown
    assert "did you mean `prepare`?" in shown
    assert "test_mistakes.py:" in shown


def test_values_of_secrets_are_nowhere_but_in_what_a_submitter_gets() -> None:
    name = couler.create_secret({"password": "tiger"})
    step(secret=name)
    (node,) = couler.workflow().nodes
    assert node.env == {"password": SecretKey(name, "password")}
    assert "tiger" not in repr(couler.workflow())
    secret = couler.get_secret(name)
    assert secret is not None
    assert "tiger" not in repr(secret)
    assert secret.to_yaml()["data"] == {"password": "dGlnZXI="}
    assert couler.create_secret({"password": "tiger"}) == name
    assert couler.create_secret({"password": "other"}) == f"{name}-2"
