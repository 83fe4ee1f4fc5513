"""For engines without sub-workflows: the steps of what is called, in place of the call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlml.codegen.call_ends import Ends, ends_of
from sqlml.codegen.groups import as_one_step, for_one_step, hindrance
from sqlml.codegen.lanes import with_limited_parts
from sqlml.codegen.last_steps import written_out
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.graph import NODE_NAME, givers, needs
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Condition,
    Constant,
    ForEach,
    HasStatus,
    Input,
    InputFile,
    Item,
    Json,
    Node,
    Not,
    Operand,
    Output,
    Outputs,
    Parameter,
    Range,
    Repeat,
    Retry,
    Workflow,
)

_LONGEST_NAME = 58


def flatten(workflow: Workflow, *, by_image: bool = True, is_told: bool = False) -> Workflow:
    """The workflow with the nodes of those it calls in place of the calls.

    A call's guard becomes part of the guards of its nodes; one that is made for each item of a
    known list becomes as many copies. Where others ask for the status of a call, or take what it
    gives, a step at its end has it. A call that is repeated, made for each item of an output, or
    has a policy of its own becomes one step.

    by_image: steps run in their images. is_told: it is not to be run, and calls that are one step
    may stay calls.

    Raises:
        ProgramError: E0758 a call that has to be one step, and cannot; E0940 a called workflow with
            a time limit.
    """
    if not workflow.workflows:
        return workflow
    workflow = written_out(with_limited_parts(workflow), ("timeout",))
    flat = _Flattening(workflow, by_image=by_image, is_told=is_told)
    return replace(
        workflow,
        nodes=tuple(flat.nodes(workflow.nodes, _Scope())),
        on_exit=tuple(flat.nodes(workflow.on_exit, _Scope())),
        outputs={name: _one(flat.output(o, _Scope())) for name, o in workflow.outputs.items()},
        workflows=(),
    )


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where a node stands: what its name begins with, what parameters are, what all wait for."""

    prefix: str = ""
    parameters: Mapping[str, Input] | None = None
    guard: Condition | None = None
    after: tuple[After, ...] = ()
    retry: Retry | None = None

    def name(self, node: str) -> str:
        name = f"{self.prefix}{node}"
        if NODE_NAME.fullmatch(name):
            return name
        tail = name[-(_LONGEST_NAME - 1) :].lstrip("-0123456789")
        return tail or name


