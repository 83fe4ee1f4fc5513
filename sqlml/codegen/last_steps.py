"""What called workflows have of their own, for engines that give it to whole workflows alone."""

from collections.abc import Sequence
from dataclasses import replace

from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.graph import fault, needs
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Call,
    Condition,
    HasStatus,
    Node,
    Not,
    Workflow,
)


def written_out(workflow: Workflow, refused: Sequence[str]) -> Workflow:
    """The workflow, in which the last steps of those it calls are steps after all their others.

    refused: `timeout`, `parallelism`: what the engine cannot do for a called workflow.

    Raises:
        ProgramError: E0940 a called workflow has what is refused.
    """
    faults = [
        _fault(workflow, part, what)
        for part in workflow.workflows
        for what in refused
        if getattr(part, what) is not None
    ]
    if faults:
        raise ProgramError(*faults)
    return replace(workflow, workflows=tuple(map(with_last_steps, workflow.workflows)))


def look_back(workflow: Workflow) -> bool:
    """Whether steps on exit need others by name: what they give, or what has become of them."""
    own = {node.name for node in workflow.on_exit}
    return any(not own.issuperset(needs(node)) for node in workflow.on_exit)


def with_last_steps(part: Workflow) -> Workflow:
    """The workflow, in which its steps on exit are steps after all others."""
    after = tuple(After(node.name, "finished") for node in part.nodes)
    last = [
        replace(
            node,
            after=tuple({**{a.node: a for a in after}, **{a.node: a for a in node.after}}.values()),
            guard=None if node.guard is None else _of_nodes(node.guard, part.nodes),
        )
        for node in part.on_exit
    ]
    return replace(part, nodes=(*part.nodes, *last), on_exit=())


def _of_nodes(condition: Condition, nodes: Sequence[Node]) -> Condition:
    """A condition in which the status of the workflow is that of its steps."""
    match condition:
        case HasStatus(status=status, node=""):
            failed = AnyOf(tuple(HasStatus("failed", node.name) for node in nodes))
            known: dict[str, Condition] = {"failed": failed, "skipped": AnyOf(())}
            return known.get(status, AllOf(()) if status == "finished" else Not(failed))
        case AllOf(terms=terms):
            return AllOf(tuple(_of_nodes(term, nodes) for term in terms))
        case AnyOf(terms=terms):
            return AnyOf(tuple(_of_nodes(term, nodes) for term in terms))
        case Not(term=term):
            return Not(_of_nodes(term, nodes))
        case _:
            return condition


def _fault(workflow: Workflow, part: Workflow, what: str) -> Diagnostic:
    every = [node for one in (workflow, *workflow.workflows) for node in (*one.nodes, *one.on_exit)]
    calls = [
        n for n in every if isinstance(n.operation, Call) and n.operation.workflow == part.name
    ]
    message = f"workflow `{part.name}` has a {what} of its own, which this engine cannot do"
    hint = f"set the {what} of the whole workflow, or of the steps that run longest"
    hints = {"parallelism": "set the parallelism of the whole workflow instead"}
    return fault("E0940", message, next(iter(calls), None), hints.get(what, hint))
