"""Distributed training with TensorFlow: a TFJob of Kubeflow."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlml.couler.outputs import StepOutputs
from sqlml.couler.steps.jobs import Job, Replicas, check_counts


def train(  # noqa: PLR0917
    num_ps: int = 0,
    num_workers: int = 0,
    num_evaluators: int = 0,
    image: str | None = None,
    command: Any = "",
    no_chief: bool = True,
    worker_resources: Mapping[str, Any] | str | None = None,
    worker_restart_policy: str = "Never",
    worker_pool: Any = None,
    ps_resources: Mapping[str, Any] | str | None = None,
    ps_restart_policy: str = "Never",
    ps_pool: Any = None,
    evaluator_resources: Mapping[str, Any] | str | None = None,
    evaluator_restart_policy: str = "Never",
    evaluator_pool: Any = None,
    clean_pod_policy: str = "Running",
    timeout: Any = None,
    secret: str | None = None,
    env: Mapping[str, Any] | None = None,
    retry: int | None = None,
    step_name: str | None = None,
    **flags: Any,
) -> StepOutputs:
    """Train with parameter servers, workers and evaluators.

    no_chief: false makes one of the workers the chief. flags: what else is given is appended to the
    command as `--name=value`. Pools of nodes belong to a cluster's own configuration. Gives the
    job's id, name and object.
    """
    check_counts(num_workers=num_workers, num_ps=num_ps, num_evaluators=num_evaluators)
    worker = Replicas(num_workers, image, command, worker_resources, worker_restart_policy)
    groups = {
        "PS": Replicas(num_ps, image, command, ps_resources, ps_restart_policy),
        "Worker": worker,
        "Evaluator": Replicas(
            num_evaluators, image, command, evaluator_resources, evaluator_restart_policy
        ),
    }
    if not no_chief and num_workers:
        groups |= {
            "Chief": replace(worker, count=1),
            "Worker": replace(worker, count=num_workers - 1),
        }
    role = "Worker" if groups["Worker"].count else "Chief"
    status = f"status.replicaStatuses.{role}"
    conditions = (f"{status}.succeeded == {groups[role].count}", f"{status}.failed > 0")
    job = Job("TFJob", "tfReplicaSpecs", groups, conditions, flags, clean_pod_policy)
    return job.write(env=env, secret=secret, timeout=timeout, retry=retry, step_name=step_name)
