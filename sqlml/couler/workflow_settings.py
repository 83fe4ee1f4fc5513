"""What holds for the whole workflow: its name, schedule, volumes, and what its pods share."""

import os
from collections.abc import Mapping
from typing import Any

from sqlml.codegen.argo.rules.cron import cron_fault, timezone_fault
from sqlml.couler.flow import current
from sqlml.couler.pods import (
    DnsConfig,
    ImagePullSecret,
    Toleration,
    Volume,
    VolumeClaimTemplate,
)
from sqlml.errors import did_you_mean
from sqlml.store import cron
from sqlml.workflow.ir import Dns, Schedule
from sqlml.workflow.ir import Toleration as Tolerated
from sqlml.workflow.ir import Volume as Storage
from sqlml.workflow.places import caller, fault
from sqlml.workflow.quantities import quantity, seconds, timeout_of
from sqlml.workflow.serial import freeze

_CLUSTER = "couler_cluster_config"
_CRON = {
    "schedule": None,
    "schedules": None,
    "concurrency_policy": "Allow",
    "successful_jobs_history_limit": 3,
    "failed_jobs_history_limit": 1,
    "starting_deadline_seconds": 10,
    "suspend": False,
    "timezone": "Asia/Shanghai",
}


def config_workflow(  # noqa: PLR0917
    name: str | None = None,
    user_id: str | None = None,
    timeout: Any = None,
    time_to_clean: Any = None,
    cluster_config_file: str | None = None,
    cron_config: Mapping[str, Any] | None = None,
    service_account: str | None = None,
    affinity: Mapping[str, Any] | None = None,
    **others: Any,
) -> None:
    """Say what holds for the whole workflow; what is not given stays as it is.

    timeout: seconds that it may take. time_to_clean: seconds after its end when it is forgotten.
    cluster_config_file: a Python file whose `cluster` changes the pods' manifests. cron_config: as
    Couler's; `schedule` is needed. user_id: a label of the pods.
    """
    if others:
        word = next(iter(others))
        known = config_workflow.__annotations__
        raise fault("E0730", f"`config_workflow` takes no `{word}`", did_you_mean(word, known))
    clean = seconds("time_to_clean", time_to_clean)
    _set(
        name=None if name is None else str(name),
        user_id=None if user_id is None else str(user_id),
        timeout=timeout_of(timeout),
        cleanup=None if clean is None else round(clean),
        cluster_config=cluster_config_file,
        service_account=_word("service_account", service_account),
        affinity=None if affinity is None else freeze(affinity),
        place=caller().place,
    )
    if cron_config is not None:
        _set_schedule(cron_config)


def config_defaults(name_salter: Any = None, service_account: str | None = None) -> None:
    """Couler's defaults. Names are stable here, so that there is nothing to salt."""
    _set(service_account=_word("service_account", service_account))


def _set(**settings: Any) -> None:
    flow = current()
    for name, value in settings.items():
        if value is not None:
            flow.put(flow.settings, name, value)


def _set_schedule(told: Any) -> None:
    if not isinstance(told, Mapping):
        raise fault("E0730", f"`cron_config` must be a dict, not {told!r:.60}")
    for word in told:
        if word not in _CRON:
            raise fault("E0730", f"`cron_config` has no `{word}`", did_you_mean(str(word), _CRON))
    config = {**_CRON, **told}
    times = config["schedules"] or config["schedule"]
    lines = tuple(times) if isinstance(times, list | tuple) else (times,)
    if not all(map(_is_line, lines)):
        raise fault(
            "E0730",
            f"the schedule cannot be {times!r:.60}",
            'it has five fields: `cron_config={"schedule": "0 3 * * *"}`; or is such as `@daily`',
        )
    found = [*map(cron_fault, lines), timezone_fault(str(config["timezone"]))]
    if wrong := next(filter(None, found), ""):
        raise fault("E0730", f"the schedule cannot be: {wrong}", "such as `0 3 * * *`")
    overlap = str(config["concurrency_policy"]).strip('"').lower()
    if overlap not in ("allow", "forbid", "replace"):
        raise fault(
            "E0730", f"{overlap!r} is no `concurrency_policy`", "it is Allow, Forbid or Replace"
        )
    suspended = str(config["suspend"]).lower() == "true"
    limits = {word: config[word] for word in list(_CRON)[3:6]}
    _set(
        schedule=Schedule(lines, config["timezone"], overlap, suspended),  # type: ignore[arg-type]
        cron_limits={_camel(word): int(quantity(word, n)) for word, n in limits.items()},
    )


