"""One step that makes or changes an object of a cluster, and waits until it is as it should be."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.cluster.api import Cluster, Object, Resource
from sqlml.runtime.cluster.submit import submit
from sqlml.workflow.objects import terms_of, value_at
from sqlml.workflow.serial import freeze
from sqlml.workflow.texts import as_text

_NO_LABEL = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done with an object. success, failure: until one holds, it is waited for.

    outputs: by name, the field that each is.
    """

    action: str
    success: str
    failure: str
    outputs: Mapping[str, str]


def run_object_step(asked: Asked, manifest: str, run: str, cluster: Cluster, folder: Path) -> None:
    """Do it, and write the outputs into a folder.

    Raises:
        StepError: E1089 the manifest is no object, the object has failed, or it is gone.
        ProgramError: what the cluster raises.
    """
    thing = _changed(asked.action, _read(manifest), run, cluster)
    if thing is not None and (asked.success or asked.failure):
        thing = _awaited(asked, thing, cluster)
    if asked.outputs:
        folder.mkdir(parents=True, exist_ok=True)
    for name, field in asked.outputs.items():
        (folder / name).write_text(as_text(freeze(value_at(thing, field))), "utf-8")


def _read(manifest: str) -> dict[str, Any]:
    import yaml  # comes with the client of Kubernetes

    try:
        found = yaml.safe_load(manifest)
        known = found["apiVersion"], found["kind"], found["metadata"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        message = "the manifest is no object of a cluster, with apiVersion, kind and metadata"
        label = str(error).splitlines()[0] if str(error) else ""
        raise StepError(Diagnostic("E1089", message, label=label)) from error
    assert known
    return dict(found)


def _changed(action: str, manifest: dict[str, Any], run: str, cluster: Cluster) -> Object | None:
    metadata = manifest["metadata"]
    name = metadata.get("name") or f"{metadata.get('generateName', '')}{token_hex(4)}"
    kept = {key: value for key, value in metadata.items() if key != "generateName"}
    named = {**manifest, "metadata": {**kept, "name": name}}
    resource = Resource.of(manifest)
    match action:
        case "create":
            label = _NO_LABEL.sub("-", run)[:63].strip("-_.")
            return submit(cluster, named, label).answer
        case "get":
            return _there(cluster.get(resource, name), named)
        case "delete":
            cluster.delete(resource, name)
            return None
        case _:
            return _merged(named, resource, cluster, is_made=action == "apply")


def _merged(
    manifest: dict[str, Any], resource: Resource, cluster: Cluster, *, is_made: bool
) -> Object | None:
    """An object with what a manifest says of it. is_made: where there is none."""
    name = manifest["metadata"]["name"]
    changes = {k: v for k, v in manifest.items() if k not in ("apiVersion", "kind", "metadata")}
    while True:
        if is_made and (made := cluster.create(manifest)) is not None:
            return made
        there = _there(cluster.get(resource, name), manifest)
        if cluster.merge(resource, name, there["metadata"]["resourceVersion"], changes):
            return cluster.get(resource, name)


def _awaited(asked: Asked, thing: Object, cluster: Cluster) -> Object:
    wanted, feared = terms_of(asked.success), terms_of(asked.failure)
    for now in cluster.states(Resource.of(thing), thing["metadata"]["name"]):
        bad = next((term for term in feared if term.holds(now)), None)
        if bad is not None:
            message = f"{_title(thing)} has failed: {bad.field} {bad.comparator} {bad.text}"
            status = json.dumps(now.get("status", {}), ensure_ascii=False)
            raise StepError(Diagnostic("E1089", message, label=status[:1000]))
        if wanted and all(term.holds(now) for term in wanted):
            return now
    return _there(None, thing)


def _there(found: Object | None, wanted: Object) -> Object:
    if found is None:
        hint = "was it deleted? `kubectl get` tells what there is"
        raise StepError(Diagnostic("E1089", f"there is no {_title(wanted)}", hint=hint))
    return found


def _title(thing: Object) -> str:
    return f"{thing['kind']} `{thing['metadata']['name']}`"
