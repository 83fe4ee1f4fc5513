"""What running a workflow now would do: which steps, why, how long, and what would change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from sqlml.optimizer.history import History, PastStep, operation_of, target_of
from sqlml.optimizer.reuse import Reuse
from sqlml.workflow.graph import needs, topological_order
from sqlml.workflow.ir import ModelReference, Node, Output, Workflow


@dataclass(frozen=True, slots=True)
class StepForecast:
    """seconds and memory are medians of earlier runs, None without any; samples: how many."""

    node: Node
    runs: bool
    why: str
    seconds: float | None = None
    memory: int | None = None
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A model or table that would be created or replaced."""

    effect: Literal["created", "replaced"]
    kind: str
    name: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """seconds: the critical path through the steps that would run (Couler paper, Eq. 1)."""

    steps: tuple[StepForecast, ...]
    changes: tuple[Change, ...]
    seconds: float | None
    memory: int | None
    samples: int


def forecast(workflow: Workflow, reuse: Reuse, history: History) -> Forecast:
    """What running `workflow` now would do; nothing runs."""
    steps: dict[str, StepForecast] = {}
    models: dict[str, str] = {}
    for node in topological_order(workflow):
        steps[node.name] = _forecast_step(node, steps, models, reuse, history)
    return Forecast(
        tuple(steps[node.name] for node in workflow.nodes),
        tuple(_changes(steps.values(), history)),
        _critical_path(steps),
        max((s.memory for s in steps.values() if s.runs and s.memory), default=None),
        max((s.samples for s in steps.values()), default=0),
    )


def _forecast_step(
    node: Node,
    steps: Mapping[str, StepForecast],
    models: dict[str, str],
    reuse: Reuse,
    history: History,
) -> StepForecast:
    past = history.past(operation_of(node), target_of(node))
    running = next((name for name in needs(node) if steps[name].runs), None)
    if running is None:
        found = reuse.lookup(node, _models_of(node, models, history))
        if found is not None:
            if "model" in found.outputs:
                models[node.name] = found.outputs["model"]
            return StepForecast(node, False, f"unchanged since run {found.run}")
    why = _why(node, running, steps, past, reuse)
    if not past:
        return StepForecast(node, True, why)
    seconds = median(step.seconds for step in past)
    memory = max(step.peak_memory for step in past)
    return StepForecast(node, True, why, seconds, memory or None, len(past))


def _why(
    node: Node,
    running: str | None,
    steps: Mapping[str, StepForecast],
    past: Sequence[PastStep],
    reuse: Reuse,
) -> str:
    if not reuse.can_stand(node):
        return "runs every time"
    if not past:
        return "not run before"
    if past[-1].static_hash != reuse.static_hash(node):
        return "the statement changed"
    if running is not None:
        return f"{target_of(steps[running].node) or running} changes"
    return "its data changed"


def _models_of(node: Node, models: Mapping[str, str], history: History) -> dict[str, str]:
    found = {}
    for name, value in node.inputs.items():
        match value:
            case Output(source, "model") if source in models:
                found[name] = models[source]
            case ModelReference(model, version):
                found[name] = f"{model}@{version or history.newest_version(model)}"
    return found


def _changes(steps: Iterable[StepForecast], history: History) -> Iterator[Change]:
    seen: set[tuple[str, str]] = set()
    for step in steps:
        for output in step.node.outputs:
            if not step.runs or not output.target or (output.kind, output.target) in seen:
                continue
            seen.add((output.kind, output.target))
            if output.kind == "model":
                newest = history.newest_version(output.target)
                effect: Literal["created", "replaced"] = "replaced" if newest else "created"
                remark = f"now version {newest}" if newest else ""
            else:
                effect = "replaced" if history.has_table(output.target) else "created"
                remark = ""
            yield Change(effect, output.kind, output.target, remark)


def _critical_path(steps: Mapping[str, StepForecast]) -> float | None:
    if not any(step.runs and step.seconds is not None for step in steps.values()):
        return None
    ends: dict[str, float] = {}
    for name, step in steps.items():
        own = (step.seconds or 0.0) if step.runs else 0.0
        ends[name] = own + max((ends[n] for n in needs(step.node)), default=0.0)
    return max(ends.values())
