"""What a step says of itself: containers, scripts that run, cluster objects, settings."""

# ruff: noqa: T201, E704

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml import couler
from sqlml.errors import ProgramError
from sqlml.workflow.ir import (
    Artifact,
    Backoff,
    Cache,
    Constant,
    Container,
    Dns,
    ForEach,
    InputFile,
    Join,
    Mount,
    Node,
    Output,
    OutputDeclaration,
    Placement,
    Resource,
    Resources,
    Retry,
    Schedule,
    Script,
    SecretKey,
    Take,
    Toleration,
    Volume,
)


def only() -> Node:
    (node,) = couler.workflow().nodes
    return node


def test_all_options_of_a_container_reach_the_workflow() -> None:
    secret = couler.obtain_secret(["user", "password"], name="database")
    couler.run_container(
        image="app:1",
        command="run",
        args=["--fast"],
        env={"COUNT": 3, "DEBUG": True, "RATE": 0.5, "secrets": [_variable("TOKEN")]},
        secret=secret,
        resources={"cpu": "500m", "memory": "2Gi", "nvidia.com/gpu": 1, "example.com/fpga": 2},
        timeout="1h30m",
        retry=3,
        step_name="my_App",
        image_pull_policy=couler.ImagePullPolicy.Always,
        daemon=True,
        volume_mounts=[couler.VolumeMount("data", "/data"), couler.VolumeMount("tmp", "/tmp")],
        working_dir="/work",
        node_selector={"disk": "ssd"},
        volumes=[couler.Volume("data", "claim")],
        cache=couler.Cache("kept", "key-1", "2h"),
    )
    workflow = couler.workflow()
    (node,) = workflow.nodes
    assert node.name == node.template == "my-app"
    assert node.operation == Container(
        "app:1", ("run",), (Take("para-my-app-0"),), "/work", "Always", daemon=True
    )
    assert node.env == {
        "COUNT": "3",
        "DEBUG": "True",
        "RATE": "0.5",
        "TOKEN": SecretKey("tokens", "one"),
        "user": SecretKey("database", "user"),
        "password": SecretKey("database", "password"),
    }
    assert node.resources == Resources(0.5, 2 * 2**30, 1, {"example.com/fpga": "2"})
    assert node.timeout == 5400
    assert node.retry == Retry(3, ("any",), Backoff(0.0, 1.0))
    assert node.cache == Cache("key-1", 7200)
    assert node.ext["argo"]["cache_name"] == "kept"
    assert node.mounts == (Mount("data", "/data"), Mount("tmp", "/tmp"))
    assert node.placement == Placement({"disk": "ssd"})
    assert workflow.volumes == (Volume("data", "claim", "claim"), Volume("tmp", "empty"))


