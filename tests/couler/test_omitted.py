"""What Argo omits, and what it skips: only the latter lets what depends on it run."""

import sqlml.couler as couler  # noqa: PLR0402
from sqlml.workflow.ir import After, AnyOf, HasStatus


def job(name, dependencies=None):
    step = lambda: couler.run_container(image="a", command=["b"], step_name=name)  # noqa: E731
    return couler.set_dependencies(step, dependencies)


def test_what_depends_on_an_omitted_step_does_not_run():
    result = job("a")
    job("b", "a.Succeeded || a.Skipped")
    job("c", ["b"])
    job("d", "b || a.Failed")
    job("e", "b.Omitted")
    nodes = {node.name: node for node in couler.workflow().nodes}
    assert nodes["c"].after == (After("b", "succeeded"),)
    assert nodes["d"].guard == AnyOf((HasStatus("succeeded", "b"), HasStatus("failed", "a")))
    assert nodes["e"].after == (After("b", "skipped"),)
    assert result


def test_what_depends_on_a_skipped_step_runs():
    result = job("a")
    couler.set_dependencies(
        lambda: couler.when(
            couler.equal(result, "x"),
            lambda: couler.run_container(image="a", command=["b"], step_name="b"),
        ),
        ["a"],
    )
    job("c", ["b"])
    nodes = {node.name: node for node in couler.workflow().nodes}
    assert nodes["c"].after == (After("b", "passed"),)
