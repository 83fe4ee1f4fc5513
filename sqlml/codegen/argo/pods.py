"""Where and with what pods run, in the words of Kubernetes: for templates and whole workflows."""

import math
from collections.abc import Mapping
from typing import Any

from sqlml.codegen.argo.text import literal, text_of
from sqlml.workflow.ir import (
    ANYWHERE,
    NO_RESOURCES,
    Mount,
    Placement,
    Pods,
    Resources,
    SecretKey,
    Text,
    Toleration,
    Volume,
)
from sqlml.workflow.serial import thaw

_NUMBERS = frozenset({bool, int, float})  # 0 and False say something
_UNITS = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def given(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value or type(value) in _NUMBERS}


def environment_of(env: Mapping[str, Text | SecretKey]) -> list[dict[str, Any]]:
    return [{"name": name, **_variable(value)} for name, value in env.items()]


def _variable(value: Text | SecretKey) -> dict[str, Any]:
    if isinstance(value, SecretKey):
        return {"valueFrom": {"secretKeyRef": {"name": value.secret, "key": value.key}}}
    return {"value": text_of(value)}


def resources_of(resources: Resources) -> dict[str, Any]:
    """What a container asks for, which is also all that it gets; what is estimated is no limit."""
    if resources == NO_RESOURCES:
        return {}
    asked = {
        **given(cpu=_cpu(resources.cpu), memory=_memory(resources.memory)),
        **({"nvidia.com/gpu": str(resources.gpu)} if resources.gpu else {}),
        **resources.others,
    }
    limits = {
        name: value
        for name, value in asked.items()
        if not (resources.estimated and name == "memory")
    }
    return given(requests=asked, limits=limits)


def _cpu(cpu: float | None) -> str:
    if cpu is None:
        return ""
    return str(int(cpu)) if cpu == int(cpu) else f"{math.ceil(cpu * 1000)}m"


def _memory(size: int | None) -> str:
    if size is None:
        return ""
    unit, factor = next(((u, f) for u, f in _UNITS if size and size % f == 0), ("", 1))
    return f"{size // factor}{unit}"


def mounts_of(mounts: tuple[Mount, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": mount.volume,
            "mountPath": mount.path,
            **given(readOnly=mount.read_only or None, subPath=literal(mount.sub_path)),
        }
        for mount in mounts
    ]


def placement_of(placement: Placement) -> dict[str, Any]:
    if placement == ANYWHERE:
        return {}
    return given(
        nodeSelector=dict(placement.labels),
        tolerations=[_toleration(each) for each in placement.tolerations],
        affinity=thaw(placement.affinity),
    )


def _toleration(toleration: Toleration) -> dict[str, Any]:
    return {
        **given(key=toleration.key),
        "operator": toleration.operator,
        **given(
            value=toleration.value, effect=toleration.effect, tolerationSeconds=toleration.seconds
        ),
    }


def pods_of(pods: Pods) -> dict[str, Any]:
    """What all pods of a workflow share."""
    dns = pods.dns
    config = given(
        nameservers=list(dns.nameservers),
        searches=list(dns.searches),
        options=[{"name": name, **given(value=value)} for name, value in dns.options.items()],
    ) if dns else {}  # fmt: skip
    return given(
        serviceAccountName=pods.service_account,
        imagePullSecrets=[{"name": name} for name in pods.image_pull_secrets],
        dnsPolicy=dns.policy if dns else "",
        dnsConfig=config,
        securityContext=thaw(pods.security_context),
        podMetadata=given(labels=dict(pods.labels), annotations=dict(pods.annotations)),
    )


def volumes_of(volumes: tuple[Volume, ...]) -> dict[str, Any]:
    """Those that are there, and those that are made for the run."""
    return given(
        volumes=[_volume(each) for each in volumes if each.kind != "new-claim"],
        volumeClaimTemplates=[_claim(each) for each in volumes if each.kind == "new-claim"],
    )


def _volume(volume: Volume) -> dict[str, Any]:
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "claim": ("persistentVolumeClaim", {"claimName": volume.source}),
        "empty": ("emptyDir", given(sizeLimit=volume.size)),
        "host": ("hostPath", {"path": volume.source}),
        "config": ("configMap", {"name": volume.source}),
        "secret": ("secret", {"secretName": volume.source}),
    }
    kind, fields = kinds[volume.kind]
    return {"name": volume.name, kind: fields}


def _claim(volume: Volume) -> dict[str, Any]:
    return {
        "metadata": {"name": volume.name},
        "spec": {
            "accessModes": list(volume.access),
            **given(storageClassName=volume.storage_class),
            "resources": {"requests": {"storage": volume.size or "1Gi"}},
        },
    }
