"""Distributed training with PyTorch: a PyTorchJob, or a TrainJob of today's Kubeflow Trainer."""

from collections.abc import Mapping
from typing import Any

from sqlml.couler.outputs import StepOutputs
from sqlml.couler.steps.jobs import TRAIN_JOB_CONDITIONS, Job, Replicas, check_counts


def train(  # noqa: PLR0917
    image: str | None = None,
    command: Any = "",
    secret: str | None = None,
    master_image: str | None = None,
    master_resources: Mapping[str, Any] | str | None = None,
    master_restart_policy: str = "Never",
    master_command: Any = None,
    num_workers: int = 0,
    worker_image: str | None = None,
    worker_resources: Mapping[str, Any] | str | None = None,
    worker_restart_policy: str = "Never",
    worker_command: Any = None,
    clean_pod_policy: str = "Running",
    timeout: Any = None,
    env: Mapping[str, Any] | None = None,
    retry: int | None = None,
    step_name: str | None = None,
    runtime: str | None = None,
    **flags: Any,
) -> StepOutputs:
    """Train with a master and workers.

    runtime: of Kubeflow Trainer, such as `torch-distributed`; the job is then a TrainJob, in which
    all nodes do the same. flags: what else is given is appended to the command as `--name=value`.
    """
    check_counts(num_masters=1, num_workers=num_workers)
    groups = {
        "Master": Replicas(
            1,
            master_image or image,
            master_command or command,
            master_resources,
            master_restart_policy,
        ),
        "Worker": Replicas(
            num_workers,
            worker_image or image,
            worker_command or command,
            worker_resources,
            worker_restart_policy,
        ),
    }
    status = "status.replicaStatuses"
    failing = "Worker" if num_workers else "Master"
    conditions = (f"{status}.Master.succeeded > 0", f"{status}.{failing}.failed > 0")
    job = Job(
        "PyTorchJob",
        "pytorchReplicaSpecs",
        groups,
        TRAIN_JOB_CONDITIONS if runtime else conditions,
        flags,
        clean_pod_policy,
        runtime,
    )
    return job.write(env=env, secret=secret, timeout=timeout, retry=retry, step_name=step_name)
