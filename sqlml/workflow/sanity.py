"""What a step or a workflow asks for and no machine has: negative times, volumes of nowhere."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, get_args, get_type_hints

from sqlml.errors import did_you_mean
from sqlml.workflow.error_kinds import ERROR_KINDS
from sqlml.workflow.ir import (
    ANYWHERE,
    NO_RESOURCES,
    Artifact,
    Cache,
    Container,
    Http,
    InputFile,
    Mount,
    Node,
    Output,
    Pods,
    Resources,
    Retry,
    SecretKey,
    Suspend,
    Take,
    Text,
    Volume,
    Workflow,
)
from sqlml.workflow.operations import PROGRAMS, Resource, Script
from sqlml.workflow.values import Join

_CLASSES = ("transient", "resource", "any", *ERROR_KINDS)
_STORES: tuple[str, ...] = get_args(get_type_hints(Artifact)["store"])
_NAME = re.compile(r"[-\w.@]+")
_VARIABLE = re.compile(r"[-._A-Za-z][-._A-Za-z0-9]*")
_SOURCES = {"claim": "a claim", "host": "a path", "config": "a config map", "secret": "a secret"}
_SIZE = re.compile(r"\d+(\.\d+)?([eE]\d+|[kMGTPE]|[KMGTPE]i)?")


def of_workflow(workflow: Workflow) -> Iterator[str]:
    """What is wrong with the settings of a whole workflow."""
    yield from _amount("its timeout", workflow.timeout)
    yield from _count("its parallelism", workflow.parallelism)
    yield from _amount("its cleanup", workflow.cleanup, least=0)
    if workflow.retry is not None:
        yield from _of_retry(workflow.retry)
    if workflow.schedule is not None and not workflow.schedule.cron:
        yield "its schedule has no time"
    for volume in workflow.volumes:
        yield from _of_volume(volume)
    for name in _doubles(volume.name for volume in workflow.volumes):
        yield f"two of its volumes are named `{name}`"


def of_called(workflow: Workflow) -> Iterator[str]:
    """What a workflow that others call has of its own, and only a whole one can have."""
    asked = {
        "a schedule": workflow.schedule is not None,
        "volumes": workflow.volumes,
        "a placement": workflow.placement != ANYWHERE,
        "pods": workflow.pods != Pods(),
        "a cleanup": workflow.cleanup is not None,
    }
    for what, is_asked in asked.items():
        if is_asked:
            yield f"it is called by another one, and has {what} of its own; give that to the whole"


def of_node(node: Node, volumes: Sequence[str]) -> Iterator[str]:
    """What is wrong with the settings of a step. volumes: those that it can mount."""
    if node.timeout is not None:
        yield from _amount("its timeout", node.timeout)
    if node.retry is not None:
        yield from _of_retry(node.retry)
    if node.cache is not None:
        yield from _of_cache(node.cache)
    if node.resources is not NO_RESOURCES:
        yield from _of_resources(node.resources)
    if node.env:
        yield from _of_env(node)
    for mount in node.mounts:
        yield from _of_mount(mount, volumes)
    for name, file in node.files.items():
        yield from _of_file(name, file)
    if isinstance(node.operation, PROGRAMS):
        yield from _of_program(node)


def taken(node: Node) -> Iterator[str]:
    """The names of the inputs that a step's texts take."""
    match node.operation:
        case Container(command=command, args=args):
            texts: Iterable[Any] = (*command, *args)
        case Script(args=args):
            texts = args
        case Resource(manifest=manifest):
            texts = (manifest,)
        case Http(url=url, headers=headers, body=body):
            texts = (url, body, *headers.values())
        case _:
            texts = ()
    if node.env:
        texts = chain(texts, node.env.values())
    for text in texts:
        if type(text) is not str:
            yield from _of_text(text)


def _of_text(text: Text | SecretKey) -> Iterator[str]:
    match text:
        case Take(input=name):
            yield name
        case Join(parts=parts):
            yield from (part.input for part in parts if isinstance(part, Take))


# --- amounts ------------------------------------------------------------------------------


