"""What running a workflow now would do: which steps, why, how long, and what would change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, chain
from statistics import median
from typing import Any

from sqlml.optimizer.effects import Effect, Effects, effect
from sqlml.optimizer.history import History, operation_of, target_of
from sqlml.optimizer.reuse import Reuse
from sqlml.workflow.graph import givers, needs, takes_model, topological_order
from sqlml.workflow.ir import (
    Alter,
    Job,
    Json,
    Manage,
    ModelReference,
    Node,
    Output,
    Outputs,
    Query,
    Trial,
    Workflow,
)


@dataclass(frozen=True, slots=True)
class StepForecast:
    """seconds: the median of earlier runs; memory: the most that one held; None without any.

    cpu_seconds: on all threads that it was given. samples: how many earlier runs.
    """

    node: Node
    runs: bool
    why: str
    seconds: float | None = None
    memory: int | None = None
    samples: int = 0
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of a model or table. remark: what is known about it now."""

    effect: Effect
    kind: str
    name: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """seconds: the critical path through the steps that would run (Couler paper, Eq. 1), whose
    names critical_path has. memory: the most that steps hold at one time (Eq. 2), each of them
    beginning as soon as what it needs has ended. inputs: tables of remote databases, and whether
    they would be read again.
    """

    steps: tuple[StepForecast, ...]
    changes: tuple[Change, ...]
    seconds: float | None
    memory: int | None
    samples: int
    cpu_seconds: float = 0.0
    critical_path: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)


def forecast(workflow: Workflow, reuse: Reuse, history: History) -> Forecast:
    """What running `workflow` now would do; nothing runs.

    A step whose input is made anew counts as one that runs. If the input turns out to be what it
    was, the run will find that the step is not needed.
    """
    steps: dict[str, StepForecast] = {}
    forecaster = _Forecaster(reuse, history)
    for node in topological_order(workflow):
        steps[node.name] = forecaster.step(node)
    in_order = tuple(steps[node.name] for node in workflow.nodes)
    path = _critical_path(steps)
    return Forecast(
        in_order,
        tuple(_changes(in_order, history)),
        sum(steps[name].seconds or 0.0 for name in path) if path else None,
        _most_at_once(steps),
        max((step.samples for step in in_order), default=0),
        sum(step.cpu_seconds for step in in_order),
        path,
        reuse.fingerprints.remote(),
    )


class _Forecaster:
    """Goes through the steps in an order in which they may run."""

    def __init__(self, reuse: Reuse, history: History) -> None:
        self._reuse = reuse
        self._history = history
        self._left: dict[str, Mapping[str, Any]] = {}  # outputs of unchanged steps
        self._trained: dict[str, str] = {}  # what steps that would run train, by step
        self._altered: set[str] = set()  # models whose names or aliases may mean others
        self._effects = Effects(reuse.fingerprints.is_view)

    def step(self, node: Node) -> StepForecast:
        """What becomes of the next step."""
        changed = self._changed_model(node) or self._effects.on(node)
        if changed is None:
            found = self._reuse.lookup(node, self._models(node), self._parameters(node))
            if found is not None:
                self._left[node.name] = found.outputs
                return StepForecast(node, False, f"unchanged since run {found.run}")
        is_trial = isinstance(node.operation, Trial)
        self._trained[node.name] = "an earlier trial" if is_trial else target_of(node) or node.name
        self._altered |= _altered(node)
        self._effects.add(node)
        if node.same_as:
            return StepForecast(node, True, f"as `{node.same_as}`, which does the same")
        past = self._history.past(operation_of(node), target_of(node))
        why = self._why(node, changed)
        same = [step for step in past if step.static_hash == self._reuse.static_hash(node)] or past
        if not same:
            return StepForecast(node, True, why)
        seconds = median(step.seconds for step in same)
        memory = max(step.peak_memory for step in same)
        used = median(step.seconds * max(step.threads, 1) for step in same)
        return StepForecast(node, True, why, seconds, memory or None, len(same), used)

    def _why(self, node: Node, changed: str | None) -> str:
        own = self._reuse.why(node)
        if changed is None or not self._reuse.can_stand(node):
            return own
        return own or f"{changed} changes"

    def _changed_model(self, node: Node) -> str | None:
        """What it uses that an earlier step makes anew, or lets another one stand for."""
        made_anew = (self._trained[name] for name in givers(node) if name not in self._left)
        meant_anew = (
            value.name
            for value in node.inputs.values()
            if isinstance(value, ModelReference) and value.name.casefold() in self._altered
        )
        return next(chain(made_anew, meant_anew), None)

    def _models(self, node: Node) -> dict[str, str]:
        found = {}
        for name, value in node.inputs.items():
            match value:
                case Output(source, output) if takes_model(node, name):
                    found[name] = self._left[source][output]
                case ModelReference(model, version):
                    found[name] = f"{model}@{self._history.version(model, version)}"
        return found

    def _parameters(self, node: Node) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for name, value in node.inputs.items():
            match value:
                case Outputs(sources, output):
                    found[name] = tuple(self._left[source][output] for source in sources)
                case Output(source, output) if not takes_model(node, name):
                    found[name] = self._left[source][output]
        return found


