"""Kubeflow's training jobs as steps: what all of their kinds have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlml.couler.arguments import Arguments, Environment, arguments_of, environment_of
from sqlml.couler.manifests import marked, object_text, variables
from sqlml.couler.outputs import StepOutputs
from sqlml.couler.run_templates import write_job
from sqlml.couler.secrets import secret_environment
from sqlml.workflow.ir import Text
from sqlml.workflow.places import fault
from sqlml.workflow.quantities import amounts_of, quantity


@dataclass(frozen=True, slots=True)
class Replicas:
    """Pods that do the same in a job. command: a line for the shell, or a list of words."""

    count: int
    image: str | None
    command: Any = ""
    resources: Mapping[str, Any] | str | None = None
    restart_policy: str = "Never"


@dataclass(frozen=True, slots=True)
class Job:
    """A job of Kubeflow. groups: its replicas by their roles, those without pods left out.

    name: of the field that the groups are in. flags: appended to the commands as `--name=value`;
    their values can be outputs of other steps. conditions: on success and on failure.
    """

    kind: str
    name: str
    groups: Mapping[str, Replicas]
    conditions: tuple[str, str]
    flags: Mapping[str, Any]
    clean_pod_policy: str = "Running"
    runtime: str | None = None

    def write(
        self,
        *,
        env: Mapping[str, Any] | None,
        secret: str | None,
        timeout: Any,
        retry: int | None,
        step_name: str | None,
    ) -> StepOutputs:
        """Write the step that runs the job."""
        environment = environment_of(env, secret_environment(secret))
        given = arguments_of(list(self.flags.values()), None)
        if len(given.values) != len(self.flags):
            raise fault("E0730", "the value of a flag must be one value, or one step's output")

        def text(template: str) -> Text:
            return object_text(self._manifest(template, given, environment))

        return write_job(
            text,
            lambda template: {**given.inputs(template), **environment.inputs(template)},
            conditions=self.conditions,
            timeout=timeout,
            retry=retry,
            step_name=step_name,
        )

    def _manifest(self, template: str, given: Arguments, env: Environment) -> dict[str, Any]:
        names = zip(self.flags, given.names(template), strict=True)
        flags = [f"--{flag}={marked(name)}" for flag, name in names]
        envs = variables(env, template)
        if self.runtime is not None:
            return self._train_job(template, flags, envs)
        groups = {
            role: _group(self.kind, replicas, flags, envs)
            for role, replicas in self.groups.items()
            if replicas.count
        }
        policy = {"cleanPodPolicy": self.clean_pod_policy}
        spec = {"runPolicy": policy, self.name: groups}
        return manifest_of("kubeflow.org/v1", self.kind, template, spec)

    def _train_job(
        self, template: str, flags: list[str], envs: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """The job in the terms of Kubeflow Trainer, whose runtime knows the roles."""
        first = next(iter(self.groups.values()))
        trainer = {
            **_called(first, flags),
            "numNodes": sum(replicas.count for replicas in self.groups.values()),
            **({"resourcesPerNode": _resources(first.resources)} if first.resources else {}),
            **({"env": envs} if envs else {}),
        }
        spec = {"runtimeRef": {"name": self.runtime}, "trainer": trainer}
        return manifest_of("trainer.kubeflow.org/v1alpha1", "TrainJob", template, spec)


TRAIN_JOB_CONDITIONS = ("status.jobsStatus.0.succeeded > 0", "status.jobsStatus.0.failed > 0")


def manifest_of(version: str, kind: str, template: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object whose name the cluster completes, so that every run makes another."""
    metadata = {"generateName": f"{template}-"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


_CONTAINERS = {
    "TFJob": "tensorflow",
    "PyTorchJob": "pytorch",
    "MPIJob": "mpi",
    "XGBoostJob": "xgboost",
}


def _group(
    kind: str, replicas: Replicas, flags: list[str], envs: list[dict[str, Any]]
) -> dict[str, Any]:
    container = {
        "name": _CONTAINERS[kind],
        **_called(replicas, flags),
        **({"env": envs} if envs else {}),
        **({"resources": _resources(replicas.resources)} if replicas.resources else {}),
    }
    return {
        "replicas": replicas.count,
        "restartPolicy": replicas.restart_policy,
        "template": {"spec": {"containers": [container]}},
    }


def _called(replicas: Replicas, flags: list[str]) -> dict[str, Any]:
    """The image and what it is to do; a line goes through the shell, which passes the flags on."""
    if not replicas.image:
        raise fault("E0730", "the job has no image", 'such as `image="python:3.12"`')
    command = replicas.command
    called: dict[str, Any] = {"image": replicas.image}
    if isinstance(command, str) and command.strip():
        line = f'{command.strip()} "$@"' if flags else command.strip()
        called["command"] = ["sh", "-c", line, *(["sh"] if flags else [])]
    elif command:
        called["command"] = [str(word) for word in command]
    if flags:
        called["args"] = flags
    return called


def _resources(asked: Any) -> dict[str, Any]:
    amounts = {
        n: str(amount) for n, amount in amounts_of(asked).items() if quantity(n, amount) >= 0
    }
    return {"requests": amounts, "limits": amounts}


def check_counts(**counts: Any) -> None:
    """Check that numbers of pods are such."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise fault("E0730", f"`{name}` must be a number of pods, not {count!r:.60}")
    if not any(counts.values()):
        names = " or ".join(f"`{name}`" for name in counts)
        raise fault("E0730", "the job has no pods", f"give {names} a number of at least 1")