def _amount(what: str, amount: float | None, least: float | None = None) -> Iterator[str]:
    """least: what it is at least; by default it is more than 0."""
    if amount is None:
        return
    if not math.isfinite(amount) or amount < (least or 0) or (least is None and amount == 0):
        bound = "more than 0" if least is None else f"{least:g} or more"
        yield f"{what} is to be {bound}, not {amount!r}"


def _count(what: str, count: int | None, least: int = 1) -> Iterator[str]:
    if count is not None and (isinstance(count, bool) or count < least):
        yield f"{what} is to be {least} or more, not {count!r}"


def _of_retry(retry: Retry) -> Iterator[str]:
    yield from _count("the limit of its retries", retry.limit, 0)
    yield from _amount("the wait before a retry", retry.backoff.seconds, 0)
    yield from _amount("the factor between waits", retry.backoff.factor)
    yield from _amount("the longest wait before a retry", retry.backoff.longest, 0)
    for name in retry.on:
        if name not in _CLASSES:
            hint = did_you_mean(name, _CLASSES)
            yield f"there is no class of errors `{name}`{hint and f'; {hint}'}"


def _of_cache(cache: Cache) -> Iterator[str]:
    yield from _amount("how long its cache is good", cache.ttl)


def _of_resources(resources: Resources) -> Iterator[str]:
    yield from _amount("its `cpu`", resources.cpu)
    yield from _amount("its `memory`", resources.memory)
    yield from _count("its `gpu`", resources.gpu, 0)


def _of_program(node: Node) -> Iterator[str]:
    match node.operation:
        case Suspend(seconds=seconds):
            yield from _amount("how long it waits", seconds, 0)
        case Http(timeout=timeout):
            yield from _amount("the timeout of its request", timeout)
        case Container(image=image) if not image.strip():
            yield "it runs no image"
        case Script(command=()):
            yield "nothing runs its script: it has no command"
        case _:
            pass
    for name in (*node.inputs, *node.files, *(output.name for output in node.outputs)):
        if not _NAME.fullmatch(name):
            yield f"`{name}` cannot name an input or output: take letters, digits, `-` and `_`"
    for output in node.outputs:
        if output.artifact is not None:
            yield from _of_artifact(f"output `{output.name}`", output.artifact)


# --- what lies elsewhere ------------------------------------------------------------------


def _of_env(node: Node) -> Iterator[str]:
    for name, value in node.env.items():
        if not _VARIABLE.fullmatch(name):
            yield f"`{name}` cannot name a variable"
        if isinstance(value, SecretKey) and not (value.secret and value.key):
            yield f"variable `{name}` is of a secret without a name or a key"


def _of_volume(volume: Volume) -> Iterator[str]:
    if not volume.name:
        yield "a volume has no name"
    if volume.kind in _SOURCES and not volume.source:
        yield f"volume `{volume.name}` names no source: {_SOURCES[volume.kind]} that exists"
    if volume.size and not _SIZE.fullmatch(volume.size):
        yield f"volume `{volume.name}` is to have a size such as `10Gi`, not {volume.size!r}"


def _of_mount(mount: Mount, volumes: Sequence[str]) -> Iterator[str]:
    if mount.volume not in volumes:
        hint = did_you_mean(mount.volume, volumes)
        yield f"it mounts volume `{mount.volume}`, which the workflow has not{hint and f'; {hint}'}"
    if not mount.path:
        yield f"it mounts volume `{mount.volume}` nowhere"


def _of_file(name: str, file: InputFile) -> Iterator[str]:
    if not file.path:
        yield f"file `{name}` has no path"
    if not isinstance(file.source, Output):
        yield from _of_artifact(f"file `{name}`", file.source)


def _of_artifact(what: str, artifact: Artifact) -> Iterator[str]:
    if artifact.store not in _STORES:
        known = ", ".join(_STORES)
        yield f"{what} is of store `{artifact.store}`, which is none of {known}"
    if not artifact.location:
        yield f"{what} is nowhere in its store"


def _doubles(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)