def _altered(node: Node) -> frozenset[str]:
    """The folded names of the models of which another version may be meant from here on."""
    match node:
        case Node(operation=Manage("drop", name)):
            return frozenset({name.casefold()})
        case Node(operation=Alter(action, name), inputs={"model": ModelReference(model)}):
            renamed = {name.casefold()} if action == "rename" else set()
            return frozenset({model.casefold(), *renamed})
        case _:
            return frozenset()


def _changes(steps: Iterable[StepForecast], history: History) -> Iterator[Change]:
    seen: set[tuple[str, str]] = set()
    for step in steps:
        for kind, name in _targets(step.node) if step.runs else ():
            if (kind, name.casefold()) in seen:
                continue
            seen.add((kind, name.casefold()))
            if isinstance(step.node.operation, Job):
                yield Change(_JOB_EFFECTS[step.node.operation.action], kind, name)
            elif kind == "model":
                yield _model_change(step.node, name, history)
            elif what := effect(step.node, history.has_table(name)):
                yield Change(what, kind, name)


_JOB_EFFECTS: Mapping[str, Effect] = {"create": "created", "drop": "dropped"}


def _targets(node: Node) -> Iterator[tuple[str, str]]:
    """The tables and models that a step makes, changes or drops: their kind and name."""
    for output in node.outputs:
        if output.target and output.kind != "parameter":
            yield output.kind, output.target
    match node.operation:
        case Query(writes=writes):
            yield from (("table", name) for name in writes)
        case Manage("drop", model):
            yield "model", model
        case Job("create" | "drop", name):
            yield "job", name
        case Alter():
            reference = node.inputs["model"]
            if isinstance(reference, ModelReference):
                yield "model", reference.name


def _model_change(node: Node, name: str, history: History) -> Change:
    newest = history.version(name)
    if not newest:
        return Change("created", "model", name)
    known = ", ".join(filter(None, (f"now version {newest}", history.quality(name))))
    match node.operation:
        case Manage():
            what: Effect = "dropped"
        case Alter():
            what = "changed"
        case _:
            what = "replaced"
    return Change(what, "model", name, known)


def _critical_path(steps: Mapping[str, StepForecast]) -> tuple[str, ...]:
    """The steps that would run on the longest way through; none where nothing is known."""
    if not any(step.runs and step.seconds is not None for step in steps.values()):
        return ()
    ends = _ends(steps)
    path: list[str] = []
    at = max(ends, key=lambda name: ends[name])
    while at:
        path.append(at)
        at = max(needs(steps[at].node), key=lambda name: ends[name], default="")
    return tuple(name for name in reversed(path) if steps[name].runs)


def _ends(steps: Mapping[str, StepForecast]) -> dict[str, float]:
    """When each step would have ended, in seconds, if none waited for cores or memory."""
    ends: dict[str, float] = {}
    for name, step in steps.items():
        ends[name] = _seconds(step) + max((ends[n] for n in needs(step.node)), default=0.0)
    return ends


def _most_at_once(steps: Mapping[str, StepForecast]) -> int | None:
    """Bytes; None where nothing is known."""
    ends = _ends(steps)
    changes = []
    for name, step in steps.items():
        if step.runs and step.memory:
            changes += [(ends[name] - _seconds(step), step.memory), (ends[name], -step.memory)]
    held = accumulate(change for _, change in sorted(changes))  # at one time, ends come first
    return max(held, default=None)


def _seconds(step: StepForecast) -> float:
    return (step.seconds or 0.0) if step.runs else 0.0
