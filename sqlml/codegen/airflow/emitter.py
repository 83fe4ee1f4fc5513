"""Airflow 3: a DAG file, plain text that imports nothing but Airflow."""

from collections.abc import Iterator, Mapping, Sequence
from pprint import pformat
from typing import Any

from sqlml.codegen import plain
from sqlml.codegen.airflow import pods as airflow_pods
from sqlml.codegen.airflow.parts import PART_IMPORT, Share, refusals, run_of_part, shares
from sqlml.codegen.airflow.text import (
    argument,
    dag_id,
    edges_to,
    indented,
    one_line,
    param,
    timetable,
    variable,
)
from sqlml.codegen.engine import (
    CLUSTER_RESOURCE,
    FEATURES,
    SUB_WORKFLOW,
    Capability,
    Feature,
    Options,
)
from sqlml.codegen.flatten import flatten
from sqlml.errors import ProgramError
from sqlml.workflow.graph import givers, needs
from sqlml.workflow.ir import (
    Constant,
    Container,
    ForEach,
    Input,
    Item,
    Node,
    Output,
    Outputs,
    Parameter,
    Range,
    RunId,
    Workflow,
)
from sqlml.workflow.parts import groups_of, joined
from sqlml.workflow.serial import thaw


class Airflow:
    """Steps are processes on Airflow's own workers, or pods, and pass values through XComs."""

    name = "airflow"
    title = "Airflow"
    outputs = "outputs"
    settings: Mapping[str, str] = {
        "files": "the folder for files that pass between steps",
        "pods": "the namespace of a cluster, in which every step runs as a pod of its image",
        "server": "for `sqlml run`: the URL of the API server (`AIRFLOW__API__BASE_URL`)",
        "dags": "for `sqlml run`: the folder that it reads DAGs from "
        "(`AIRFLOW__CORE__DAGS_FOLDER`)",
    }
    variants: Mapping[str, Mapping[Feature, Capability]] = {"pods": airflow_pods.SUPPORT}
    support: Mapping[Feature, Capability] = {
        **{feature: Capability("native") for feature in FEATURES},
        "container": Capability("lowered", "its command is a process on the worker, without image"),
        "suspend until resumed": Capability("refused", "give it a time, or split the workflow"),
        "cluster resource": CLUSTER_RESOURCE,
        "sub-workflow": SUB_WORKFLOW,
        "condition on a value": Capability("lowered", "the task skips itself"),
        "condition on a status": Capability("lowered", "the task skips itself"),
        "map over an output": Capability("lowered", "a task before it gives the list"),
        "repeat": Capability("lowered", "rounds are run within one task"),
        "exit step": Capability("lowered", "tasks that start when all others have ended"),
        "file from a store": Capability("refused", "fetch it in a script"),
        "secret": Capability("lowered", "Airflow's variable `<secret>_<key>`"),
        "volume": Capability("refused", "use paths of the workers' machines"),
        "placement": Capability("refused", "use Airflow's queues"),
        "resources": Capability("lowered", "not enforced"),
        "cache": Capability("refused", "leave it out"),
        "daemon": Capability("refused", "run the service outside of the workflow"),
    }

    takes_parts = True

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        is_parted = bool(groups_of(workflow))
        if is_parted and (faults := [*refusals(workflow)]):
            raise ProgramError(*faults)
        by_image = "pods" in options.settings
        flat = joined(workflow) if is_parted else flatten(workflow, by_image=by_image)
        if "pods" in options.settings and (faults := [*airflow_pods.refusals(flat)]):
            raise ProgramError(*faults)
        name = options.name or dag_id(flat.name)
        dags = shares(workflow if is_parted else flat, name)
        return {f"{dag}.py": _DagFile(flat, dag, own, options).text() for dag, own in dags.items()}


ENGINE = Airflow()

_IMPORTS = """\
from datetime import timedelta

from airflow.sdk import DAG, BaseOperator, MultipleCronTriggerTimetable, Param, Variable
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

DONE = {"success"}
FAILED = {"failed", "upstream_failed"}
"""


