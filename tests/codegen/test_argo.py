"""Argo's manifests: valid whatever the workflow, and meaning what it means."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sqlml.codegen.engine import Options, render
from sqlml.codegen.lint import lint
from sqlml.errors import ProgramError
from sqlml.source import Source
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Artifact,
    Call,
    Comparison,
    Condition,
    Constant,
    Container,
    Dns,
    ForEach,
    HasStatus,
    InputFile,
    Item,
    Node,
    Not,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Place,
    Placement,
    Pods,
    Range,
    Repeat,
    Retry,
    Schedule,
    Script,
    SecretKey,
    Suspend,
    Take,
    Toleration,
    Volume,
    Workflow,
)

RESULT = (OutputDeclaration("result", "parameter"),)
FLIP = Node("flip", Script("print('heads')", "python:3"), outputs=RESULT)
SHOW = Node(
    "show",
    Container("alpine", ("echo", Take("para-show-0"))),
    {"para-show-0": Output("flip", "result")},
)

AFTER_FAILURE = After("flip", "failed")


def manifest(workflow: Workflow, options: Options | None = None) -> dict[str, Any]:
    """The only manifest of a workflow, which our linter has no fault to find with."""
    (text,) = render(workflow, "argo", options or Options()).values()
    assert [fault.message for fault in lint([Source("w.yaml", text)])] == []
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def templates(workflow: Workflow) -> dict[str, Any]:
    return {each["name"]: each for each in manifest(workflow)["spec"]["templates"]}


def tasks(*nodes: Node) -> dict[str, Any]:
    return {each["name"]: each for each in templates(Workflow("w", nodes))["w"]["dag"]["tasks"]}


def guarded(condition: Condition) -> str:
    return tasks(FLIP, replace(SHOW, guard=condition))["show"]["when"]  # type: ignore[no-any-return]


FLIPPED = Output("flip", "result")


def test_a_program_of_couler_s_kind() -> None:
    flow = Workflow(
        "diamond", (FLIP, replace(SHOW, template="show")), ext={"argo": {"layout": "dag"}}
    )
    assert (
        yaml.safe_dump(manifest(flow), sort_keys=False)
        == """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: diamond
spec:
  entrypoint: diamond
  templates:
  - name: diamond
    dag:
      failFast: false
      tasks:
      - name: flip
        template: flip
      - name: show
        template: show
        dependencies:
        - flip
        arguments:
          parameters:
          - name: para-show-0
            value: '{{tasks.flip.outputs.result}}'
  - name: flip
    script:
      image: python:3
      command:
      - python
      source: print('heads')
  - name: show
    inputs:
      parameters:
      - name: para-show-0
    container:
      image: alpine
      command:
      - echo
      - '{{inputs.parameters.para-show-0}}'