def _variable(name: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": "tokens", "key": "one"}}}


def test_what_holds_for_the_whole_workflow_reaches_it() -> None:
    couler.config_workflow(
        name="nightly",
        user_id="me",
        timeout=3600,
        time_to_clean=60,
        service_account="runner",
        affinity={"nodeAffinity": {}},
        cron_config={
            "schedule": "0 3 * * *",
            "suspend": "true",
            "concurrency_policy": "Forbid",
            "timezone": "Europe/Berlin",
            "failed_jobs_history_limit": 2,
        },
    )
    couler.create_workflow_volume(couler.VolumeClaimTemplate("work", ["ReadWriteMany"], "5Gi"))
    couler.add_toleration(couler.Toleration("gpu", "Exists", "NoSchedule"))
    couler.add_image_pull_secret(couler.ImagePullSecret("registry"))
    couler.set_dns("None", couler.DnsConfig(["1.1.1.1"], [couler.DnsConfigOption("ndots", 2)]))
    couler.set_security_context({"runAsUser": 1000})
    couler.run_container(image="a")
    workflow = couler.workflow()
    assert workflow.name == "nightly"
    assert (workflow.timeout, workflow.cleanup) == (3600, 60)
    assert workflow.schedule == Schedule(("0 3 * * *",), "Europe/Berlin", "forbid", suspended=True)
    assert workflow.volumes == (Volume("work", "new-claim", "", "5Gi", ("ReadWriteMany",)),)
    assert workflow.placement == Placement(
        tolerations=(Toleration("gpu", "Exists", "", "NoSchedule"),),
        affinity={"nodeAffinity": {}},
    )
    pods = workflow.pods
    assert pods.image_pull_secrets == ("registry",)
    assert pods.service_account == "runner"
    assert pods.dns == Dns("None", ("1.1.1.1",), (), {"ndots": "2"})
    assert pods.security_context == {"runAsUser": 1000}
    assert workflow.ext["argo"]["cron"] == {
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 2,
        "startingDeadlineSeconds": 10,
    }


# --- artifacts ----------------------------------------------------------------------------


def test_artifacts_are_outputs_and_files_of_others() -> None:
    places = [
        couler.create_parameter_artifact("/tmp/a", is_global=True),
        couler.create_parameter_artifact("/tmp/b"),
        couler.create_oss_artifact(
            "/tmp/c", "bucket/", accesskey_id="me", accesskey_secret="hush", key="k/c", endpoint="e"
        ),
        couler.create_local_artifact("/tmp/d"),
    ]
    made = couler.run_container(image="a", step_name="make", output=places)
    stored = couler.create_gcs_artifact("/in/e", bucket="g", key="e")
    couler.run_container(image="a", step_name="use", args=made, input=[stored])
    make, use = couler.workflow().nodes
    secret = next(iter(couler.workflow().nodes[0].outputs[2].artifact.secrets.values())).secret  # type: ignore[union-attr]
    oss = Artifact(
        "oss",
        "bucket/k/c",
        {"endpoint": "e"},
        {
            "accessKey": SecretKey(secret, "accessKey"),
            "secretKey": SecretKey(secret, "secretKey"),
        },
    )
    assert make.outputs == (
        OutputDeclaration("output", "parameter", path="/tmp/a"),
        OutputDeclaration("output-2", "parameter", path="/tmp/b"),
        OutputDeclaration("output-oss", "artifact", path="/tmp/c", artifact=oss),
        OutputDeclaration("output-local", "artifact", path="/tmp/d"),
    )
    assert make.ext["argo"]["global_outputs"] == ("output",)
    assert list(use.inputs.values()) == [Output("make", "output"), Output("make", "output-2")]
    assert use.files == {
        "output-oss": InputFile("/tmp/c", Output("make", "output-oss")),
        "output-local": InputFile("/tmp/d", Output("make", "output-local")),
        "input-gcs": InputFile("/in/e", Artifact("gcs", "g/e")),
    }
    assert "hush" not in repr(couler.workflow())


def test_every_kind_of_store_has_its_place() -> None:
    hdfs = couler.create_hdfs_artifact("/a", ["n1:8020"], "/data/a", "me")
    git = couler.create_git_artifact("/b", "https://example.com/r.git", "v1")
    couler.run_container(image="a", input=[hdfs, git])
    assert [file.source for file in only().files.values()] == [
        Artifact("hdfs", "/data/a", {"addresses": ("n1:8020",), "hdfsUser": "me"}),
        Artifact("git", "https://example.com/r.git", {"revision": "v1"}),
    ]


# --- scripts ------------------------------------------------------------------------------


def body_alone():
    # a comment
    import math

    text = """
left"""
    print(math.floor(2.5), text.strip())


def returns_early():
    print("before")
    return
    print("after")


def with_arguments(count, name, rate, flags):
    print(count + 1, name.upper(), rate * 2, flags["a"][0], sep="|")


def recursive(n):
    print(n)
    if n:
        recursive(n - 1)


def one_line(): print("one")  # fmt: skip


SCRIPTS: list[tuple[Callable[..., Any], list[Any], str]] = [
    (body_alone, [], "2 left"),
    (returns_early, [], "before"),
    (with_arguments, [41, "x", 0.5, {"a": [True]}], "42|X|1.0|True"),
    (recursive, [1], "1\n0"),
    (one_line, [], "one"),
    (lambda: print("lambda"), [], "lambda"),
]


@pytest.mark.parametrize(("source", "args", "printed"), SCRIPTS)
def test_a_function_runs_by_itself_with_its_arguments(
    source: Callable[..., Any], args: list[Any], printed: str
) -> None:
    couler.run_script(image="python", source=source, args=args or None)
    operation = only().operation
    assert isinstance(operation, Script)
    given = [value.value for value in only().inputs.values() if isinstance(value, Constant)]
    texts = [value if isinstance(value, str) else _json(value) for value in given]
    assert list(only().env.values()) == [Take(name) for name in only().inputs]
    shown = subprocess.run(
        [sys.executable, "-c", operation.source],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **dict(zip(only().env, texts, strict=True))},
    )
    assert shown.stdout.strip() == printed


def _json(value: Any) -> str:
    return json.dumps(
        {k: list(v) for k, v in value.items()} if isinstance(value, Mapping) else value
    )


def test_text_runs_with_its_own_interpreter() -> None:
    couler.run_script(image="bash", command="bash", source="echo $1", args=[1], step_name="say")
    assert only().operation == Script("echo $1", "bash", ("bash",), (Take("para-say-0"),))


def test_an_output_written_into_a_text_is_refused_with_the_way_to_pass_it() -> None:
    made = couler.run_container(image="a")
    for wrong in (f"x={made[0]}", f"{made}"):
        with pytest.raises(ProgramError, match="is known only when the step runs"):
            couler.run_container(image="a", args=[wrong])