class _DagFile:
    def __init__(self, workflow: Workflow, name: str, own: Share, options: Options) -> None:
        """workflow: in one piece. own: what this DAG has of it."""
        self._workflow = workflow
        self._name = name
        self._own = own
        self._here = {node.name for node in (*own.nodes, *own.last)} | {*own.parts}
        self._options = options
        self._pods = options.settings.get("pods")
        self._mapped: dict[str, int | str] = {
            node.name: count for node in workflow.nodes if (count := _count(node)) is not None
        }

    def text(self) -> str:
        workflow = self._workflow
        title = (
            f'"""{one_line(workflow.name)}: written by sqlml; change the program, not this file."""'
        )
        folder = self._options.settings.get("files", "")
        lines = [title, "", _IMPORTS, plain.interpreter(), "", plain.part("airflow/step"), ""]
        if self._pods is not None:
            lines += ["", plain.part("airflow/pod_step"), ""]
        if self._own.parts:
            lines += [PART_IMPORT, "", "", plain.part("airflow/part_step"), ""]
        elsewhere = pformat(self._elsewhere(), width=80, sort_dicts=False)
        lines += [f"FILES = {folder!r}", f"ELSEWHERE = {elsewhere}", ""]
        lines += [f"with DAG({self._settings()}) as dag:"]
        body = [*self._tasks(), *self._edges()] or ["pass"]
        return "\n".join([*lines, *(f"    {line}" if line else "" for line in body)]) + "\n"

    def _settings(self) -> str:
        workflow = self._workflow
        schedule = None if self._own.is_part else workflow.schedule
        told = [repr(self._name), "catchup=False", f"schedule={timetable(schedule)}"]
        if workflow.parameters:
            params = ", ".join(f"{n!r}: {param(d)}" for n, d in workflow.parameters.items())
            told.append(f"params={{{params}}}")
        if workflow.parallelism is not None:
            told.append(f"max_active_tasks={workflow.parallelism}")
        if workflow.timeout is not None:
            told.append(f"dagrun_timeout=timedelta(seconds={workflow.timeout:g})")
        if self._own.is_part:
            told.append("is_paused_upon_creation=False")
        if schedule is not None:
            told.append(f"is_paused_upon_creation={schedule.suspended}")
            if schedule.overlap != "allow":
                told.append("max_active_runs=1")
        return ", ".join(told)

    # --- tasks --------------------------------------------------------------------------------

    def _tasks(self) -> Iterator[str]:
        for node in self._own.nodes:
            yield from self._task(node, self._needs(node))
        for part, (dag, _) in self._own.parts.items():
            yield from run_of_part(part, dag)
        everything = dict.fromkeys(self._all_names(), "finished")
        for node in self._own.last:
            own = self._needs(node)
            yield from self._task(node, {**everything, **own}, is_exit=True)
        if self._needs_watcher:
            yield "watcher = Watcher(task_id='watcher', trigger_rule='one_failed', retries=0)"

    def _task(
        self, node: Node, waits: Mapping[str, str], *, is_exit: bool = False
    ) -> Iterator[str]:
        told = plain.step(node, self._value, [*self._all_names()])
        told["needs"] = dict(waits)
        retry = node.retry or self._workflow.retry
        if retry is not None:
            told["transient"] = plain.patterns(retry.on)
        is_plain = not is_exit and self._is_plain(node)
        rule = "all_success" if is_plain else "all_done"
        arguments = [f"task_id={node.name!r}", f"trigger_rule={rule!r}", *self._policies(node)]
        if self._pods is not None and airflow_pods.is_pod(node):
            kind = "PodStep"
            arguments += airflow_pods.arguments_of(node, self._pods)
            pod = airflow_pods.pod_of(node, self._workflow, self._options.worker.image)
            arguments.append(argument("pod", pod))
            if isinstance(node.operation, Container):
                told["program"]["entry"] = len(node.operation.command)
        else:
            kind = "Step"
        arguments.append(argument("step", told))
        yield ""
        yield from self._call(kind, node, arguments)

    def _call(self, kind: str, node: Node, arguments: Sequence[str]) -> Iterator[str]:
        """kind: the class of the task."""
        name = variable(node.name)
        match node.loop:
            case ForEach(items=items):
                if isinstance(items, Output | Parameter):
                    source = repr(self._value(items))
                    yield f"{name}_items = Items(task_id='{node.name}_items', source={source})"
                    over = f"{name}_items.output"
                else:
                    over = repr(plain.items(items))
                yield f"{name} = {kind}.partial("
                yield from indented(arguments)
                yield f").expand(item={over})"
            case _:
                yield f"{name} = {kind}("
                yield from indented(arguments)
                yield ")"

    def _policies(self, node: Node) -> Iterator[str]:
        retry = node.retry or self._workflow.retry
        if retry is None:
            yield "retries=0"
        else:
            yield f"retries={retry.limit}"
            yield f"retry_delay=timedelta(seconds={retry.backoff.seconds:g})"
            if retry.backoff.factor != 1:
                yield f"retry_exponential_backoff={retry.backoff.factor:g}"
            if retry.backoff.longest is not None:
                yield f"max_retry_delay=timedelta(seconds={retry.backoff.longest:g})"
        if node.timeout is not None:
            yield f"execution_timeout=timedelta(seconds={node.timeout:g})"
        if isinstance(node.loop, ForEach) and node.loop.parallelism is not None:
            yield f"max_active_tis_per_dagrun={node.loop.parallelism}"

    # --- order --------------------------------------------------------------------------------

    def _edges(self) -> Iterator[str]:
        own = self._own
        yield ""
        for node in own.nodes:
            yield from self._edges_to(node, needs(node))
        for part, (_, before) in own.parts.items():
            yield from edges_to(variable(part), before)
        everything = (*(node.name for node in own.nodes), *own.parts)
        for node in own.last:
            yield from self._edges_to(node, (*everything, *needs(node)))
        if self._needs_watcher:
            yield f"[{', '.join(map(variable, everything))}] >> watcher"

    def _edges_to(self, node: Node, before: Sequence[str]) -> Iterator[str]:
        own, loop = variable(node.name), node.loop
        items = loop.items if isinstance(loop, ForEach) else None
        if isinstance(items, Output) and items.node in self._here:
            yield f"{variable(items.node)} >> {own}_items"
        yield from edges_to(own, [name for name in before if name in self._here])

    def _elsewhere(self) -> dict[str, str]:
        """The DAGs of tasks that steps of this one may ask about."""
        found = {**self._own.elsewhere}
        for name, dag in self._own.elsewhere.items():
            if isinstance(items := self._mapped.get(name), str):
                found[items] = dag
        return found

    def _all_names(self) -> Iterator[str]:
        return (node.name for node in self._workflow.nodes)

    @property
    def _needs_watcher(self) -> bool:
        """Whether a step may run after one that failed, which Airflow would take for success."""
        own = self._own
        if not own.nodes:
            return bool(own.parts)
        return bool(own.last) or not all(map(self._is_plain, own.nodes))

    def _is_plain(self, node: Node) -> bool:
        """Whether a step starts when all before it have succeeded, as tasks do by themselves."""
        waits = self._needs(node)
        return all(
            status == "succeeded" and name not in self._mapped and name in self._here
            for name, status in waits.items()
        )

    def _needs(self, node: Node) -> dict[str, str]:
        """The steps before a step, and how each must have ended."""
        found = dict.fromkeys(needs(node), "finished")
        found.update({after.node: after.status for after in node.after})
        found.update(dict.fromkeys(givers(node), "succeeded"))
        return found

    # --- values -------------------------------------------------------------------------------

    def _value(self, value: Input | Range) -> list[Any]:
        match value:
            case Constant(value=constant):
                return ["constant", thaw(constant)]
            case Parameter(name):
                return ["parameter", name]
            case RunId():
                return ["run"]
            case Item(field):
                return ["item", field]
            case Output(node, name) if node in self._mapped:
                return ["collected", node, name, self._mapped[node]]
            case Output(node, name):
                return ["output", node, name]
            case Outputs(nodes, name):
                return ["outputs", [*nodes], name]
            case _:
                raise TypeError(f"not a program's input: {value}")


def _count(node: Node) -> int | str | None:
    """How many rounds a mapped step has, or the task that knows; None for other steps."""
    match node.loop:
        case ForEach(items=Output() | Parameter()):
            return f"{node.name}_items"
        case ForEach(items=Constant() | Range() as items):
            return len(plain.items(items))
        case _:
            return None
