"""The steps of one workflow, or of one that it calls, as lines of a script."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from sqlml.codegen.python.flow.blocks import block, tried
from sqlml.codegen.python.flow.order import first_apart
from sqlml.codegen.python.flow.programs import Functions, expression, left_by
from sqlml.codegen.python.flow.scope import Left, Scope, Value
from sqlml.codegen.python.flow.statements import statement
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.program import Program
from sqlml.workflow.graph import compared, givers, in_order, needs, operands_of
from sqlml.workflow.ir import (
    Call,
    Condition,
    ForEach,
    Item,
    Node,
    Not,
    Output,
    Repeat,
    Retry,
    Workflow,
)
from sqlml.workflow.operations import PROGRAMS

_LONG = 60  # characters of what is done in each round


class Level:
    """The steps that come before `apart`, and those on exit before `last_apart`, are plain lines;
    of the others it is noted how they end.
    """

    def __init__(
        self,
        program: Program,
        functions: Functions,
        workflow: Workflow,
        scope: Scope,
        called: Callable[[Node, Scope], tuple[str, Left]],
    ) -> None:
        """called: the call that a step makes of a workflow, and what that leaves."""
        self.workflow = workflow
        self.scope = scope
        self.nodes = in_order(workflow)
        self.apart = first_apart(self.nodes, workflow.on_exit)
        self.last_apart = self._last_apart()
        self._program = program
        self._functions = functions
        self._called = called
        self._retry = workflow.retry or program.workflow.retry
        self._known = {one.name for one in self.nodes[: self.apart]}
        every = (*workflow.nodes, *workflow.on_exit)
        self._given = {giver for one in every for giver in givers(one)}
        loops = [one.loop.condition for one in every if isinstance(one.loop, Repeat)]
        asked = [*(one for loop in loops for one in compared(loop)), *workflow.outputs.values()]
        self._taken = self._given | {one.node for one in asked}

    @property
    def notes_ends(self) -> bool:
        """Whether some steps are noted, so that others go on when they fail."""
        count, exits = len(self.nodes), len(self.workflow.on_exit)
        return self.apart < count or self.last_apart < exits

    @property
    def unsure(self) -> set[str]:
        """The steps that may not have succeeded when all have ended well."""
        found: set[str] = set()
        for node in self.nodes:
            is_odd = any(after.status in ("failed", "skipped") for after in node.after)
            if is_odd or _own_guard(node) is not None or found & {*needs(node)}:
                found.add(node.name)
        return found

    def left_for_caller(self, output: Output) -> Value:
        """What the workflow gives of a step, where that has left something."""
        left = replace(self.scope.left[output.node], may_lack=False)
        found = left.output(output.name)
        if output.node in self.unsure and found.text != left.variable:
            return Value(f"{left.variable} and {found.text}", found.type)
        return found

    def lines(self) -> Iterator[str]:
        """All steps, those on exit last; fails at the end where one has failed."""
        steps, last = self._steps(self.nodes, self.apart), self.workflow.on_exit
        check = ("", "steps.check()")
        if self.notes_ends:
            yield "steps = Steps()"
        if last:
            checked = check if self.apart < len(self.nodes) else ()
            yield 'status = "failed"'
            yield from block("try:", (*steps, *checked, 'status = "succeeded"'))
            yield from block("finally:", self._steps(last, self.last_apart))
        else:
            yield from steps
        if self.last_apart < len(last) or (self.notes_ends and not last):
            yield from check

    def _last_apart(self) -> int:
        """From which step on exit on ends are noted: those that take something may find nothing."""
        last = self.workflow.on_exit
        names = {node.name for node in self.nodes}
        taking = (
            i
            for i, node in enumerate(last)
            if names & {*givers(node), *(after.node for after in node.after)}
        )
        return min(next(taking, len(last)), first_apart(last))

    # --- steps --------------------------------------------------------------------------------

    def _steps(self, nodes: Sequence[Node], apart: int) -> Iterator[str]:
        """Steps with the same condition stand together, and those without it behind `else`."""
        before: Condition | None = None
        for guard, group in groupby(nodes[:apart], _own_guard):
            lines = [line for node in group for line in ("", _title(node), *self._node(node))]
            if guard is None:
                yield from lines
            elif before is not None and guard == Not(before):
                yield from block("else:", lines)
            else:
                yield ""
                yield from block(f"if {self.scope.condition(guard)}:", lines)
            before = guard
        for node in nodes[apart:]:
            yield from ("", _title(node))
            yield from block(f"with steps.run({literal(node.name)}):", self._noted(node))

    def _noted(self, node: Node) -> Iterator[str]:
        """A step whose end is noted, with what it asks for."""
        words = [literal(name) for name in dict.fromkeys(givers(node)) if name not in self._known]
        asked = [
            f"({literal(one.node)}, {literal(one.status)})"
            for one in node.after
            if one.node not in self._known
        ]
        named = {"after": f"[{', '.join(asked)}]"} if asked else {}
        if words or named:
            yield call("steps.need", *words, **named)
        guard = _own_guard(node)
        if guard is not None:
            yield call("steps.when", self.scope.condition(guard))
        lines = [*self._node(node)]
        yield from [""] if lines and lines[0].startswith("def ") else []
        yield from lines

    def _node(self, node: Node) -> Iterator[str]:
        """What a step does, with its loop, and what it gives if nobody takes it."""
        if not isinstance(node.operation, PROGRAMS):
            yield from self._statement(node)
            return
        match node.loop:
            case ForEach() as loop:
                yield from self._mapped(node, loop)
            case loop:
                text = self._round(node, self.scope)
                variable = self._leave(node)
                lines = [f"{variable} = {text}" if variable else text]
                lines = [*tried(node, self._retry_of(node), lines)]
                yield from lines if loop is None else self._again(node, loop, lines)
        variable = self.scope.left[node.name].variable
        if variable and self._is_shown(node):
            yield call("print", literal(f"{node.name}:"), variable)

    def _statement(self, node: Node) -> Iterator[str]:
        lines, self.scope.left[node.name] = statement(self._program, node)
        lines = [*tried(node, self._retry_of(node), lines)]
        match node.loop:
            case ForEach():
                self._program.refuse(node, "it is SQL for each item of a list")
            case Repeat() as loop:
                yield from self._again(node, loop, lines)
            case None:
                yield from lines

    def _leave(self, node: Node) -> str:
        """The variable for what a step gives; empty where nobody wants it."""
        is_call = isinstance(node.operation, Call)
        left = self._called(node, self.scope)[1] if is_call else left_by(node)
        is_named = node.outputs and (node.name in self._taken or self._is_shown(node))
        variable = self._program.variable(node.name) if is_named else ""
        is_list = isinstance(node.loop, ForEach)
        self.scope.left[node.name] = replace(left, variable=variable, is_list=is_list)
        return variable

    def _again(self, node: Node, loop: Repeat, lines: Sequence[str]) -> Iterator[str]:
        ends = f"if {self.scope.condition(loop.condition, holds=False)}:"
        told = f"{node.name}: its condition still holds after {loop.limit} rounds"
        yield from block(f"for _ in range({loop.limit}):", (*lines, *block(ends, ["break"])))
        yield from block("else:", [call("sys.exit", literal(told))])

    def _mapped(self, node: Node, loop: ForEach) -> Iterator[str]:
        scope, items = self.scope.inside("each", loop), self.scope.items(loop)
        text, retry = self._round(node, scope), self._retry_of(node)
        if retry or node.timeout is not None or "\n" in text or len(text) > _LONG:
            function = self._program.variable(f"do-{node.name}")
            lines = tried(node, retry, [f"result = {text}" if retry else f"return {text}"])
            yield from block(f"def {function}(each):", lines)
            yield from ["    return result", ""] if retry else [""]
            text = f"{function}(each)"
        if node.guard is not None and _own_guard(node) is None:
            items = f"[each for each in {items} if {scope.condition(node.guard)}]"
        count = 1 if self._has_timeout(node) else loop.parallelism
        if count not in (None, 1):
            function = text[:-6] if text == f"{text[:-6]}(each)" else f"lambda each: {text}"
            text = call("in_threads", function, items, str(count))
        else:
            text = f"[{text} for each in {items}]"
        variable = self._leave(node)
        yield f"{variable} = {text}" if variable else text

    def _has_timeout(self, node: Node) -> bool:
        """Whether what is done in a round has one: it is kept by the main thread alone."""
        called = self._program.workflow.workflows if isinstance(node.operation, Call) else ()
        inner = (each for part in called for each in (*part.nodes, *part.on_exit))
        return any(each.timeout is not None for each in (node, *inner))

    def _round(self, node: Node, scope: Scope) -> str:
        """What the step does once."""
        if isinstance(node.operation, Call):
            return self._called(node, scope)[0]
        return expression(self._functions, node, scope)

    def _retry_of(self, node: Node) -> Retry | None:
        retry = node.retry or (None if isinstance(node.operation, Call) else self._retry)
        return retry if retry is not None and retry.limit else None

    def _is_shown(self, node: Node) -> bool:
        """Whether what a step gives is the script's result: no other takes it."""
        return self.workflow is self._program.workflow and node.name not in self._given


def _title(node: Node) -> str:
    return f"# {node.name}" + (f", line {node.place.line}" if node.place else "")


def _own_guard(node: Node) -> Condition | None:
    """A step's condition, if it is not one of each round."""
    is_mapped = isinstance(node.loop, ForEach)
    asks_item = is_mapped and any(isinstance(one, Item) for one in operands_of(node.guard))
    return None if asks_item else node.guard
