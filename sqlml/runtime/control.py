"""Guards, loops and calls: what is decided when a step is ready, and what its parts come to."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlml.errors import Diagnostic, SqlmlError, StepError
from sqlml.runtime.expansion import Caller, called, items_of, round_of
from sqlml.runtime.inputs import Inputs
from sqlml.runtime.report import StepReport, StepStatus
from sqlml.runtime.states import has_parts
from sqlml.workflow.conditions import holds
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Condition,
    ForEach,
    HasStatus,
    Item,
    Json,
    Node,
    Not,
    Operand,
    Range,
    Relation,
    Repeat,
    Status,
    Workflow,
)
from sqlml.workflow.parameters import bind
from sqlml.workflow.parts import is_part
from sqlml.zoo.steps.outcome import Outcome


@dataclass(slots=True)
class _Group:
    """A step with parts. open: how many have not ended; waiting: rounds that are not there yet."""

    node: Node
    began: float
    workflow: Workflow | None = None
    parts: list[str] = field(default_factory=list)
    open: int = 0
    waiting: deque[Node] = field(default_factory=deque)
    is_exiting: bool = False
    is_cut: bool = False


class Control:
    """Turns steps with guards, loops and calls into plain steps, and their ends into one end."""

    def __init__(
        self,
        workflow: Workflow,
        inputs: Inputs,
        reports: Mapping[str, StepReport],
        *,
        add: Callable[[Sequence[Node], str], None],
        has_status: Callable[[str, Status], bool],
        clock: Callable[[], float],
    ) -> None:
        """add: makes steps part of another one. reports: of all steps that have ended."""
        self._workflows = {each.name: each for each in workflow.workflows}
        self._inputs = inputs
        self._reports = reports
        self._add = add
        self._has_status = has_status
        self._clock = clock
        self._groups: dict[str, _Group] = {}
        self._parents: dict[str, str] = {}

    def is_group(self, name: str) -> bool:
        """Whether a step has begun that has parts."""
        return name in self._groups

    def parallelism(self, node: Node) -> int | None:
        """How many steps of a group may run at a time; of rounds, it sees to that itself."""
        workflow = self._groups[node.name].workflow
        return None if workflow is None else workflow.parallelism

    def cut(self, prefix: str) -> None:
        """Let no more rounds begin in the groups whose names begin so, or give it."""
        for name, group in self._groups.items():
            if f"{name}.".startswith(prefix):
                group.is_cut = True

    def begin(self, node: Node) -> StepReport | None:
        """Decide about a step that is ready. Its report, if that ends it.

        Without one, it has become a group or, when it is none, may start.
        """
        try:
            if not self._may_run(node):
                return StepReport("skipped", because="its condition does not hold")
            if not has_parts(node):
                return None
            group = self._groups[node.name] = _Group(node, self._clock())
            self._open(group)
        except SqlmlError as error:
            self._groups.pop(node.name, None)
            return StepReport("failed", diagnostics=error.diagnostics)
        return None if group.open else self._finish(group)

    def part_ended(self, name: str) -> tuple[Node, StepReport] | None:
        """Note that a step has ended; the step that it is the last part of, and its report."""
        report = self._reports[name]
        group = self._groups.get(self._parents.get(name, ""))
        if group is None:
            return None
        group.open -= 1
        try:
            self._go_on(group, report)
        except SqlmlError as error:
            return self._closed(group, "failed", diagnostics=error.diagnostics)
        return None if group.open else (group.node, self._finish(group))

    def abandon(self, name: str, status: StepStatus, because: str) -> StepReport:
        """End a group whose parts that had not begun are not going to."""
        group = self._groups[name]
        return self._closed(group, self._worst(group) or status, because=because)[1]

    def _value(self, operand: Operand, node: Node, own: Mapping[str, Json] | None = None) -> Json:
        """The value of an operand of a step's condition. own: the outputs of its last round."""
        given = {name: self._reports[name].outcome.outputs for name in needs(node)}
        found = self._inputs.value(operand, given if own is None else {**given, node.name: own})
        assert not isinstance(found, Relation)
        return found

    def _may_run(self, node: Node) -> bool:
        """Whether a step's guard holds; one about a loop's items is asked in each round."""
        guard = node.guard
        if guard is None or (isinstance(node.loop, ForEach) and _mentions_item(guard)):
            return True
        return self._holds(guard, node)

    def _open(self, group: _Group) -> None:
        node = group.node
        match node.loop, node.operation:
            case ForEach() as loop, _:
                value = () if isinstance(loop.items, Range) else self._value(loop.items, node)
                items = items_of(loop, value)
                rounds = [round_of(node, i, item) for i, item in enumerate(items)]
                first = loop.parallelism or len(rounds)
                group.waiting = deque(rounds[first:])
                self._extend(group, rounds[:first])
            case Repeat(), _:
                self._extend(group, [round_of(node, 0)])
            case None, Call(workflow=name):
                group.workflow = workflow = self._workflows[name]
                caller = Caller(node.name, bind(workflow, self._arguments(node)))
                among = node.name.rpartition(".")[0]  # where its sisters are, if it is a part
                self._extend(group, called(workflow, workflow.nodes, caller, among))
            case _:
                raise TypeError(node.operation)

    def _go_on(self, group: _Group, report: StepReport) -> None:
        """What follows in a group from the end of one of its parts."""
        ended_well = report.status in ("succeeded", "reused")
        match group.node.loop:
            case ForEach() if group.waiting and not group.is_cut:
                self._extend(group, [group.waiting.popleft()])
            case Repeat(condition=condition, limit=limit) if ended_well and not group.is_cut:
                if not self._holds(condition, group.node, report.outcome.outputs):
                    return
                if len(group.parts) >= limit:
                    raise _endless(group.node, limit)
                self._extend(group, [round_of(group.node, len(group.parts))])
            case None if not group.open and not group.is_exiting:
                self._exit(group)

    def _exit(self, group: _Group) -> None:
        """Start the steps of a called workflow that come last."""
        workflow = group.workflow
        assert workflow is not None
        group.is_exiting = True
        if workflow.on_exit:
            is_good = self._worst(group) is None and not group.is_cut
            arguments = bind(workflow, self._arguments(group.node))
            caller = Caller(group.node.name, arguments, partial(has_ended_with, is_good))
            self._extend(group, called(workflow, workflow.on_exit, caller, group.node.name))

    def _extend(self, group: _Group, nodes: Sequence[Node]) -> None:
        for node in nodes:
            self._parents[node.name] = group.node.name
        group.parts += [node.name for node in nodes]
        group.open += len(nodes)
        self._add(nodes, group.node.name)

    def _finish(self, group: _Group) -> StepReport:
        status = self._worst(group)
        if status is not None:
            left = self._outputs(group) if is_part(group.node) else {}
            return self._closed(group, status, outcome=Outcome(outputs=left))[1]
        try:
            outputs = self._outputs(group)
        except SqlmlError as error:
            return self._closed(group, "failed", diagnostics=error.diagnostics)[1]
        return self._closed(group, "succeeded", outcome=Outcome(_summary(group), outputs=outputs))[
            1
        ]

    def _worst(self, group: _Group) -> StepStatus | None:
        found = {self._reports[part].status for part in group.parts if part in self._reports}
        return next((status for status in ("failed", "interrupted") if status in found), None)

    def _outputs(self, group: _Group) -> dict[str, Json]:
        node = group.node
        if group.workflow is not None:
            wanted = group.workflow.outputs
            given = {o.node: self._left(f"{node.name}.{o.node}") for o in wanted.values()}
            return {
                name: given[output.node][output.name]
                for name, output in wanted.items()
                if output.name in given[output.node]
            }
        rounds = [self._reports[part] for part in group.parts]
        left = [r.outcome.outputs for r in rounds if r.status in ("succeeded", "reused")]
        if isinstance(node.loop, Repeat):
            return dict(left[-1]) if left else {}
        return {
            output.name: tuple(each[output.name] for each in left if output.name in each)
            for output in node.outputs
        }

    def _left(self, name: str) -> Mapping[str, Json]:
        return self._reports[name].outcome.outputs

    def _closed(self, group: _Group, status: StepStatus, **told: object) -> tuple[Node, StepReport]:
        del self._groups[group.node.name]
        seconds = self._clock() - group.began
        return group.node, StepReport(status, seconds=seconds, is_group=True, **told)  # type: ignore[arg-type]

    def _arguments(self, node: Node) -> dict[str, Json]:
        given = {name: self._reports[name].outcome.outputs for name in needs(node)}
        values = {name: self._inputs.value(value, given) for name, value in node.inputs.items()}
        return {name: value for name, value in values.items() if not isinstance(value, Relation)}

    def _holds(
        self, condition: Condition, node: Node, own: Mapping[str, Json] | None = None
    ) -> bool:
        return holds(
            condition,
            lambda operand: self._value(operand, node, own),
            lambda asked: self._has_status(asked.node, asked.status),
        )


def has_ended_with(is_good: bool, status: Status) -> bool:
    """Whether a workflow has a status that has ended well, or has not."""
    return status == "finished" or status in (("succeeded", "passed") if is_good else ("failed",))


def _mentions_item(condition: Condition) -> bool:
    match condition:
        case Comparison(left=left, right=right):
            return isinstance(left, Item) or isinstance(right, Item)
        case AllOf(terms=terms) | AnyOf(terms=terms):
            return any(map(_mentions_item, terms))
        case Not(term=term):
            return _mentions_item(term)
        case HasStatus():
            return False


def _endless(node: Node, limit: int) -> StepError:
    message = f"`{node.name}` was repeated {limit} times, and its condition still holds"
    hint = "let it be repeated more often, or let it come to an end"
    return StepError(Diagnostic("E0684", message, hint=hint))


def _summary(group: _Group) -> str:
    if group.workflow is not None and not is_part(group.node):
        return group.workflow.name
    count, unit = len(group.parts), "round" if group.workflow is None else "step"
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
