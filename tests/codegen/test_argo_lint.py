"""Manifests that Argo refuses, or takes and then fails on; and those it takes."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml.cli.main import outcome
from sqlml.codegen.argo.rules.cron import cron_fault
from sqlml.codegen.lint import lint
from sqlml.codegen.yaml import dump
from sqlml.source import Source

RIGHT = Path(__file__).parent / "right.yaml"
TABLE: dict[str, Any] = yaml.safe_load((RIGHT.parent / "wrong.yaml").read_text("utf-8"))
BASE = TABLE["base"]
MAIN, WORK, FIRST = "spec.templates.0.", "spec.templates.1.", "spec.templates.0.dag.tasks.0."
GONE = object()
NINE = ", ".join(["*{0}"] * 9)
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "\n".join(
    f"{name}: &{name} [{NINE.format(before)}]"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def mutated(path: str, value: Any) -> dict[str, Any]:
    """The base manifest with another value at a path; a mapping is merged into one."""
    manifest = deepcopy(BASE)
    place: Any = manifest
    *parents, last = path.removesuffix(".").split(".")
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    at: Any = int(last) if isinstance(place, list) else last
    if not path:
        place |= value
    elif path.endswith("."):
        place[at] |= value
    elif value is GONE:
        del place[at]
    else:
        place[at] = value
    return manifest


def told(text: str) -> list[str]:
    return [f"{fault.code} {fault.message}" for fault in lint([Source("w.yaml", text)])]


def test_what_is_right_passes() -> None:
    assert told(RIGHT.read_text("utf-8")) == []
    assert told(dump(BASE)) == []


@pytest.mark.parametrize("case", TABLE["wrong"], ids=lambda case: str(case["fault"]))
def test_what_is_wrong_is_found(case: dict[str, Any]) -> None:
    found = told(dump(mutated(case["at"], case.get("put", GONE))))
    fault = case["fault"]
    assert any(one.startswith(fault) for one in found) if fault else not found, found


def test_the_schema_is_strict_all_the_way_down() -> None:
    """No field of the schema, however deep, takes a neighbour that is not in it."""
    manifest = mutated(WORK + "container.env", [{"name": "A", "valueFrom": {"secretKeyRf": {}}}])
    (fault,) = lint([Source("w.yaml", dump(manifest))])
    assert fault.message == "`valueFrom` has no field `secretKeyRf`"
    assert fault.hint == "did you mean `secretKeyRef`?"
    assert fault.span is not None
    assert fault.span.text == "secretKeyRf"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [1", "this is not YAML"),
        ("a: 1\na: 2", "`a` is there twice"),
        ("a: &x [*x]", "an alias holds itself"),
        ("\x01", "this is not YAML"),
        (BOMB, "the aliases in it make it too large"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_found_at_its_place(text: str, fault: str) -> None:
    found = lint([Source("w.yaml", text)])
    assert found[0].code == "E0715"
    assert fault in found[0].message
    assert found[0].span is not None


def test_the_limits_of_a_cluster_are_known() -> None:
    arguments = {"parameters": [{"name": "x", "value": "1"}]}
    tasks = [{"name": f"t{i}", "template": "work", "arguments": arguments} for i in range(201)]
    assert told(dump(mutated(MAIN + "dag.tasks", tasks))) == [
        "E0725 a graph has at most 200 tasks, this has 201"
    ]
    more = [{"name": f"w{i}", "container": {"image": "a"}} for i in range(200)]
    found = told(dump(mutated("spec.templates", BASE["spec"]["templates"] + more)))
    assert found == ["E0725 a workflow has at most 200 templates, this has 203"]


def test_templates_of_other_files_are_known_when_they_are_given() -> None:
    shared = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "shared"},
        "spec": {"templates": [{"name": "t", "container": {"image": "a"}}]},
    }
    user = dump(
        mutated(FIRST, {"templateRef": {"name": "shared", "template": "u"}, "template": None})
    )
    assert told(user) == []
    found = lint([Source("w.yaml", user), Source("shared.yaml", dump(shared))])
    assert [fault.message for fault in found] == ["there is no template `u`"]
    shared["spec"]["arguments"] = {"parameters": [{"name": "a"}, {"name": "b", "value": "c"}]}
    for spec, faults in (
        ({"arguments": {"parameters": [{"name": "a", "value": "1"}]}, "entrypoint": "t"}, []),
        ({"entrypoint": "t"}, ["parameter `a` of `shared` has no value"]),
        ({"entrypoint": "u", "arguments": {"parameters": [{"name": "a", "value": "1"}]}},
         ["there is no template `u`"]),
        ({"arguments": {"parameters": [{"name": "a", "value": "1"}]}},
         ["neither the workflow nor `shared` has an entrypoint"]),
    ):  # fmt: skip
        referring = {**BASE, "spec": {"workflowTemplateRef": {"name": "shared"}, **spec}}
        sources = [Source("w.yaml", dump(referring)), Source("shared.yaml", dump(shared))]
        assert [fault.message for fault in lint(sources)] == faults


def test_cron_workflows() -> None:
    spec = {"schedule": "@daily", "workflowSpec": BASE["spec"], "schedules": ["61 * * * *"]}
    manifest = {**BASE, "kind": "CronWorkflow", "metadata": {"name": "c" * 53}, "spec": spec}
    assert told(dump(manifest)) == [
        "E0718 the name of a CronWorkflow has at most 52 characters, this has 53",
        "E0717 `spec` has no field `schedule`",
        "E0724 `schedules`: `61` is no minute",
    ]
    empty = {**manifest, "metadata": {"name": "c"}, "spec": {**spec, "schedules": []}}
    assert "E0724 `schedules` lists nothing" in told(dump(empty))


@pytest.mark.parametrize(
    "schedule", ["* * * *", "* * * * * *", "@dayly", "*/0 * * * *", "5-1 * * * *"]
)
def test_schedules_that_are_none(schedule: str) -> None:
    assert cron_fault(schedule)


@pytest.mark.parametrize(
    "schedule", ["CRON_TZ=Asia/Tokyo 0 5 * * ?", "1-5/2,7 * 1 JAN sun", "@every 90m"]
)
def test_schedules(schedule: str) -> None:
    assert not cron_fault(schedule)


def test_the_command_tells_places_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "right.yml").write_text(RIGHT.read_text("utf-8"), "utf-8")
    assert outcome(["lint", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "1 file, no faults\n"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(dump(mutated("spec.entrypoint", "mian")))
    assert outcome(["lint", str(wrong)]) == 2
    shown = capsys.readouterr().err
    assert f"--> {wrong}:6:15" in shown
    assert "did you mean `main`?" in shown
    assert outcome(["lint", "--json", str(wrong)]) == 2
    assert f'"place": "{wrong}:6:15"' in capsys.readouterr().out
    assert outcome(["lint", str(tmp_path / "nothing")]) == 2
    (tmp_path / "empty").mkdir()
    assert outcome(["lint", str(tmp_path / "empty")]) == 2


def test_an_empty_schedule_is_none() -> None:
    spec = {"schedules": [""], "workflowSpec": BASE["spec"]}
    manifest = {**BASE, "kind": "CronWorkflow", "metadata": {"name": "c"}, "spec": spec}
    assert told(dump(manifest)) == ["E0724 `schedules`: it is empty"]
