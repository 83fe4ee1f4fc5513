"""Steps about objects of a cluster as calls of the worker, for engines without such steps."""

import json
from collections.abc import Iterator
from dataclasses import replace

from sqlml.codegen.programs import Worker, used_parameters
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.graph import fault
from sqlml.workflow.ir import Container, Node, Resource, RunId, Take, Workflow
from sqlml.workflow.objects import field_of, terms_of


def by_worker(workflow: Workflow, worker: Worker) -> Workflow:
    """The workflow in which the worker makes and changes objects, and waits for them.

    Raises:
        ProgramError: E1088 it cannot.
    """
    parts = (workflow, *workflow.workflows)
    nodes = [node for part in parts for node in (*part.nodes, *part.on_exit)]
    if not any(isinstance(node.operation, Resource) for node in nodes):
        return workflow
    if faults := [found for node in nodes for found in _faults(node)]:
        raise ProgramError(*faults)
    first, *others = (_lowered(part, worker) for part in parts)
    return replace(first, workflows=tuple(others))


def _lowered(workflow: Workflow, worker: Worker) -> Workflow:
    used = used_parameters(workflow)

    def lowered(node: Node) -> Node:
        return _call(node, used, worker) if isinstance(node.operation, Resource) else node

    return replace(
        workflow,
        nodes=tuple(map(lowered, workflow.nodes)),
        on_exit=tuple(map(lowered, workflow.on_exit)),
    )


def _call(node: Node, used: frozenset[tuple[str, str]], worker: Worker) -> Node:
    operation = node.operation
    assert isinstance(operation, Resource)
    outputs = [output for output in node.outputs if (node.name, output.name) in used]
    told = {
        "action": operation.action,
        "success": operation.success,
        "failure": operation.failure,
        "outputs": {output.name: field_of(output.path) for output in outputs},
    }
    run = next(name for number in range(len(node.inputs) + 1)
               if (name := f"run{number or ''}") not in node.inputs)  # fmt: skip
    call = Container(
        worker.image,
        worker.command,
        (
            *("--run", Take(run), "--outputs", worker.outputs),
            *("--manifest", operation.manifest),
            json.dumps({"object": told}, separators=(",", ":")),
        ),
    )
    return replace(
        node,
        operation=call,
        inputs={**node.inputs, run: RunId()},
        outputs=tuple(replace(o, path=f"{worker.outputs}/{o.name}") for o in outputs),
    )


def _faults(node: Node) -> Iterator[Diagnostic]:
    operation = node.operation
    if not isinstance(operation, Resource):
        return
    if operation.action == "replace":
        message = f"the worker cannot replace an object, as step `{node.name}` does"
        yield fault("E1088", message, node, "delete it and create it; or let Argo run the workflow")
    for condition in (operation.success, operation.failure):
        try:
            terms_of(condition)
        except ValueError:
            hint = "compare fields, as in `status.succeeded > 0`; or let Argo run the workflow"
            yield fault("E1088", f"the worker cannot tell whether `{condition}`", node, hint)
    for output in node.outputs:
        try:
            field_of(output.path)
        except ValueError:
            hint = "name a field, as in `{.metadata.name}`; or let Argo run the workflow"
            yield fault("E1088", f"the worker cannot find `{output.path}`", node, hint)
