"""Which workflows of a program call which."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from sqlml.errors import Diagnostic
from sqlml.workflow.graph import fault
from sqlml.workflow.ir import Call, Workflow


def faults_of_calls(workflow: Workflow) -> Iterator[Diagnostic]:
    """Workflows that call each other in a circle, or that nobody calls."""
    callers = {
        part.name: {
            node.operation.workflow: node
            for node in (*part.nodes, *part.on_exit)
            if isinstance(node.operation, Call)
        }
        for part in workflow.workflows
    }
    try:
        TopologicalSorter(callers).prepare()
    except CycleError as error:
        circle = error.args[1]
        told = " → ".join(reversed(circle))
        hint = "repeat a step instead: `loop_until`, or `exec_while`"
        message = f"workflows call each other in a circle: {told}"
        yield fault("E0822", message, callers[circle[1]][circle[0]], hint)
    top = (*workflow.nodes, *workflow.on_exit)
    called = {node.operation.workflow for node in top if isinstance(node.operation, Call)}
    pending = [*called]
    while pending:
        new = callers.get(pending.pop(), {}).keys() - called
        called |= new
        pending += new
    for part in workflow.workflows:
        if part.name not in called:
            yield fault("E0823", f"workflow `{part.name}` is called by no step", part)