# --- jobs ---------------------------------------------------------------------------------

MANIFEST = """\
apiVersion: batch/v1
kind: Job
metadata:
  generateName: pi-
spec:
  template:
    spec:
      containers: [{name: pi, image: perl}]
"""


def manifest_of(node: Node, **values: str) -> Any:
    """A manifest as the cluster would get it."""
    assert isinstance(node.operation, Resource)
    match node.operation.manifest:
        case Join(parts):
            text = "".join(values[p.input] if isinstance(p, Take) else p for p in parts)
        case text:
            assert isinstance(text, str)
    return yaml.safe_load(text)


def test_a_job_waits_for_its_conditions_and_gives_its_name() -> None:
    job = couler.run_job(
        manifest=MANIFEST,
        success_condition="status.succeeded > 0",
        failure_condition="status.failed > 3",
        step_name="pi",
    )
    couler.run_container(image="a", args=job, step_name="use")
    pi, use = couler.workflow().nodes
    assert pi.operation == Resource(
        MANIFEST, "create", "status.succeeded > 0", "status.failed > 3", owned=True
    )
    assert list(use.inputs.values()) == [
        Output("pi", name) for name in ("job-id", "job-name", "job-obj")
    ]


def test_the_environment_of_a_job_goes_into_its_manifest_with_outputs_of_steps() -> None:
    made = couler.run_container(image="a", step_name="make")
    couler.run_job(MANIFEST, "s", "f", step_name="job", env={"COUNT": 3, "FROM": made})
    job = couler.workflow().nodes[1]
    assert job.inputs == {"env-job-0": Output("make", "result")}
    assert manifest_of(job, **{"env-job-0": "value"})["spec"]["env"] == [
        {"name": "COUNT", "value": "3"},
        {"name": "FROM", "value": "value"},
    ]


def test_jobs_of_a_loop_are_named_after_their_items() -> None:
    named = MANIFEST.replace("generateName: pi-", "name: pi")
    couler.map(lambda _: couler.run_job(named, "s", "f", step_name="pi"), ["a", "b"])
    couler.map(lambda _: couler.run_job(MANIFEST, "s", "f", step_name="free"), ["a", "b"])
    pi, free = couler.workflow().nodes
    assert pi.loop == ForEach(Constant(({"pi-para-name": "a"}, {"pi-para-name": "b"})))
    assert manifest_of(pi, **{"pi-para-name": "a"})["metadata"] == {"name": "a"}
    assert manifest_of(free)["metadata"] == {"generateName": "pi-"}


# --- the step zoo -------------------------------------------------------------------------


def test_tensorflow_is_a_tfjob_with_a_group_for_each_role() -> None:
    from sqlml.couler.steps import tensorflow

    tensorflow.train(
        num_ps=2,
        num_workers=3,
        image="tf:1",
        command="python /train.py",
        worker_resources={"cpu": 2, "memory": "4Gi"},
        env={"A": 1},
        secret=couler.obtain_secret(["key"], name="store"),
        no_chief=False,
        batch_size=64,
    )
    job = manifest_of(only(), **dict.fromkeys(only().inputs, "64"))
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "TFJob")
    groups = job["spec"]["tfReplicaSpecs"]
    assert {role: group["replicas"] for role, group in groups.items()} == {
        "PS": 2,
        "Worker": 2,
        "Chief": 1,
    }
    (container,) = groups["Worker"]["template"]["spec"]["containers"]
    assert container == {
        "name": "tensorflow",
        "image": "tf:1",
        "command": ["sh", "-c", 'python /train.py "$@"', "sh"],
        "args": ["--batch_size=64"],
        "env": [
            {"name": "A", "value": "1"},
            {"name": "key", "valueFrom": {"secretKeyRef": {"name": "store", "key": "key"}}},
        ],
        "resources": {
            "requests": {"cpu": "2", "memory": "4Gi"},
            "limits": {"cpu": "2", "memory": "4Gi"},
        },
    }
    assert only().operation.success == "status.replicaStatuses.Worker.succeeded == 2"  # type: ignore[union-attr]


