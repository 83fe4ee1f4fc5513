from sqlml.runtime.prepared import lane_of
from sqlml.runtime.states import LANES, States
from sqlml.workflow.ir import After, Node, Output, Predict, Query, Relation, Train, Workflow


def train(name: str, *after: After) -> Node:
    return Node(name, Train("e", {}, {}, {}, (), name), {"rows": Relation("q")}, after=after)


def query(name: str, *after: After) -> Node:
    return Node(name, Query("SELECT 1"), after=after)


def states(*nodes: Node) -> States:
    return States(Workflow("w", nodes), lane_of)


def drain(state: States) -> list[str]:
    taken = []
    while (node := state.take(*LANES)) is not None:
        taken.append(node.name)
    return taken


def test_what_needs_nothing_is_ready_in_the_order_of_the_workflow() -> None:
    assert drain(states(train("a"), query("b"), train("c"))) == ["a", "b", "c"]


def test_light_and_heavy_steps_queue_apart() -> None:
    state = states(train("a"), query("b"), train("c"))
    assert state.take("light") is not None
    assert state.take("light") is None
    assert [node.name for node in (state.take("heavy"), state.take("heavy")) if node] == ["a", "c"]


def test_a_step_becomes_ready_when_all_it_needs_has_succeeded() -> None:
    state = states(train("a"), train("b"), query("c", After("a"), After("b")))
    assert drain(state) == ["a", "b"]
    assert not list(state.end("a", "succeeded"))
    assert drain(state) == []
    assert not list(state.end("b", "reused"))
    assert drain(state) == ["c"]


def test_all_that_needs_a_failed_step_is_skipped_and_says_what_it_needs() -> None:
    apply = Node("b", Predict("c", {}), {"rows": Relation("q"), "model": Output("a", "model")})
    state = states(train("a"), apply, query("c", After("b")), query("d"))
    assert drain(state) == ["a", "d"]
    skipped = [(node.name, reason) for node, reason in state.end("a", "failed")]
    assert skipped == [("b", "it needs a"), ("c", "it needs b")]
    assert not list(state.end("d", "succeeded"))
    assert state.all_ended


def test_steps_can_wait_for_a_failure_or_for_any_end() -> None:
    state = states(
        train("a"),
        query("on-failure", After("a", "failed")),
        query("always", After("a", "finished")),
        query("on-skip", After("on-failure", "skipped")),
    )
    drain(state)
    assert [node.name for node, _ in state.end("a", "failed")] == []
    assert drain(state) == ["on-failure", "always"]
    assert [reason for _, reason in state.end("on-failure", "succeeded")] == [
        "it needs on-failure to be skipped"
    ]


def test_what_has_not_ended_remains() -> None:
    state = states(query("a"), query("b"))
    drain(state)
    list(state.end("a", "succeeded"))
    assert [node.name for node in state.remaining()] == ["b"]
    assert not state.all_ended
