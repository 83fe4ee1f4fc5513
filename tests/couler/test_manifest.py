"""Argo's manifest of a program, and who is handed it."""

import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml import couler
from sqlml.codegen import ENGINES
from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.errors import ProgramError
from sqlml.source import Source

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "couler").glob("*.py"))


def job(name: str, **more: Any):
    return couler.run_container(image="a:1", command=["echo"], args=[name], **more)


def checked() -> dict[str, Any]:
    """The manifest, in which the linter finds nothing."""
    manifest = couler.workflow_yaml()
    faults = lint([Source("manifest.yaml", yaml.safe_dump(manifest, sort_keys=False))])
    assert [fault.message for fault in faults] == []
    return manifest


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_listings_of_the_paper_are_manifests_that_argo_takes_and_files_of_every_engine(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_DB", str(tmp_path / "none.duckdb"))
    runpy.run_path(str(example))
    manifest = checked()
    assert manifest["metadata"] == {"generateName": f"{example.stem.replace('_', '-')}-"}
    for engine in set(ENGINES) - {"python"}:
        for name, text in render(couler.workflow(), engine, Options()).items():
            assert engine != "tekton" or lint([Source(name, text)]) == []


def test_the_entrypoint_comes_first_and_templates_in_the_order_of_their_definition() -> None:
    couler.config_workflow(name="nightly", user_id="me")
    job("b", step_name="second")
    job("a", step_name="first")
    manifest = checked()
    assert manifest["metadata"] == {"name": "nightly", "labels": {"couler_job_user": "me"}}
    assert manifest["spec"]["entrypoint"] == "nightly"
    assert [t["name"] for t in manifest["spec"]["templates"]] == ["nightly", "second", "first"]


def test_implicit_order_is_groups_of_steps_and_explicit_order_lists_of_dependencies() -> None:
    result = job("x", step_name="flip")
    couler.when(couler.equal(result, "heads"), lambda: job("h", step_name="heads"))
    couler.when(couler.equal(result, "tails"), lambda: job("t", step_name="tails"))
    job("e", step_name="end")
    steps = checked()["spec"]["templates"][0]["steps"]
    assert [[step["name"] for step in group] for group in steps] == [
        ["flip"],
        ["heads", "tails"],
        ["end"],
    ]
    couler._cleanup()
    couler.set_dependencies(lambda: job("a", step_name="A"))
    couler.set_dependencies(lambda: job("b", step_name="B"), dependencies=["A"])
    tasks = checked()["spec"]["templates"][0]["dag"]["tasks"]
    assert [(task["name"], task.get("dependencies")) for task in tasks] == [
        ("a", None),
        ("b", ["a"]),
    ]


def test_terms_of_dependencies_are_argos_own_with_the_names_of_the_steps() -> None:
    """The graph of Argo's own example, which has no tasks but the program's."""
    terms = {
        "A": None,
        "B": ["A"],
        "C": ["A"],
        "Should_1": "A && (C.Succeeded || C.Failed)",
        "should-2": "B || C",
        "not-3": "B && C",
        "should-4": "should-2.Succeeded  ||\n not-3.Errored",
    }
    made = {
        name: couler.set_dependencies(lambda name=name: job("x", step_name=name), term)
        for name, term in terms.items()
    }
    coin = couler.equal(made["B"], "heads")
    couler.set_dependencies(lambda: couler.when(coin, lambda: job("x", step_name="D")), "A || C")
    tasks = {task["name"]: task for task in checked()["spec"]["templates"][0]["dag"]["tasks"]}
    assert {name: task.get("depends") for name, task in tasks.items()} == {
        "a": None,
        "b": "a",
        "c": "a",
        "should-1": "a && (c.Succeeded || c.Failed)",
        "should-2": "b || c",
        "not-3": "b && c",
        "should-4": "should-2.Succeeded || not-3.Errored",
        "d": "(a || c) && b",
    }
    assert {name for name, task in tasks.items() if "when" in task} == {"d"}


def test_a_script_of_another_language_finds_its_arguments_behind_its_own_file() -> None:
    couler.run_script(
        image="bash", command=["bash", "-e"], source='echo "$1"', args=["x y"], step_name="say"
    )
    template = checked()["spec"]["templates"][1]
    (file,) = template["inputs"]["artifacts"]
    assert file["raw"] == {"data": 'echo "$1"'}
    container = template["container"]
    assert container["command"] == ["bash", "-e", file["path"]]
    assert container["args"] == ["{{inputs.parameters.para-say-0}}"]


def test_exit_handlers_are_for_the_kind_of_end_that_they_are_set_for() -> None:
    status = couler.WFStatus
    job("a")
    couler.set_exit_handler(status.Succeeded, lambda: job("s", step_name="fine"))
    couler.set_exit_handler(status.Failed, lambda: job("f", step_name="failed"))
    couler.set_exit_handler(status.Error, lambda: job("e", step_name="error"))
    for either in (status.Failed, status.Error):
        couler.set_exit_handler(either, lambda: job("b", step_name="both"))
    manifest = checked()
    (exits,) = (t for t in manifest["spec"]["templates"] if t["name"] == manifest["spec"]["onExit"])
    assert {step["name"]: step["when"] for group in exits["steps"] for step in group} == {
        "fine": "{{workflow.status}} == Succeeded",
        "failed": "{{workflow.status}} == Failed",
        "error": "{{workflow.status}} == Error",
        "both": "{{workflow.status}} == Error || {{workflow.status}} == Failed",
    }


def test_a_schedule_makes_a_cron_workflow() -> None:
    times = ["0 3 * * *", "@hourly"]
    couler.config_workflow(name="nightly", cron_config={"schedules": times, "suspend": True})
    job("a")
    manifest = checked()
    assert manifest["kind"] == "CronWorkflow"
    assert manifest["spec"]["schedules"] == times
    assert manifest["spec"]["suspend"] is True


CLUSTER = """
class Cluster:
    def config_pod(self, template, pool, enable_ulogfs):
        return {**template, "nodeSelector": {"pool": pool}} if pool else template

    def config_workflow(self, spec):
        return {**spec, "hostNetwork": True}

cluster = Cluster()
"""


def test_a_clusters_own_file_changes_pods_and_workflow(tmp_path: Path) -> None:
    path = tmp_path / "cluster.py"
    path.write_text(CLUSTER, "utf-8")
    couler.config_workflow(cluster_config_file=str(path))
    job("a", step_name="a", pool="gpu")
    job("b", step_name="b")
    spec = checked()["spec"]
    assert spec["hostNetwork"] is True
    assert [t.get("nodeSelector") for t in spec["templates"]] == [None, {"pool": "gpu"}, None]
    couler.config_workflow(cluster_config_file=str(tmp_path / "none.py"))
    with pytest.raises(ProgramError, match="cannot be read"):
        couler.workflow_yaml()


class Recorder:
    """Stands for a cluster: keeps what it is handed."""

    def __init__(self) -> None:
        self.given: list[tuple[dict[str, Any], list[str]]] = []

    def submit(self, workflow_yaml: dict[str, Any], secrets: Any = None) -> str:
        self.given.append((workflow_yaml, [secret.name for secret in secrets]))
        return "submitted"


def test_a_submitter_is_handed_the_manifest_and_the_secrets_to_be_made() -> None:
    recorder = Recorder()
    made = couler.create_secret({"a": "b"}, name="made")
    couler.create_secret({"a": "c"}, name="there", use_existing=True)
    job("a", secret=made)
    assert couler.run(submitter=recorder) == "submitted"
    ((manifest, secrets),) = recorder.given
    assert (manifest["kind"], secrets) == ("Workflow", ["made"])
    with pytest.raises(ProgramError, match="no steps"):
        couler.workflow()
    couler.set_default_submitter(recorder)
    job("b")
    couler.submit()
    couler.set_default_submitter(None)
    assert len(recorder.given) == 2


def test_a_submitter_may_take_the_workflow_itself() -> None:
    class Names:
        def submit_workflow(self, workflow: Any, secrets: Any) -> list[str]:
            return [*(node.name for node in workflow.nodes), *secrets]

    couler.create_secret({"a": "b"}, name="secret")
    job("a", step_name="a")
    assert couler.run(submitter=Names) == ["a", "secret"]
