"""Hands rendered workflows to a Kubernetes cluster, once however often it is asked to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.cluster.api import Cluster, Object, Resource
from sqlml.runtime.cluster.engine import ClusterEngine
from sqlml.runtime.handed.run import gone

RUN_LABEL = "sqlml-run"

_LONGEST = 63
_IDENTITY = frozenset({"apiVersion", "kind", "metadata"})
_LASTING = frozenset({"CronWorkflow", "WorkflowTemplate"})  # not one run each


@dataclass(frozen=True, slots=True)
class Submission:
    """A run on a cluster. answer: the object as the cluster has it. is_new: made by this call."""

    run: str
    resource: Resource
    name: str
    is_new: bool
    answer: Object = field(repr=False)

    @property
    def title(self) -> str:
        return f"{self.resource.plural}/{self.name}"


def named(manifest: Object, run: str) -> dict[str, Any]:
    """A manifest with a name; one that is a single run is named after that, too."""
    metadata: Mapping[str, Any] = manifest["metadata"]
    name = metadata.get("name") or metadata["generateName"].rstrip("-")
    if manifest["kind"] not in _LASTING:
        name = f"{name[: _LONGEST - len(run) - 1].rstrip('-')}-{run}"
    kept = {key: value for key, value in metadata.items() if key != "generateName"}
    return {**manifest, "metadata": {**kept, "name": name}}


def submit(cluster: Cluster, manifest: Object, run: str) -> Submission:
    """Make the object of a manifest with a name; where this run has made it already, do nothing.

    Raises:
        ProgramError: E0776 there is another object of that name; and what a cluster raises.
    """
    labels = {**manifest["metadata"].get("labels", {}), RUN_LABEL: run}
    metadata = {**manifest["metadata"], "labels": labels, "namespace": cluster.namespace}
    resource, name = Resource.of(manifest), str(metadata["name"])
    while True:
        answer = cluster.create({**manifest, "metadata": metadata})
        if answer is not None:
            return Submission(run, resource, name, True, answer)
        if (there := submitted(cluster, manifest, run)) is not None:
            return there


def submitted(cluster: Cluster, manifest: Object, run: str) -> Submission | None:
    """What this run has made of a manifest with a name; None where it has made nothing.

    Raises:
        ProgramError: E0776 there is another object of that name; and what a cluster raises.
    """
    resource, name = Resource.of(manifest), str(manifest["metadata"]["name"])
    there = cluster.get(resource, name)
    if there is None:
        return None
    if there["metadata"].get("labels", {}).get(RUN_LABEL) != run:
        message = f"namespace `{cluster.namespace}` has another {manifest['kind']} `{name}`"
        hint = f"choose another name, or: kubectl delete {resource.title} {name}"
        raise ProgramError(Diagnostic("E0776", message, hint=f"{hint} -n {cluster.namespace}"))
    return Submission(run, resource, name, False, there)


def replace(cluster: Cluster, manifest: Object, owner: str) -> Submission:
    """Make an object, or what is there of that owner the same.

    Raises: as `submit`.
    """
    while True:
        there = submit(cluster, manifest, owner)
        if there.is_new:
            return there
        version = there.answer["metadata"]["resourceVersion"]
        told = {key: value for key, value in manifest.items() if key not in _IDENTITY}
        if cluster.merge(there.resource, there.name, version, told):
            return there


def cancel(cluster: Cluster, engine: ClusterEngine, resource: Resource, name: str) -> bool:
    """Let a run stop, its steps on exit still run; False where it had ended already.

    Raises:
        ProgramError: E0777 it is not there any more; and what a cluster raises.
    """
    while True:
        found = cluster.get(resource, name)
        if found is None:
            raise gone(f"namespace `{cluster.namespace}`", f"workflow `{name}`")
        if engine.end(found) is not None:
            return False
        version = found["metadata"]["resourceVersion"]
        is_asked = any(found["spec"].get(key) for key in engine.stop)
        if is_asked or cluster.merge(resource, name, version, {"spec": engine.stop}):
            return True


def resume(
    cluster: Cluster,
    engine: ClusterEngine,
    resource: Resource,
    name: str,
    choose: Callable[[Sequence[str]], Sequence[str]],
) -> Sequence[str]:
    """Let steps of a run go on that wait for a person; which. choose: among those that wait.

    Raises:
        ProgramError: E0777 it is not there any more; and what `choose` and a cluster raise.
    """
    found = cluster.get(resource, name)
    if found is None:
        raise gone(f"namespace `{cluster.namespace}`", f"workflow `{name}`")
    runs = [] if engine.end(found) else [found, *engine.children(cluster, found)]
    chosen = choose([*dict.fromkeys(step for run in runs for step in engine.waiting(run))])
    for run in runs:
        _release(cluster, engine, resource, run, chosen)
    return chosen


def _release(
    cluster: Cluster, engine: ClusterEngine, resource: Resource, run: Object, steps: Sequence[str]
) -> None:
    """Let those steps go on that wait in a run, whoever else changes it meanwhile."""
    name, now = run["metadata"]["name"], cluster.get(resource, run["metadata"]["name"])
    while now is not None and engine.end(now) is None:
        waiting = engine.waiting(now)
        ids = [each for step in steps for each in waiting.get(step, ())]
        version = now["metadata"]["resourceVersion"]
        if not ids or cluster.merge(resource, name, version, engine.released(now, ids)):
            return
        now = cluster.get(resource, name)
