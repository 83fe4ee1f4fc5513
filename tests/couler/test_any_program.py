"""Any program: its workflow is valid, and its steps are ordered as the program says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sqlml import couler
from sqlml.source import Source
from sqlml.workflow.graph import needs, topological_order
from sqlml.workflow.ir import Call, Workflow
from sqlml.workflow.text import parse_workflow, print_workflow
from sqlml.workflow.verification import verify

SHAPES = st.recursive(
    st.sampled_from(["step", "mapped", "repeated"]),
    lambda inner: (
        st.tuples(st.just("in order"), st.lists(inner, min_size=1, max_size=4))
        | st.tuples(st.just("at once"), st.lists(inner, min_size=1, max_size=3))
        | st.tuples(st.just("branches"), st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=12,
)


@dataclass
class Author:
    """Writes a program of some shape, and says which steps have to come before which."""

    numbers: Iterator[int] = field(default_factory=count)
    before: set[tuple[str, str]] = field(default_factory=set)

    def write(self, shape: Any) -> set[str]:
        """Write steps, and give their names."""
        if isinstance(shape, str):
            return {self.step(shape)}
        kind, parts = shape
        if kind == "in order":
            return self.in_order([lambda part=part: self.write(part) for part in parts])
        found: list[set[str]] = []
        if kind == "at once":
            couler.concurrent([lambda part=part: found.append(self.write(part)) for part in parts])
            return set().union(*found)
        return self.in_order([self.coin, lambda: self.branches(parts)])

    def in_order(self, functions: list[Any]) -> set[str]:
        written: set[str] = set()
        for function in functions:
            later = function()
            self.before |= {(a, b) for a in written for b in later}
            written |= later
        return written

    def coin(self) -> set[str]:
        name = self.step("step")
        self.result = couler.get_step_output(name)
        return {name}

    def branches(self, parts: list[Any]) -> set[str]:
        result, found = self.result, []
        for i, part in enumerate(parts):
            couler.when(
                couler.equal(result, str(i)), lambda part=part: found.append(self.write(part))
            )
        return set().union(*found)

    def step(self, kind: str) -> str:
        name = f"s{next(self.numbers)}"

        def run(word: Any) -> Any:
            return couler.run_container(image="a", args=[word], step_name=name)

        if kind == "mapped":
            couler.map(run, [1, 2])
        elif kind == "repeated":
            couler.exec_while(couler.equal("x"), lambda: run("y"))
        else:
            run("z")
        return name


def reached(part: Workflow, workflow: Workflow) -> tuple[set[str], set[tuple[str, str]]]:
    """All steps, and the pairs of them of which the first has to end before the second starts.

    Steps of a workflow that is called stand for the call.
    """
    called = {one.name: one for one in workflow.workflows}
    names: dict[str, set[str]] = {}
    earlier: dict[str, set[str]] = {}
    pairs: set[tuple[str, str]] = set()
    for node in topological_order(part):
        names[node.name] = {node.name}
        if isinstance(node.operation, Call):
            names[node.name], inner = reached(called[node.operation.workflow], workflow)
            pairs |= inner
        earlier[node.name] = {*needs(node)}.union(*(earlier[name] for name in needs(node)))
        before = set[str]().union(*(names[name] for name in earlier[node.name]))
        pairs |= {(first, second) for first in before for second in names[node.name]}
    return set().union(*names.values()), pairs


@given(SHAPES)
def test_steps_are_ordered_as_the_program_says_and_no_more(shape: Any) -> None:
    couler._cleanup()
    author = Author()
    names = author.write(shape)
    workflow = couler.workflow()
    verify(workflow)
    assert reached(workflow, workflow) == (names, author.before)
    text = print_workflow(workflow)
    assert parse_workflow(Source("w", text)) == workflow


PAIRS = st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1])


@given(st.lists(PAIRS, min_size=1, max_size=12))
def test_edges_of_a_dag_and_names_of_dependencies_are_the_same_order(
    edges: list[tuple[int, int]],
) -> None:
    def step(i: int) -> Any:
        return couler.run_container(image="a", args=[i], step_name=f"s{i}")

    couler._cleanup()
    couler.dag([[lambda i=i: step(i) for i in edge] for edge in edges])
    by_edges = {node.name: set(needs(node)) for node in couler.workflow().nodes}
    couler._cleanup()
    for i in sorted({i for edge in edges for i in edge}):
        before = [f"s{a}" for a, b in dict.fromkeys(edges) if b == i]
        couler.set_dependencies(lambda i=i: step(i), dependencies=before)
    by_names = {node.name: set(needs(node)) for node in couler.workflow().nodes}
    wanted = {f"s{i}": {f"s{a}" for a, b in edges if b == i} for edge in edges for i in edge}
    assert by_edges == by_names == wanted