class _Flattening:
    def __init__(self, workflow: Workflow, *, by_image: bool, is_told: bool) -> None:
        self._workflow = workflow
        self._by_image = by_image
        self._is_told = is_told
        self._for_one_step = for_one_step(workflow)
        self._definitions = {one.name: one for one in workflow.workflows}
        # of each call, by its name when all is flat: its copies' scopes and what it runs
        self._calls: dict[str, tuple[tuple[_Scope, ...], Workflow]] = {}
        self._mapped: set[str] = set()
        self._ends: dict[str, Ends] = {}

    def nodes(self, nodes: Sequence[Node], scope: _Scope) -> Iterator[Node]:
        for node in nodes:
            placed = self._placed(node, scope)
            if not isinstance(node.operation, Call):
                yield placed
                continue
            called = self._definitions[node.operation.workflow]
            if node.name in self._for_one_step:
                yield placed if self._is_told else self._one_step(placed, called, scope)
                continue
            scopes = tuple(self._scopes(node, placed, called, scope))
            self._calls[placed.name] = (scopes, called)
            if node.loop is not None:
                self._mapped.add(placed.name)
            inner = [*self._copies(node, called, scopes)]
            yield from inner
            if len(scopes) == len(inner) == 1 and called.nodes[0].guard is None:
                self._ends[placed.name] = Ends(inner[0].name, inner[0].name)
            elif any(node.name in needs(each) for each in (*nodes, *self._workflow.on_exit)):
                self._ends[placed.name], last = ends_of(placed, self._waits(placed), inner)
                yield from last

    def _copies(self, node: Node, called: Workflow, scopes: Sequence[_Scope]) -> Iterator[Node]:
        """The steps of all rounds, of which no more run at a time than may."""
        limit = node.loop.parallelism if isinstance(node.loop, ForEach) else None
        rounds: list[list[Node]] = []
        for number, scope in enumerate(scopes):
            before = rounds[number - limit] if limit and number >= limit else []
            waits = tuple(After(each.name, "finished") for each in before)
            own = replace(scope, after=(*scope.after, *waits))
            rounds.append([*self.nodes(called.nodes, own)])
            yield from rounds[-1]

    def _one_step(self, placed: Node, called: Workflow, scope: _Scope) -> Node:
        """A call that is one step, which runs those of what it calls.

        Raises:
            ProgramError: E0758 one step cannot.
        """
        whole = replace(called, workflows=self._workflow.workflows)
        inner = flatten(whole, by_image=self._by_image)
        if why := hindrance(inner, by_image=self._by_image):
            raise _refused(f"the call `{placed.name}` would be one step, but {why}", placed)
        retry = called.retry or scope.retry or self._workflow.retry
        defaults: dict[str, Input] = {
            name: Constant(declared.default) for name, declared in called.parameters.items()
        }
        given = replace(placed, inputs={**defaults, **placed.inputs})
        return as_one_step(given, inner, self._workflow.parameters, retry)

    def _placed(self, node: Node, scope: _Scope) -> Node:
        """A node with the names that it and those around it have when all is flat."""
        guards = [g for g in (scope.guard, self._condition(node.guard, scope)) if g is not None]
        after = [flat for one in node.after for flat in self._after(one, scope)]
        given = dict.fromkeys(scope.name(giver) for giver in givers(node))
        after += [After(self._ends[name].end, "succeeded") for name in given if name in self._ends]
        loop = node.loop
        if isinstance(loop, ForEach) and not isinstance(loop.items, Range):
            loop = replace(loop, items=self._operand(loop.items, scope))
        elif isinstance(loop, Repeat):
            own = self._condition(loop.condition, scope)
            loop = replace(loop, condition=own) if own is not None else loop
        return replace(
            node,
            name=scope.name(node.name),
            inputs={name: self._input(value, scope) for name, value in node.inputs.items()},
            after=tuple({one.node: one for one in (*scope.after, *after)}.values()),
            guard=guards[0] if len(guards) == 1 else AllOf(tuple(guards)) if guards else None,
            loop=loop,
            files={name: self._file(file, scope) for name, file in node.files.items()},
            retry=node.retry or (None if isinstance(node.operation, Call) else scope.retry),
        )

    def _waits(self, placed: Node) -> tuple[After, ...]:
        """What a call waits for, so that its nodes do not start before it."""
        alone = replace(placed, guard=None)
        told = {after.node: after for after in placed.after}
        told |= {name: After(name, "succeeded") for name in givers(alone)}
        return tuple(told.values())

    def _scopes(
        self, node: Node, placed: Node, called: Workflow, around: _Scope
    ) -> Iterator[_Scope]:
        defaults: dict[str, Input] = {
            name: Constant(declared.default) for name, declared in called.parameters.items()
        }
        given = {**defaults, **placed.inputs}
        waits, retry = self._waits(placed), called.retry or around.retry
        for suffix, item in _rounds(node):
            values = {name: _with_item(value, item) for name, value in given.items()}
            prefix = f"{placed.name}-{suffix}-" if suffix else f"{placed.name}-"
            yield _Scope(prefix, values, placed.guard, waits, retry)

    # --- references ---------------------------------------------------------------------------

    def output(self, output: Output, scope: _Scope) -> tuple[Output, ...]:
        """What an output is when all is flat; of a call for several items, that of each."""
        name = scope.name(output.node)
        if name not in self._calls:
            return (Output(name, output.name),)
        scopes, called = self._calls[name]
        inner = called.outputs[output.name]
        return tuple(found for one in scopes for found in self.output(inner, one))

    def _input(self, value: Input, scope: _Scope) -> Input:
        match value:
            case Output():
                found = self.output(value, scope)
                if scope.name(value.node) not in self._mapped:
                    return found[0]
                return Outputs(tuple(one.node for one in found), found[0].name if found else "")
            case Outputs(nodes, name):
                return Outputs(tuple(scope.name(node) for node in nodes), name)
            case Parameter(name) if scope.parameters is not None:
                return scope.parameters.get(name, value)
            case _:
                return value

    def _operand(self, value: Any, scope: _Scope) -> Any:
        found = self._input(value, scope)
        if isinstance(found, Outputs):
            raise _refused("the collected results of a call are compared or looped over")
        return found

    def _file(self, file: InputFile, scope: _Scope) -> InputFile:
        if not isinstance(file.source, Output):
            return file
        return replace(file, source=_one(self.output(file.source, scope)))

    def _after(self, after: After, scope: _Scope) -> Iterator[After]:
        name = scope.name(after.node)
        ends = self._ends.get(name, Ends(name, name))
        yield from (After(one, after.status) for one in ends.asked(after.status))

    def _condition(self, condition: Condition | None, scope: _Scope) -> Condition | None:
        match condition:
            case None:
                return None
            case Comparison(left, comparator, right):
                sides: tuple[Operand, Operand] = (
                    self._operand(left, scope),
                    self._operand(right, scope),
                )
                return Comparison(sides[0], comparator, sides[1])
            case HasStatus(status, node):
                if not node:
                    return condition
                name = scope.name(node)
                ends = self._ends.get(name, Ends(name, name))
                told = tuple(HasStatus(status, one) for one in ends.asked(status))
                return told[0] if len(told) == 1 else AllOf(told)
            case AllOf(terms):
                return AllOf(tuple(self._conditions(terms, scope)))
            case AnyOf(terms):
                return AnyOf(tuple(self._conditions(terms, scope)))
            case Not(term):
                return Not(next(self._conditions((term,), scope)))

    def _conditions(self, terms: Sequence[Condition], scope: _Scope) -> Iterator[Condition]:
        for term in terms:
            found = self._condition(term, scope)
            if found is not None:
                yield found


def _rounds(node: Node) -> Iterator[tuple[str, Json]]:
    """The copies that a call becomes: what marks their names, and their items."""
    match node.loop:
        case None:
            yield "", None
        case ForEach(items=Range(start, stop, step)):
            yield from ((str(i), item) for i, item in enumerate(range(start, stop, step)))
        case ForEach(items=Constant(value=tuple(items))):
            yield from ((str(i), item) for i, item in enumerate(items))
        case _:
            raise TypeError(f"its items are not known: {node.name}")


def _with_item(value: Input, item: Json) -> Input:
    if not isinstance(value, Item):
        return value
    return Constant(item[value.field] if value.field and isinstance(item, Mapping) else item)


def _one(outputs: tuple[Output, ...]) -> Output:
    if len(outputs) != 1:
        raise _refused("the collected results of a call are an output or a file")
    return outputs[0]


def _refused(what: str, node: Node | None = None) -> ProgramError:
    place = node.place if node else None
    label = f"at {place.file}:{place.line}:{place.column}" if place else ""
    hint = "give it a known list, or write its steps out; Argo has calls of its own"
    return ProgramError(
        Diagnostic("E0758", f"{what}, which this engine cannot do", label=label, hint=hint)
    )
