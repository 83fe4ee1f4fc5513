"""What the table of features cannot tell of Tekton: texts it would change, and exit steps."""

import re
from collections.abc import Iterator

from sqlml.codegen.programs import STORE
from sqlml.errors import Diagnostic
from sqlml.workflow.graph import fault, label_of, needs
from sqlml.workflow.ir import Container, Node, Schedule, Script, SecretKey, Workflow

_PARAMETER = re.compile(r"[A-Za-z_][-A-Za-z0-9_]*")


def refusals(workflow: Workflow, namespace: str) -> Iterator[Diagnostic]:
    """Why a workflow without calls cannot be written for Tekton."""
    if workflow.schedule:
        yield from _schedule_refusals(workflow, workflow.schedule, namespace)
    for name, declared in workflow.parameters.items():
        if not _PARAMETER.fullmatch(name):
            hint = "use letters, digits, `-` and `_`"
            yield fault("E0790", f"Tekton has no parameter of the name `{name}`", workflow, hint)
        if "$(" in str(declared.default):
            who = f"the default of parameter `{name}`"
            yield _reference(who, str(declared.default), label_of(workflow))
    for volume in workflow.volumes:
        if "$(" in volume.source:
            yield _reference(f"volume `{volume.name}`", volume.source, label_of(workflow))
    exits = {node.name for node in workflow.on_exit}
    for node in (*workflow.nodes, *workflow.on_exit):
        yield from _node_refusals(node, exits)


def _schedule_refusals(
    workflow: Workflow, schedule: Schedule, namespace: str
) -> Iterator[Diagnostic]:
    name = workflow.name
    for missing, declared in workflow.parameters.items():
        if declared.required:
            message = f"nobody gives the runs of `{name}` that a schedule starts their `{missing}`"
            hint = "--store URL" if missing == STORE else "give the parameter a default"
            yield fault("E1086", message, workflow, hint)
    if len(schedule.cron) > 1:
        message = f"on Tekton a schedule has one time, and that of `{name}` has more"
        hint = "write them as one, as `0 3,15 * * *`; or schedule it once for each"
        yield fault("E1077", message, workflow, hint)
    if not namespace:
        what = f"the schedule of `{name}`"
        message = f"on Tekton {what} needs a namespace, for the right to start runs"
        yield fault("E1078", message, workflow, "name it: --namespace NAME")


def _node_refusals(node: Node, exits: set[str]) -> Iterator[Diagnostic]:
    for text in _texts(node):
        if "$(" in text:
            yield _reference(f"step `{node.name}`", text, label_of(node))
    if others := exits.intersection(needs(node)):
        told = ", ".join(f"`{other}`" for other in sorted(others))
        message = f"on Tekton exit steps run at the same time, and `{node.name}` needs {told}"
        yield fault("E0752", message, node, "make one step of them")


def _reference(who: str, text: str, place: str) -> Diagnostic:
    message = f"Tekton would take `$(` in `{text}` for a reference, which {who} has"
    hint = "leave it out; in scripts, arguments and variables it may stay"
    return Diagnostic("E0790", message, label=place, hint=hint)


def _texts(node: Node) -> Iterator[str]:
    """The texts of a step that are outside of its JSON."""
    if isinstance(node.operation, Container | Script):
        yield node.operation.image
    for mount in node.mounts:
        yield from (mount.path, mount.sub_path)
    for value in node.env.values():
        if isinstance(value, SecretKey):
            yield from (value.secret, value.key)
