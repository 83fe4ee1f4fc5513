"""A workflow in parts on Airflow: a DAG for each part, and one that runs them in their order.

Runs of the parts have the name of the parent's run, so that a step finds there what steps of other
parts have come to: their states and their XComs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlml.codegen.airflow.text import indented, variable
from sqlml.errors import Diagnostic
from sqlml.workflow.graph import fault, needs
from sqlml.workflow.ir import Call, Node, Workflow
from sqlml.workflow.parts import groups_of, joined

PART_IMPORT = (
    "from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator"
)
_POKE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Share:
    """What one DAG has of a workflow: steps, or the parts that it runs.

    last: its steps on exit. parts: by task, the DAG and the tasks before it. elsewhere: the DAGs of
    steps that its own may ask about. is_part: another DAG runs it.
    """

    nodes: Sequence[Node]
    last: Sequence[Node] = ()
    parts: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    is_part: bool = False


def shares(workflow: Workflow, name: str) -> Mapping[str, Share]:
    """What each DAG has, by its id; `name` is that of the first, which runs the others."""
    groups = groups_of(workflow)
    if not groups:
        return {name: Share(workflow.nodes, workflow.on_exit)}
    whole = joined(workflow)
    nodes = {node.name: node for node in whole.nodes}
    dags = {part.name: f"{name}-{part.name}" for part in workflow.nodes}
    where = {step: dag for dag, group in zip(dags.values(), groups, strict=True) for step in group}
    parent = Share(
        (),
        whole.on_exit,
        {part.name: (dags[part.name], needs(part)) for part in workflow.nodes},
        where if whole.on_exit else {},
    )
    found = {name: parent}
    for dag, group in zip(dags.values(), groups, strict=True):
        own = [nodes[step] for step in group]
        others = {n: where[n] for node in own for n in needs(node) if where[n] != dag}
        found[dag] = Share(own, elsewhere=others, is_part=True)
    return found


def run_of_part(name: str, dag: str) -> Iterator[str]:
    """The task that runs a part and waits for it, whatever has become of those before."""
    arguments = [f"task_id={name!r}", "trigger_rule='all_done'", f"trigger_dag_id={dag!r}",
                 "wait_for_completion=True", f"poke_interval={_POKE_SECONDS}",
                 "reset_dag_run=True", "retries=0"]  # fmt: skip
    yield ""
    yield f"{variable(name)} = Part("
    yield from indented(arguments)
    yield ")"


def refusals(workflow: Workflow) -> Iterator[Diagnostic]:
    """What DAGs that run each other cannot do, of a workflow in parts."""
    leave = "leave `split` out of the passes: Airflow runs it as one DAG"
    if workflow.parallelism is not None:
        message = f"parts of workflow `{workflow.name}` cannot share a limit of steps at a time"
        yield fault("E0980", message, workflow, leave)
    for node in joined(workflow).nodes:
        if isinstance(node.operation, Call):
            message = f"step `{node.name}` calls a workflow, which a part of one cannot on Airflow"
            yield fault("E0980", message, node, leave)
