"""Distributed training over MPI: an MPIJob of Kubeflow."""

from collections.abc import Mapping
from typing import Any

from sqlml.couler.outputs import StepOutputs
from sqlml.couler.steps.jobs import TRAIN_JOB_CONDITIONS, Job, Replicas, check_counts


def train(  # noqa: PLR0917
    image: str | None = None,
    command: Any = "",
    secret: str | None = None,
    launcher_image: str | None = None,
    launcher_resources: Mapping[str, Any] | str | None = None,
    launcher_restart_policy: str = "Never",
    launcher_command: Any = None,
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
    """Train with a launcher and workers.

    runtime: of Kubeflow Trainer, such as `deepspeed-distributed`; the job is then a TrainJob.
    flags: what else is given is appended to the command as `--name=value`.
    """
    check_counts(num_workers=num_workers)
    launcher = Replicas(
        1,
        launcher_image or image,
        launcher_command or command,
        launcher_resources,
        launcher_restart_policy,
    )
    worker = Replicas(
        num_workers,
        worker_image or image,
        worker_command or command,
        worker_resources,
        worker_restart_policy,
    )
    groups = {"Worker": worker} if runtime else {"Launcher": launcher, "Worker": worker}
    status = "status.replicaStatuses.Launcher"
    conditions = (f"{status}.succeeded > 0", f"{status}.failed > 0")
    job = Job(
        "MPIJob",
        "mpiReplicaSpecs",
        groups,
        TRAIN_JOB_CONDITIONS if runtime else conditions,
        flags,
        clean_pod_policy,
        runtime,
    )
    return job.write(env=env, secret=secret, timeout=timeout, retry=retry, step_name=step_name)
