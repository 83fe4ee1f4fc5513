"""Searches as plain scripts have them: one loop before a training, not a step for each trial."""

from collections.abc import Mapping
from dataclasses import replace

from sqlml.workflow.ir import Node, Outputs, Train, Trial, Workflow


def without_trials(workflow: Workflow) -> tuple[Workflow, Mapping[str, Trial]]:
    """The workflow without the steps that are trials, and the last trial of each search by the step
    that trains the best.
    """
    trials = {
        node.name: node.operation for node in workflow.nodes if isinstance(node.operation, Trial)
    }
    if not trials:
        return workflow, {}
    searches: dict[str, Trial] = {}
    nodes = []
    for node in workflow.nodes:
        if node.name not in trials:
            nodes.append(_alone(node))
            match node.inputs.get("trials"):
                case Outputs(nodes=names) if isinstance(node.operation, Train):
                    searches[node.name] = trials[names[-1]]
    return replace(workflow, nodes=tuple(nodes)), searches


def _alone(node: Node) -> Node:
    if not isinstance(node.operation, Train) or "trials" not in node.inputs:
        return node
    inputs = {name: value for name, value in node.inputs.items() if name != "trials"}
    return replace(node, inputs=inputs)
