"""Runs at given times: a CronJob of Kubernetes makes them, with the right to do so and no other."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.workflow.ir import Schedule

JOB = "sqlml-job"  # the label of a job's runs


def scheduled(
    name: str,
    namespace: Mapping[str, str],
    schedule: Schedule,
    starter: Mapping[str, Any],
    pod: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """The objects that make runs: an account, what it may do, and when it does it.

    starter: the container that makes one, without its command. pod: what all pods have.
    """
    (mount,) = starter["volumeMounts"]
    command = ["python3", f"{mount['mountPath']}/start.py", schedule.overlap]
    account = f"{name}-schedule"
    metadata = {"name": account, **namespace}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": [
            {
                "apiGroups": ["tekton.dev"],
                "resources": ["pipelineruns"],
                "verbs": ["list", "create", *(["patch"] if schedule.overlap == "replace" else ())],
            }
        ],
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
        "subjects": [{"kind": "ServiceAccount", **metadata}],
    }
    template = {
        **{key: value for key, value in pod.items() if key != "podMetadata"},
        "serviceAccountName": account,
        "restartPolicy": "OnFailure",
        "containers": [{**starter, "command": command}],
    }
    yield {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, **namespace},
        "spec": {
            "schedule": schedule.cron[0],
            "timeZone": schedule.timezone,
            "concurrencyPolicy": "Forbid",
            "suspend": schedule.suspended,
            "jobTemplate": {"spec": {"template": {"spec": template}}},
        },
    }
