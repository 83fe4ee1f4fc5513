"""Airflow's steps as pods: what Kubernetes is told of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.argo.pods import (
    given,
    mounts_of,
    placement_of,
    pods_of,
    resources_of,
    volumes_of,
)
from sqlml.codegen.engine import Capability, Feature
from sqlml.errors import Diagnostic
from sqlml.workflow.ir import Container, Node, Placement, Repeat, Script, SecretKey, Workflow

SUPPORT: Mapping[Feature, Capability] = {
    "container": Capability("native", "with outputs, its image needs `sh`, `tee` and `base64`"),
    "file between steps": Capability("refused", "use a volume, or write to a store in the step"),
    "secret": Capability("native"),
    "volume": Capability("native"),
    "placement": Capability("native"),
    "resources": Capability("native"),
}


def is_pod(node: Node) -> bool:
    """Whether a step runs in a pod; Airflow's workers wait and ask servers themselves."""
    return isinstance(node.operation, Container | Script)


def pod_of(node: Node, workflow: Workflow, image: str) -> dict[str, Any]:
    """The template of a step's pod. image: of scripts that name none."""
    operation = node.operation
    assert isinstance(operation, Container | Script)
    container = {
        "name": "base",
        "image": operation.image or image,
        **given(
            imagePullPolicy=operation.pull if isinstance(operation, Container) else "",
            workingDir=operation.working_dir,
            env=[
                {"name": name, "valueFrom": {"secretKeyRef": {"name": one.secret, "key": one.key}}}
                for name, one in node.env.items()
                if isinstance(one, SecretKey)
            ],
            resources=resources_of(node.resources),
            volumeMounts=mounts_of(node.mounts),
        ),
    }
    used = {mount.volume for mount in node.mounts}
    volumes = tuple(volume for volume in workflow.volumes if volume.name in used)
    placement = node.placement if node.placement != Placement() else workflow.placement
    pods = pods_of(workflow.pods)
    metadata = pods.pop("podMetadata", {})
    spec = {"containers": [container], **placement_of(placement), **volumes_of(volumes), **pods}
    return {**given(metadata=metadata), "spec": spec}


def arguments_of(node: Node, namespace: str) -> Iterator[str]:
    """What the operator is told besides the step and its pod."""
    yield f"namespace={namespace!r}"
    if isinstance(node.loop, Repeat):
        yield "durable=False"  # else it would take up the pod of an earlier round


def refusals(workflow: Workflow) -> Iterator[Diagnostic]:
    """Why a workflow without calls cannot run in Airflow's pods."""
    for volume in workflow.volumes:
        if volume.kind == "new-claim":
            message = f"Airflow makes no claim for a run, as volume `{volume.name}` asks for"
            yield Diagnostic("E0831", message, hint="make a claim once, and name it")
    for node in (*workflow.nodes, *workflow.on_exit):
        operation = node.operation
        if isinstance(operation, Container) and not operation.command and node.outputs:
            place = node.place
            label = f"at {place.file}:{place.line}:{place.column}" if place else ""
            message = f"step `{node.name}` gives outputs, and leaves its command to the image"
            yield Diagnostic("E0830", message, label=label, hint="write the command down")