def _is_line(told: object) -> bool:
    return isinstance(told, str) and (len(told.split()) == 5 or not cron.cron_fault(told))


def _word(name: str, told: Any) -> str | None:
    if told is None or isinstance(told, str):
        return told
    raise fault("E0730", f"`{name}` is a text, not {told!r:.60}")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _append(setting: str, value: Any) -> None:
    flow = current()
    values = flow.settings.get(setting, ())
    if value not in values:
        flow.put(flow.settings, setting, (*values, value))


def _check(value: Any, kind: type, example: str) -> None:
    if not isinstance(value, kind):
        raise fault("E0730", f"this cannot be {value!r:.60}", f"make it with `{example}`")


def add_volume(volume: Volume) -> None:
    """Let steps mount a claim on storage that exists."""
    _check(volume, Volume, 'Volume("data", "claim-name")')
    _append("volumes", Storage(volume.name, "claim", volume.claim_name))


def create_workflow_volume(volume_claim_template: VolumeClaimTemplate) -> None:
    """Make storage for the run, which steps mount by the claim's name."""
    claim = volume_claim_template
    _check(claim, VolumeClaimTemplate, 'VolumeClaimTemplate("work", size="10Gi")')
    quantity("size", claim.size)
    access = tuple(claim.access_modes)
    _append("volumes", Storage(claim.claim_name, "new-claim", size=str(claim.size), access=access))


def add_toleration(toleration: Toleration) -> None:
    """Let pods run on machines with a taint."""
    _check(toleration, Toleration, 'Toleration("gpu", "Exists", "NoSchedule")')
    one = toleration
    operators, effects = ("Exists", "Equal"), ("", "NoSchedule", "PreferNoSchedule", "NoExecute")
    if one.operator not in operators or one.effect not in effects:
        hint = f"operator: {' or '.join(operators)}; effect: {', '.join(effects[1:])}, or none"
        raise fault("E0730", f"{one!r:.90} is no toleration", hint)
    tolerated = Tolerated(one.key, one.operator, one.value, one.effect, one.toleration_seconds)  # type: ignore[arg-type]
    _append("tolerations", tolerated)


def add_image_pull_secret(secret: ImagePullSecret) -> None:
    """Fetch the images with a secret of the cluster."""
    _check(secret, ImagePullSecret, 'ImagePullSecret("registry")')
    _append("image_pull_secrets", secret.name)


def set_dns(dns_policy: str | None = None, dns_config: DnsConfig | None = None) -> None:
    """Say how pods resolve names."""
    config = dns_config or DnsConfig()
    _check(config, DnsConfig, 'DnsConfig(nameservers=["1.2.3.4"])')
    options = {o.name: "" if o.value is None else str(o.value) for o in config.options or ()}
    servers, searches = tuple(config.nameservers or ()), tuple(config.searches or ())
    policy = _word("dns_policy", dns_policy) or ""
    _set(dns=Dns(policy, servers, searches, options))


def set_security_context(security_context: Mapping[str, Any]) -> None:
    """The security context of the pods, as Kubernetes writes it."""
    if not isinstance(security_context, Mapping):
        raise fault("E0730", f"a security context must be a dict, not {security_context!r:.60}")
    _set(security_context=freeze(security_context))


def cluster_config_file() -> str | None:
    """The file that changes the pods' manifests, if one was named."""
    return current().settings.get("cluster_config") or os.environ.get(_CLUSTER)
