"""XGBoost: trees trained on a table, or a distributed XGBoostJob of Kubeflow."""

from collections.abc import Mapping
from typing import Any

from sqlml.couler.outputs import StepOutputs
from sqlml.couler.steps.estimator import Estimator
from sqlml.couler.steps.jobs import TRAIN_JOB_CONDITIONS, Job, Replicas, check_counts
from sqlml.couler.steps.table import Dataset, train_on_table

__all__ = ["Dataset", "XGBoostEstimator", "train"]


class XGBoostEstimator(Estimator):
    """Gradient boosted trees of XGBoost."""

    estimator = "xgboost.gbtree"


def train(  # noqa: PLR0917
    datasource: Dataset | None = None,
    model_params: Mapping[str, Any] | None = None,
    train_params: Mapping[str, Any] | None = None,
    image: str | None = None,
    command: Any = "",
    num_workers: int = 0,
    resources: Mapping[str, Any] | str | None = None,
    model_path: str | None = None,
    clean_pod_policy: str = "Running",
    timeout: Any = None,
    secret: str | None = None,
    env: Mapping[str, Any] | None = None,
    retry: int | None = None,
    step_name: str | None = None,
    runtime: str | None = None,
    **flags: Any,
) -> StepOutputs:
    """Train on a table, or without one run an image's own training on several machines.

    datasource: trained by a worker of sqlml, which needs no other image; gives the model.
    model_params, train_params: as XGBoost names them. model_path: the model's name, that of the
    function if not given. Without a datasource: `command` in `image`, with a master and workers,
    or as a TrainJob where a `runtime` is named; flags: appended to it as `--name=value`.
    """
    parameters = {**(model_params or {}), **(train_params or {})}
    if datasource is not None:
        return train_on_table("xgboost.gbtree", datasource, parameters, model_path, step_name)
    check_counts(num_masters=1, num_workers=num_workers)
    groups = {
        "Master": Replicas(1, image, command, resources),
        "Worker": Replicas(num_workers, image, command, resources),
    }
    status = "status.replicaStatuses"
    failing = "Worker" if num_workers else "Master"
    conditions = (f"{status}.Master.succeeded > 0", f"{status}.{failing}.failed > 0")
    job = Job(
        "XGBoostJob",
        "xgbReplicaSpecs",
        groups,
        TRAIN_JOB_CONDITIONS if runtime else conditions,
        {**parameters, **flags},
        clean_pod_policy,
        runtime,
    )
    return job.write(env=env, secret=secret, timeout=timeout, retry=retry, step_name=step_name)
