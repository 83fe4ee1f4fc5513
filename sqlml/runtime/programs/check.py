"""What this machine lacks for a workflow's programs, found out before anything runs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sqlml.errors import Diagnostic, ProgramError, located
from sqlml.runtime.programs.means import Means
from sqlml.runtime.programs.volumes import unmountable
from sqlml.source import Span
from sqlml.workflow.ir import (
    Artifact,
    Container,
    Node,
    Resource,
    Run,
    Script,
    SecretKey,
    Volume,
    Workflow,
)
from sqlml.workflow.secrets import variable

_WAY_OUT = (
    "install Podman or Docker, or let commands run on this machine without their images:"
    ' `containers = "process"` in sqlml.toml, or SQLML_CONTAINERS=process'
)


def check(
    workflow: Workflow, means: Means, locate: Callable[[str, str], Span | None] = lambda *_: None
) -> None:
    """Check that this machine can run all programs of a workflow. locate: a node's statement.

    Raises:
        ProgramError: E0687 they need a cluster, E0241 or E0688 a container engine, E0689 a secret,
            E0690 a volume.
    """
    faults = [
        _placed(fault, node, locate(node.name, ""))
        for part in (workflow, *workflow.workflows)
        for node in (*part.nodes, *part.on_exit)
        for fault in _faults(node, means, volumes_of(workflow))
    ]
    if faults:
        raise ProgramError(*faults)


def volumes_of(workflow: Workflow) -> dict[str, Volume]:
    """The volumes of a workflow and of those it calls, by name."""
    return {v.name: v for part in (*workflow.workflows, workflow) for v in part.volumes}


def _faults(node: Node, means: Means, volumes: dict[str, Volume]) -> Iterator[Diagnostic]:
    yield from _program_faults(node, means, volumes)
    for reference in _secrets(node):
        if means.secret(reference) is None:
            message = (
                f"step `{node.name}` needs key `{reference.key}` of the secret `{reference.secret}`"
            )
            hint = f"set the variable {variable(reference)}"
            if means.secrets:
                hint += (
                    f", or write the file `{Path(means.secrets, reference.secret, reference.key)}`"
                )
            yield Diagnostic("E0689", message, hint=hint)


def _program_faults(node: Node, means: Means, volumes: dict[str, Volume]) -> Iterator[Diagnostic]:
    match node.operation:
        case Resource():
            message = f"step `{node.name}` changes an object of a cluster, and here is none"
            hint = "run the workflow on an engine: `sqlml run … --engine argo`"
            yield Diagnostic("E0687", message, hint=hint)
            return
        case (
            Run(in_image=True, program=image, arguments=command)
            | Container(image=image, command=command)
        ):
            is_here = means.runs_images_as_processes
            if is_here and not command:
                message = f"step `{node.name}` has no command, and without its image there is none"
                hint = "name the command that the image starts"
                yield Diagnostic("E0688", message, hint=hint)
        case Script(image=image):
            is_here = means.runs_images_as_processes or not image
        case _:
            return
    if not is_here and means.engine is None:
        wanted = "Podman or Docker" if means.containers == "auto" else means.containers
        message = f"step `{node.name}` runs the image `{image}`, and there is no {wanted} here"
        code = "E0241" if isinstance(node.operation, Run) else "E0688"
        yield Diagnostic(code, message, hint=_WAY_OUT)
    for mount in unmountable(node.mounts, volumes) if is_here else ():
        message = f"step `{node.name}` finds a volume at `{mount.path}`, which a process cannot"
        hint = "run it in a container, or mount the volume at a relative path"
        yield Diagnostic("E0690", message, hint=hint)


def _secrets(node: Node) -> Iterator[SecretKey]:
    yield from (value for value in node.env.values() if isinstance(value, SecretKey))
    artifacts = [file.source for file in node.files.values()]
    artifacts += [output.artifact for output in node.outputs if output.artifact is not None]
    for artifact in artifacts:
        if isinstance(artifact, Artifact):
            yield from artifact.secrets.values()


def _placed(fault: Diagnostic, node: Node, span: Span | None) -> Diagnostic:
    """The fault at the node's statement, or where the node was written."""
    if span is not None or node.place is None:
        return located(fault, span)
    place = node.place
    return replace(fault, label=f"at {place.file}:{place.line}:{place.column}")