"""
    )


def test_steps_are_the_levels_of_the_graph() -> None:
    other = replace(FLIP, name="other", after=(After("show", "finished"),))
    flow = Workflow("w", (FLIP, SHOW, other), ext={"argo": {"layout": "steps"}})
    groups = templates(flow)["w"]["steps"]
    assert [[step["name"] for step in group] for group in groups] == [["flip"], ["show"], ["other"]]
    assert groups[1][0]["continueOn"] == {"failed": True, "error": True}
    assert groups[1][0]["arguments"]["parameters"][0]["value"] == "{{steps.flip.outputs.result}}"


def test_steps_that_do_the_same_share_a_template() -> None:
    again = replace(SHOW, name="again", inputs={"para-show-0": Constant("x")}, template="show")
    assert [*templates(Workflow("w", (FLIP, SHOW, again)))] == ["w", "flip", "show"]
    other = replace(again, operation=Container("busybox"))
    assert [*templates(Workflow("w", (FLIP, SHOW, other)))] == ["w", "flip", "show", "show-2"]


@pytest.mark.parametrize(
    ("condition", "when"),
    [
        (
            Comparison(FLIPPED, "==", Constant("heads")),
            "{{=tasks.flip.outputs.result == 'heads'}}",
        ),
        (Comparison(FLIPPED, ">", Constant(3)), "{{=asFloat(tasks.flip.outputs.result) > 3}}"),
        (
            Comparison(FLIPPED, "!=", Constant("1e2")),
            "{{=tasks.flip.outputs.result matches "
            "'^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$' ? "
            "asFloat(tasks.flip.outputs.result) != 100 : true}}",
        ),
        (Comparison(FLIPPED, "==", Constant(True)), "{{=tasks.flip.outputs.result == 'true'}}"),
        (
            Comparison(Constant("it's"), "==", FLIPPED),
            r"{{='it\'s' == tasks.flip.outputs.result}}",
        ),
        (
            HasStatus("failed", "flip"),
            "{{tasks.flip.status}} == Failed || {{tasks.flip.status}} == Error",
        ),
        (HasStatus("finished", "flip"), "true"),
        (AllOf(()), "true"),
        (AnyOf(()), "false"),
        (
            AllOf(
                (
                    Not(Comparison(FLIPPED, "<", Constant(-0.5))),
                    AnyOf((HasStatus("passed", "flip"),)),
                )
            ),
            "(!({{=asFloat(tasks.flip.outputs.result) < -0.5}})) && "
            "({{tasks.flip.status}} == Succeeded || {{tasks.flip.status}} == Skipped)",
        ),
    ],
)
def test_conditions(condition: Condition, when: str) -> None:
    assert guarded(condition) == when


def test_statuses_are_asked_for_only_where_plain_order_does_not_do() -> None:
    ends = Node("ends", Suspend(1), after=(After("flip", "failed"), After("show", "passed")))
    assert tasks(FLIP, SHOW, replace(ends, after=ends.after[1:]))["ends"]["dependencies"] == [
        "show"
    ]
    told = tasks(FLIP, SHOW, ends)
    assert told["show"]["depends"] == "flip"
    assert told["ends"]["depends"] == "(flip.Failed || flip.Errored) && show"


def test_what_needs_the_output_of_a_step_that_may_be_skipped_is_not_started_without() -> None:
    maybe = replace(FLIP, guard=Comparison(Constant(1), "==", Constant(2)))
    assert tasks(maybe, SHOW)["show"]["depends"] == "flip.Succeeded"
    order = Node("then", Suspend(1), after=(After("flip", "passed"),))
    assert tasks(maybe, order)["then"]["dependencies"] == ["flip"]


def test_loops_over_items() -> None:
    known = replace(FLIP, loop=ForEach(Constant(("a", 1, {"k": "v"}))), inputs={"x": Item("k")})
    over = replace(SHOW, loop=ForEach(FLIPPED), inputs={"para-show-0": Item()})
    told = tasks(known, over, Node("count", Suspend(1), loop=ForEach(Range(2, 5))))
    assert told["flip"]["withItems"] == ["a", 1, {"k": "v"}]
    assert told["flip"]["template"] == "flip-round"  # whose texts show does not take for JSON
    texts = "map(fromJSON(tasks.flip.outputs.parameters.result), {trimPrefix(#, '=')})"
    assert told["show"]["withParam"] == f"{{{{=toJson({texts})}}}}"
    assert told["count"]["withSequence"] == {"start": "2", "end": "4"}
    limited = templates(Workflow("w", (FLIP, replace(over, loop=ForEach(FLIPPED, 2)))))
    assert limited["show-each"]["parallelism"] == 2
    assert limited["show-each"]["steps"][0][0]["withParam"] == "{{inputs.parameters.items}}"


def test_a_repeated_step_is_a_template_that_runs_itself() -> None:
    loop = Repeat(Comparison(FLIPPED, "==", Constant("tails")), 7)
    told = templates(Workflow("w", (replace(FLIP, loop=loop), SHOW)))
    (run,), (again, spent) = told["flip-loop"]["steps"]
    assert (run["template"], again["template"]) == ("flip", "flip-loop")
    holds = "({{=steps.flip.outputs.result == 'tails'}})"
    assert again["when"] == f"{holds} && {{{{inputs.parameters.round}}}} < 7"
    assert spent["when"] == f"{holds} && {{{{inputs.parameters.round}}}} >= 7"
    assert told[spent["template"]]["container"]["args"][0].endswith("exit 1")
    show = told["w"]["dag"]["tasks"][1]["arguments"]["parameters"][0]
    assert show["value"] == "{{tasks.flip.outputs.parameters.result}}"


def test_sub_workflows_are_templates_with_inputs_and_outputs() -> None:
    inner = replace(SHOW, name="inner", inputs={"para-show-0": Parameter("n")}, outputs=RESULT)
    sub = Workflow(
        "sub", (inner,), {"n": ParameterDeclaration("int", 4)}, {"out": Output("inner", "result")}
    )
    call = Node("call", Call("sub"), {"n": FLIPPED}, (OutputDeclaration("out", "parameter"),))
    use = replace(SHOW, inputs={"para-show-0": Output("call", "out")})
    told = templates(Workflow("w", (FLIP, call, use), workflows=(sub,)))
    assert told["sub"]["inputs"]["parameters"] == [{"name": "n", "default": "4"}]
    assert told["sub"]["outputs"]["parameters"][0]["valueFrom"] == {
        "parameter": "{{tasks.inner.outputs.result}}"
    }
    last = told["w"]["dag"]["tasks"][2]["arguments"]["parameters"][0]
    assert last["value"] == "{{tasks.call.outputs.parameters.out}}"


def test_braces_of_the_user_stay_braces() -> None:
    script = Script("print(f'{{x}}')", "python:3", args=("{{workflow.name}}",))
    template = templates(Workflow("w", (Node("a", script, env={"B": "{{"}),)))["a"]
    (file,) = template["inputs"]["artifacts"]
    assert file["raw"]["data"] == "print(f'{{='{{'}}x}}')"
    told = template["container"]
    assert told["command"] == ["python", file["path"]]
    assert told["args"] == ["{{='{{'}}workflow.name}}"]
    assert told["env"] == [{"name": "B", "value": "{{='{{'}}"}]


def test_on_exit_schedules_and_what_all_pods_share() -> None:
    bye = Node("bye", Container("alpine"), guard=HasStatus("succeeded"))
    flow = Workflow(
        "Nightly.sql",
        (FLIP,),
        {"day": ParameterDeclaration(default="today"), "of": ParameterDeclaration(required=True)},
        on_exit=(bye,),
        timeout=59.5,
        parallelism=4,
        cleanup=0,
        schedule=Schedule(("0 3 * * *",), "Europe/Zurich", "forbid", suspended=True),
        volumes=(Volume("data", "new-claim", size="5Gi"), Volume("keys", "secret", "s")),
        placement=Placement(
            {"zone": "a"}, (Toleration("gpu", effect="NoSchedule"),), {"podAffinity": {}}
        ),
        pods=Pods(
            ("registry",),
            "runner",
            Dns("None", ("1.1.1.1",), options={"ndots": "2"}),
            {"runAsUser": 1},
        ),
        ext={"argo": {"cron": {"successfulJobsHistoryLimit": 2}}},
    )
    told = manifest(flow, Options(namespace="ml"))
    assert (told["kind"], told["metadata"]) == (
        "CronWorkflow",
        {"name": "nightly-sql", "namespace": "ml"},
    )
    cron, spec = told["spec"], told["spec"]["workflowSpec"]
    assert (cron["schedules"], cron["timezone"]) == (["0 3 * * *"], "Europe/Zurich")
    assert (cron["concurrencyPolicy"], cron["suspend"]) == ("Forbid", True)
    assert cron["successfulJobsHistoryLimit"] == 2
    assert (spec["activeDeadlineSeconds"], spec["parallelism"]) == (60, 4)
    assert spec["ttlStrategy"] == {"secondsAfterCompletion": 0}
    assert spec["arguments"]["parameters"][1] == {"name": "of", "valueFrom": {"supplied": {}}}
    assert spec["volumes"] == [{"name": "keys", "secret": {"secretName": "s"}}]
    assert spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"] == {"storage": "5Gi"}
    assert spec["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert spec["dnsConfig"] == {
        "nameservers": ["1.1.1.1"],
        "options": [{"name": "ndots", "value": "2"}],
    }
    exits = next(each for each in spec["templates"] if each["name"] == spec["onExit"])
    assert exits["dag"]["tasks"][0]["when"] == "{{workflow.status}} == Succeeded"
    template = manifest(flow, Options(settings={"kind": "WorkflowTemplate"}))
    assert template["kind"] == "WorkflowTemplate"


def test_retries_by_class_of_error() -> None:
    told = templates(
        Workflow("w", (replace(FLIP, retry=Retry(3)), replace(SHOW, retry=Retry(2, ("any",)))))
    )
    assert told["flip"]["retryStrategy"] == {
        "limit": 3,
        "retryPolicy": "Always",
        "expression": "lastRetry.status == 'Error' || asInt(lastRetry.exitCode) in [75, 143, 137]",
        "backoff": {"duration": "1s", "factor": 2},
    }
    assert "expression" not in told["show"]["retryStrategy"]


def test_files_and_where_they_lie() -> None:
    s3 = Artifact(
        "s3", "bucket/a/b.csv", {"endpoint": "s3.x"}, {"accessKeySecret": SecretKey("s", "k")}
    )
    write = Node(
        "write",
        Container("alpine"),
        outputs=(OutputDeclaration("f", "artifact", path="/f", artifact=s3),),
    )
    git = InputFile("/src", Artifact("git", "https://x/y.git", {"revision": "main"}))
    read = Node(
        "read",
        Container("alpine"),
        files={"in": InputFile("/in", Output("write", "f")), "src": git},
    )
    told = templates(Workflow("w", (write, read)))
    (out,) = told["write"]["outputs"]["artifacts"]
    assert out["s3"] == {
        "bucket": "bucket",
        "key": "a/b.csv",
        "endpoint": "s3.x",
        "accessKeySecret": {"name": "s", "key": "k"},
    }
    assert told["w"]["dag"]["tasks"][1]["arguments"]["artifacts"] == [
        {"name": "in", "from": "{{tasks.write.outputs.artifacts.f}}"},
        {"name": "src", "git": {"repo": "https://x/y.git", "revision": "main"}},
    ]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Node("a", Suspend(), timeout=3), "step `a` waits for someone"),
        (Node("a", Call("sub"), timeout=3), "step `a` calls a workflow"),
        (
            Node("a", Container("x"), files={"f": InputFile("/f", Artifact("local", "/x"))}),
            "step `a` takes a local file",
        ),
        (
            Node("a", Container("x"), files={"f": InputFile("/f", Artifact("hdfs", "/x"))}),
            "for which Argo needs a user",
        ),
        (
            Node(
                "a",
                Container("x"),
                files={"f": InputFile("/f", Artifact("s3", "b/k", {"endpont": "x"}))},
            ),
            "a file in `s3` has no setting `endpont`",
        ),
        (
            Node(
                "a",
                Suspend(1),
                loop=ForEach(Range(0, 9), 2),
                guard=Comparison(Item(), ">", Constant(1)),
            ),
            "step `a` is limited in how many run at a time",
        ),
    ],
)
def test_what_argo_cannot_do_is_told_at_the_step(node: Node, message: str) -> None:
    called = (Workflow("sub", (FLIP,)),) if isinstance(node.operation, Call) else ()
    flow = Workflow("w", (replace(node, place=Place("flow.py", 7)),), workflows=called)
    with pytest.raises(ProgramError) as caught:
        render(flow, "argo", Options())
    (fault,) = caught.value.diagnostics
    assert fault.code == "E0727"
    assert message in fault.message
    assert fault.label == "at flow.py:7:1"
    with pytest.raises(ProgramError, match="`kind` cannot be `Job`"):
        render(Workflow("w", (FLIP,)), "argo", Options(settings={"kind": "Job"}))


def test_a_program_of_sql(tmp_path: Path) -> None:
    from sqlml.cli.main import outcome

    sql = (
        "CREATE TABLE t AS SELECT range AS a, '{{x}}' AS b FROM range(9);"
        "SELECT a, a * 2 AS c FROM t TO TRAIN LinearRegression LABEL c INTO m;"
    )
    command = ["render", "-c", sql, "--db", str(tmp_path / "x.duckdb"), "--engine", "argo"]
    assert outcome([*command, "--store", "s3://b/k", "--to", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("*.yaml")
    assert outcome(["lint", str(file)]) == 0
    spec = yaml.safe_load(file.read_text())["spec"]
    assert [each["name"] for each in spec["templates"]][1:] == ["sqlml-step"]


def test_a_failure_that_other_steps_mend_still_fails_the_graph() -> None:
    mends = Node("mends", SHOW.operation, {"para-show-0": Constant("x")}, after=(AFTER_FAILURE,))
    assert tasks(FLIP, mends)["flip-outcome"] == {
        "name": "flip-outcome", "template": "nothing", "depends": "flip", "when": "false"
    }  # fmt: skip
    assert "flip-outcome" not in tasks(FLIP, mends, replace(SHOW, after=(After("flip"),)))


def test_a_loop_has_no_more_rounds_than_a_status_has_room_for() -> None:
    loop = Repeat(Comparison(FLIPPED, "==", Constant("tails")), 2001)
    node = replace(FLIP, loop=loop, place=Place("flow.py", 4, 2))
    with pytest.raises(ProgramError) as caught:
        templates(Workflow("w", (node,)))
    (told,) = caught.value.diagnostics
    assert (told.code, told.label) == ("E0832", "at flow.py:4:2")
