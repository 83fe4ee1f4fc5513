"""What every engine has in common: options, and what it can do with a workflow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, get_args

from sqlml.codegen import ENGINES
from sqlml.codegen.objects import by_worker
from sqlml.codegen.programs import Worker, as_programs
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.collector import paused_collector
from sqlml.workflow.graph import fault, watched
from sqlml.workflow.ir import (
    NO_RESOURCES,
    Artifact,
    Call,
    Container,
    ForEach,
    Http,
    Node,
    Output,
    Repeat,
    Resource,
    Script,
    SecretKey,
    Suspend,
    Workflow,
)
from sqlml.workflow.parts import groups_of, in_parts, joined
from sqlml.workflow.verification import verify

Feature = Literal[
    "container",
    "script",
    "cluster resource",
    "suspend",
    "suspend until resumed",
    "http request",
    "sub-workflow",
    "condition on a value",
    "condition on a status",
    "map over a known list",
    "map over an output",
    "map's own parallelism",
    "repeat",
    "retry",
    "step timeout",
    "workflow timeout",
    "parallelism",
    "exit step",
    "schedule",
    "parameter",
    "file between steps",
    "file from a store",
    "secret",
    "volume",
    "placement",
    "resources",
    "cache",
    "daemon",
]
FEATURES: tuple[Feature, ...] = get_args(Feature)
Support = Literal["native", "lowered", "refused"]


@dataclass(frozen=True, slots=True)
class Capability:
    """What an engine does with a feature. lowered: said in other terms of its own.

    note: for people, those other terms; of what is refused, what to do instead.
    """

    support: Support
    note: str = ""


CLUSTER_RESOURCE = Capability(
    "lowered",
    "the worker makes it and waits for it, with the rights of its pod's account or of a "
    "kubeconfig; it stays when the run is deleted",
)
SUB_WORKFLOW = Capability(
    "lowered",
    "its steps stand in place of the call; where it is repeated, made for the items of an output, "
    "or has a retry or a time limit, they run one after the other in one step (Python 3.10)",
)


@dataclass(frozen=True, slots=True)
class Options:
    """How to write a workflow for an engine.

    name: of the workflow there; empty for its own. namespace: of the cluster. worker: how SQL steps
    are run. settings: what only one engine knows, by name. shared: by name, the models that one of
    several files of a program makes and others use, with the steps that train them.
    """

    name: str = ""
    namespace: str = ""
    worker: Worker = field(default_factory=Worker)
    settings: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, Node] = field(default_factory=dict)


class Engine(Protocol):
    """Writes workflows in which every step is a program: no operation of SQL is left, except for
    an engine whose attribute `takes_sql` is true. A workflow in parts comes only to an engine whose
    attribute `takes_parts` is true.

    support: what it does with every feature; an engine may have `variants`, what a setting changes
    of that. settings: the options that only it knows, and what they mean. outputs: the folder that
    steps of SQL write output parameters to.
    """

    name: str
    title: str
    support: Mapping[Feature, Capability]
    settings: Mapping[str, str]
    outputs: str

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        """The engine's files: names and texts; the same for the same workflow and options.

        Raises:
            ProgramError: something that the tables cannot tell keeps it from being written.
        """
        ...


@paused_collector()
def render(workflow: Workflow, engine: str, options: Options) -> Mapping[str, str]:
    """The files of an engine for a valid workflow: names and texts.

    Raises:
        ProgramError: there is no such engine or setting, or it cannot do what a step asks for.
    """
    target = ENGINES.load(engine)
    programs = joined(workflow)
    if not getattr(target, "takes_sql", False):
        programs = as_programs(programs, replace(options.worker, outputs=target.outputs))
    if target.support["cluster resource"].support == "lowered":
        programs = by_worker(programs, replace(options.worker, outputs=target.outputs))
    verify(programs)
    faults = [*_setting_faults(target, options), *_schedule_faults(programs)]
    faults += _refusals(target, programs, options)
    faults += _refusal_of_parts(target, workflow)
    if faults:
        raise ProgramError(*faults)
    if groups := groups_of(workflow):
        programs = in_parts(programs, groups)
    return target.render(programs, options)


def _setting_faults(engine: Engine, options: Options) -> Iterator[Diagnostic]:
    for name in options.settings:
        if name not in engine.settings:
            known = ", ".join(f"`{one}`" for one in engine.settings)
            hint = f"its settings: {known}" if known else "it has none"
            yield Diagnostic("E0751", f"engine `{engine.name}` has no setting `{name}`", hint=hint)


def _schedule_faults(workflow: Workflow) -> Iterator[Diagnostic]:
    if (when := workflow.schedule) is None:
        return
    from sqlml.store.cron import cron_fault, timezone_fault

    faults = {time: cron_fault(time) for time in when.cron}
    if when.timezone:
        faults[when.timezone] = timezone_fault(when.timezone)
    for text, wrong in faults.items():
        if wrong:
            message = f"`{text}` is no schedule: {wrong}"
            yield fault("E1097", message, workflow, "such as `0 3 * * *`")


def _refusal_of_parts(engine: Engine, workflow: Workflow) -> Iterator[Diagnostic]:
    if groups_of(workflow) and not getattr(engine, "takes_parts", False):
        count = len(workflow.nodes)
        message = (
            f"{engine.title} takes workflow `{workflow.name}` in one piece, not in {count} parts"
        )
        yield fault("E0980", message, workflow, "leave `split` out of `--passes`")


def variants_of(engine: Engine) -> Mapping[str, Mapping[Feature, Capability]]:
    """By setting, the features that an engine treats otherwise where it is given."""
    found: Mapping[str, Mapping[Feature, Capability]] = getattr(engine, "variants", {})
    return found


def _refusals(engine: Engine, workflow: Workflow, options: Options) -> Iterator[Diagnostic]:
    support = dict(engine.support)
    for setting in options.settings:
        support |= variants_of(engine).get(setting, {})
    told: set[tuple[Feature, str]] = set()
    for feature, node in used_features(workflow):
        capability = support[feature]
        key = (feature, node.name if node else "")
        if capability.support == "refused" and key not in told:
            told.add(key)
            who = f"step `{node.name}`" if node else f"workflow `{workflow.name}`"
            message = f"{engine.title} has no {feature}, which {who} uses"
            yield fault("E0752", message, node or workflow, capability.note)


def used_features(workflow: Workflow) -> Iterator[tuple[Feature, Node | None]]:
    """What a workflow asks of an engine, and the node that does; None for the workflow itself."""
    yield from ((feature, None) for feature in _features_of_workflow(workflow))
    for part in (workflow, *workflow.workflows):
        for node in (*part.nodes, *part.on_exit):
            yield from ((feature, node) for feature in _features_of_node(node))


def _features_of_workflow(workflow: Workflow) -> Iterator[Feature]:
    asked: Mapping[Feature, object] = {
        "workflow timeout": workflow.timeout is not None,
        "parallelism": workflow.parallelism is not None,
        "exit step": workflow.on_exit,
        "schedule": workflow.schedule is not None,
        "parameter": workflow.parameters,
        "volume": workflow.volumes,
        "retry": workflow.retry is not None,
    }
    yield from (feature for feature, used in asked.items() if used)


_OPERATIONS: Mapping[type, Feature] = {
    Container: "container",
    Script: "script",
    Resource: "cluster resource",
    Suspend: "suspend",
    Http: "http request",
    Call: "sub-workflow",
}


def _features_of_node(node: Node) -> Iterator[Feature]:
    if node.operation == Suspend(None):
        yield "suspend until resumed"
    elif type(node.operation) in _OPERATIONS:  # else it is SQL, for an engine that takes it
        yield _OPERATIONS[type(node.operation)]
    if node.guard is not None or node.loop is not None:
        yield from _features_of_control(node)
    placement = node.placement
    sources = [type(file.source) for file in node.files.values()]
    asked: tuple[tuple[Feature, object], ...] = (
        ("retry", node.retry is not None),
        ("step timeout", node.timeout is not None),
        ("file between steps", Output in sources),
        ("file from a store", Artifact in sources or any(o.artifact for o in node.outputs)),
        ("secret", SecretKey in map(type, node.env.values())),
        ("volume", node.mounts),
        ("placement", placement.labels or placement.tolerations or placement.affinity),
        ("resources", node.resources is not NO_RESOURCES and node.resources.is_asked_for),
        ("cache", node.cache is not None),
        ("daemon", isinstance(node.operation, Container) and node.operation.daemon),
    )
    for feature, used in asked:
        if used:
            yield feature


def _features_of_control(node: Node) -> Iterator[Feature]:
    if node.guard is not None:
        asks_status = any(watched(node.guard))
        yield "condition on a status" if asks_status else "condition on a value"
    match node.loop:
        case ForEach(items=Output()):
            yield "map over an output"
        case ForEach():
            yield "map over a known list"
        case Repeat():
            yield "repeat"
    if isinstance(node.loop, ForEach) and node.loop.parallelism is not None:
        yield "map's own parallelism"