def test_pytorch_mpi_and_xgboost_are_jobs_of_today() -> None:
    from sqlml.couler.steps import mpi, pytorch, xgboost

    resources = "cpu=0.5, memory=2Gi"  # as Couler writes them
    pytorch.train("torch:1", "python t.py", num_workers=2, step_name="old",
                  worker_resources=resources)  # fmt: skip
    pytorch.train(
        "torch:1", ["python", "t.py"], num_workers=2, runtime="torch-distributed", step_name="new"
    )
    mpi.train("mpi:1", "mpirun x", num_workers=2, step_name="mpi")
    xgboost.train(image="xgb:1", command="python x.py", num_workers=1, step_name="xgb")
    old, new, over_mpi, xgb = couler.workflow().nodes
    groups = manifest_of(old)["spec"]["pytorchReplicaSpecs"]
    assert set(groups) == {"Master", "Worker"}
    (worker,) = groups["Worker"]["template"]["spec"]["containers"]
    assert worker["resources"]["requests"] == {"cpu": "0.5", "memory": "2Gi"}
    assert manifest_of(new) == {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"generateName": "new-"},
        "spec": {
            "runtimeRef": {"name": "torch-distributed"},
            "trainer": {"image": "torch:1", "command": ["python", "t.py"], "numNodes": 3},
        },
    }
    assert new.operation.success == "status.jobsStatus.0.succeeded > 0"  # type: ignore[union-attr]
    assert set(manifest_of(over_mpi)["spec"]["mpiReplicaSpecs"]) == {"Launcher", "Worker"}
    assert set(manifest_of(xgb)["spec"]["xgbReplicaSpecs"]) == {"Master", "Worker"}


TRIAL = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Trial}}
  namespace: {{.NameSpace}}
spec:
  template:
    spec:
      containers:
      - name: training
        image: xgb:1
        command:
        - "python"
        {{- with .HyperParameters}}
        {{- range .}}
        - "--{{.Name}}={{.Value}}"
        {{- end}}
        {{- end}}
"""


def test_katib_experiments_of_older_versions_become_those_of_today() -> None:
    from sqlml.couler.steps import katib

    katib.run(
        tuning_params=[
            {"name": "max_depth", "range": [2, 10]},
            {"name": "eta", "range": [0.1, 0.5]},
            {"name": "booster", "choices": ["gbtree", "dart"]},
        ],
        objective={"type": "maximize", "goal": 0.99, "metric_name": "accuracy"},
        raw_template=TRIAL,
        max_trial_count=6,
    )
    experiment = manifest_of(only())
    spec = experiment["spec"]
    assert experiment["apiVersion"] == "kubeflow.org/v1beta1"
    assert [p["parameterType"] for p in spec["parameters"]] == ["int", "double", "categorical"]
    assert spec["parameters"][0]["feasibleSpace"] == {"min": "2", "max": "10"}
    trial = spec["trialTemplate"]
    assert trial["primaryContainerName"] == "training"
    (container,) = trial["trialSpec"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == [
        "python",
        "--max_depth=${trialParameters.max_depth}",
        "--eta=${trialParameters.eta}",
        "--booster=${trialParameters.booster}",
    ]
    assert "metadata" not in trial["trialSpec"]  # Katib names them
    assert only().operation.success == "status.trialsSucceeded >= 6"  # type: ignore[union-attr]


def test_a_container_named_after_the_trial_has_a_name_of_its_own() -> None:
    from sqlml.couler.steps import katib

    katib.run(
        tuning_params=[{"name": "depth", "range": [2, 10]}],
        objective={"type": "maximize", "metric_name": "accuracy"},
        raw_template=TRIAL.replace("name: training", "name: {{.Trial}}"),
    )
    trial = manifest_of(only())["spec"]["trialTemplate"]
    (container,) = trial["trialSpec"]["spec"]["template"]["spec"]["containers"]
    assert trial["primaryContainerName"] == container["name"] == "trial"


# --- imports ------------------------------------------------------------------------------


def test_the_paths_of_import_of_couler_lead_to_the_same_things(tmp_path: Path) -> None:
    from sqlml.couler import argo
    from sqlml.couler.argo_submitter import ArgoSubmitter
    from sqlml.couler.core.constants import WFStatus
    from sqlml.couler.core.states import get_step_output
    from sqlml.couler.core.syntax import when
    from sqlml.couler.core.syntax.dag import set_dependencies
    from sqlml.couler.core.templates.toleration import Toleration as Tolerated
    from sqlml.couler.core.templates.volume_claim import VolumeClaimTemplate

    assert argo.run_script is couler.run_script
    assert ArgoSubmitter is couler.ArgoSubmitter
    assert WFStatus is couler.WFStatus
    assert get_step_output is couler.get_step_output
    assert when is couler.when
    assert set_dependencies is couler.set_dependencies
    assert Tolerated is couler.Toleration
    assert VolumeClaimTemplate is couler.VolumeClaimTemplate


def test_importing_the_interface_loads_nothing_heavy() -> None:
    heavy = {"duckdb", "kubernetes", "pandas", "pyarrow", "sklearn", "sqlglot", "xgboost", "yaml"}
    code = f"import sqlml.couler, sys; print(sorted({heavy!r} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
