"""Parts of a workflow as workflows of their own, which a step of it starts and waits for."""

from typing import Any

from sqlml.codegen.argo.lifting import Template
from sqlml.codegen.argo.objects import API_VERSION
from sqlml.codegen.argo.pods import given
from sqlml.codegen.yaml import dump
from sqlml.workflow.ir import Node, Workflow
from sqlml.workflow.parts import PART_LABEL


def is_apart(node: Node) -> bool:
    return bool(node.ext.get("argo", {}).get("apart"))


def starting(node: Node, part: Workflow) -> Template:
    """A template that starts a part, which is a workflow template, and ends as it does."""
    marks = {f"VALUE_{number}": name for number, name in enumerate(part.parameters)}
    spec: dict[str, Any] = {
        "workflowTemplateRef": {"name": part.name},
        **given(arguments=given(parameters=[{"name": n, "value": m} for m, n in marks.items()])),
    }
    metadata = {"generateName": f"{part.name}-", "labels": {PART_LABEL: part.name}}
    text = dump({"apiVersion": API_VERSION, "kind": "Workflow", "metadata": metadata, "spec": spec})
    for mark, name in reversed(marks.items()):  # VALUE_12 before VALUE_1
        text = text.replace(mark, f"{{{{=toJson(inputs.parameters['{name}'])}}}}")
    outputs = [
        {
            "name": output.name,
            "valueFrom": {
                "jsonPath": f'{{.status.outputs.parameters[?(@.name=="{output.name}")].value}}'
            },
        }
        for output in node.outputs
    ]
    return {
        **given(inputs=given(parameters=[{"name": name} for name in node.inputs])),
        **given(outputs=given(parameters=outputs)),
        "resource": {
            "action": "create",
            "setOwnerReference": True,
            "successCondition": "status.phase == Succeeded",
            "failureCondition": "status.phase in (Failed, Error)",
            "manifest": text,
        },
    }
