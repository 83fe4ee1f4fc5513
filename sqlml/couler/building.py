"""The workflow that a program has written, as a value of the IR."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlml.couler.flow import Flow, current
from sqlml.couler.omitted import with_omissions
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow.graph import label_of, needs, topological_order
from sqlml.workflow.ir import Node, Placement, Pods, Volume, Workflow
from sqlml.workflow.places import fault, kebab
from sqlml.workflow.verification import verify


def workflow() -> Workflow:
    """What the program has written so far, checked.

    Raises:
        ProgramError: it has no steps, or steps need what is not there.
    """
    flow = current()
    if not flow.scope.nodes:
        raise fault("E0731", "the workflow has no steps", "call run_container or its kin")
    built = _built(flow)
    unknown = [*_unknown(built)]
    if unknown:
        raise ProgramError(*unknown)
    built = replace(built, nodes=topological_order(built))
    verify(built)
    return built


def name_of(flow: Flow) -> str:
    """The workflow's name: as configured, or that of the file that writes it."""
    if name := flow.settings.get("name"):
        return str(name)
    first = next(iter(flow.scope.nodes.values()))
    file = first.place.file if first.place else ""
    return kebab(file.replace("\\", "/").rpartition("/")[2].removesuffix(".py").strip("<>"))


def _built(flow: Flow) -> Workflow:
    told = flow.settings
    nodes = with_omissions(flow.scopes[0].nodes.values())
    exits = tuple(flow.exits.values())
    layout = {"layout": "dag" if flow.is_explicit else "steps"}
    limits = told.get("cron_limits", {}) if "schedule" in told else {}
    labels = {"couler_job_user": told["user_id"]} if "user_id" in told else {}
    every = (*nodes, *exits, *(n for w in flow.workflows.values() for n in w.nodes))
    return Workflow(
        name_of(flow),
        nodes,
        workflows=tuple(flow.workflows.values()),
        on_exit=exits,
        timeout=told.get("timeout"),
        schedule=told.get("schedule"),
        cleanup=told.get("cleanup"),
        volumes=tuple(_volumes(told.get("volumes", ()), every)),
        placement=Placement(tolerations=told.get("tolerations", ()), affinity=told.get("affinity")),
        pods=Pods(
            image_pull_secrets=told.get("image_pull_secrets", ()),
            service_account=told.get("service_account", ""),
            dns=told.get("dns"),
            security_context=told.get("security_context"),
            labels=labels,
        ),
        ext={"argo": {**layout, **_given(cron=limits, labels=labels)}},
        place=told.get("place"),
    )


def _given(**fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _volumes(declared: tuple[Volume, ...], nodes: tuple[Node, ...]) -> Iterator[Volume]:
    """Those that are declared; what else is mounted is an empty one."""
    yield from declared
    names = {volume.name for volume in declared}
    for mount in (mount for node in nodes for mount in node.mounts):
        if mount.volume not in names:
            names.add(mount.volume)
            yield Volume(mount.volume, "empty")


def _unknown(built: Workflow) -> Iterator[Diagnostic]:
    """Steps that are named as dependencies and never written."""
    names = {node.name for node in built.nodes}
    for node in built.nodes:
        for name in needs(node):
            if name not in names:
                hint = did_you_mean(name, names) or f"there are: {', '.join(list(names)[:8])}"
                message = f"step `{node.name}` comes after `{name}`, which is not there"
                yield Diagnostic("E0732", message, label=label_of(node), hint=hint)
