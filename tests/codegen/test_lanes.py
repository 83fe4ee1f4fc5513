"""A limit on the steps at a time, kept by order alone."""

from collections.abc import Mapping
from random import Random

import pytest

from sqlml.codegen.lanes import in_lanes
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import After, Constant, ForEach, Node, Output, Script, Workflow
from sqlml.workflow.verification import verify


def random_graph(random: Random, limit: int) -> Workflow:
    nodes: list[Node] = []
    for number in range(25):
        before = random.sample(nodes, min(len(nodes), random.choice([0, 0, 1, 2])))
        items = Constant(tuple(range(random.randint(0, 5))))
        loop = ForEach(items, random.choice([None, 1, 2])) if random.random() < 0.3 else None
        after = tuple(After(each.name, random.choice(["passed", "failed"])) for each in before)
        nodes.append(Node(f"n-{number}", Script(""), after=after, loop=loop))
    return Workflow("w", tuple(nodes), parallelism=limit)


def most_at_a_time(workflow: Workflow, seconds: Mapping[str, float]) -> int:
    """How many rounds run at a time, at most, if steps start as soon as they may."""
    ends: dict[str, float] = {}
    for node in workflow.nodes:
        ends[node.name] = seconds[node.name] + max((ends[n] for n in needs(node)), default=0.0)
    rounds = {
        n.name: n.loop.parallelism or 0 if isinstance(n.loop, ForEach) else 1
        for n in workflow.nodes
    }
    begins = {name: end - seconds[name] for name, end in ends.items()}
    return max(sum(rounds[n] for n in ends if begins[n] <= begins[one] < ends[n]) for one in begins)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_no_more_steps_run_at_a_time_than_may_however_long_they_take(limit: int) -> None:
    random = Random(limit)
    for _ in range(10):
        workflow = random_graph(random, limit)
        flat = in_lanes(workflow)
        verify(flat)
        assert flat.parallelism is None
        for one, other in zip(workflow.nodes, flat.nodes, strict=True):
            assert {*needs(one)} <= {*needs(other)}
            assert other.after[: len(one.after)] == one.after
        for _ in range(5):
            seconds = {node.name: random.randint(1, 9) for node in flat.nodes}
            assert most_at_a_time(flat, seconds) <= limit


def test_an_order_that_keeps_the_limit_stays_as_it_is() -> None:
    first, left, right, last = (
        Node(name, Script(""), after=tuple(map(After, before)))
        for name, before in [("a", ""), ("b", "a"), ("c", "a"), ("d", "bc")]
    )
    diamond = Workflow("w", (first, left, right, last), parallelism=2)
    assert in_lanes(diamond).nodes == diamond.nodes


def test_rounds_over_a_list_that_is_not_known_take_all_lanes() -> None:
    over = Node("over", Script(""), loop=ForEach(Output("list", "result")))
    beside = Node("beside", Script(""))
    _, other = in_lanes(Workflow("w", (beside, over), parallelism=3)).nodes
    assert other.after == (After("beside", "finished"),)
    assert other.loop == ForEach(Output("list", "result"), 3)
