"""The steps of one workflow, or of one that it calls, as lines of a script."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlml.codegen import plain
from sqlml.codegen.python.flow.order import first_apart
from sqlml.codegen.python.flow.programs import Functions, expression, left_by
from sqlml.codegen.python.flow.scope import Left, Scope, Value, converted
from sqlml.codegen.python.flow.statements import statement
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.program import Program
from sqlml.workflow.graph import givers, in_order, operands_of
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
from sqlml.workflow.policies import Backoff

_INDENT = " " * 4
_LONG = 60  # characters of what is done in each round


class Level:
    """called: the function for a workflow that is called, and what it leaves (its first call has
    it written)."""

    def __init__(
        self,
        program: Program,
        functions: Functions,
        workflow: Workflow,
        scope: Scope,
        called: Callable[[Node], tuple[str, Left]],
    ) -> None:
        self.workflow = workflow
        self.scope = scope
        self.nodes = in_order(workflow)
        self.apart = first_apart(self.nodes, workflow.on_exit)
        self.last_apart = self._last_apart()
        self._program = program
        self._functions = functions
        self._called = called
        self._retry = workflow.retry or program.workflow.retry

    @property
    def notes_ends(self) -> bool:
        """Whether some steps are noted, so that others go on when they fail."""
        count, exits = len(self.nodes), len(self.workflow.on_exit)
        return self.apart < count or self.last_apart < exits

    @property
    def unsure(self) -> set[str]:
        """The steps that may not have succeeded when all have ended well."""
        return {n.name for i, n in enumerate(self.nodes) if i >= self.apart or n.guard is not None}

    def left_for_caller(self, output: Output) -> Value:
        """What the workflow gives of a step, where that has left something."""
        left = replace(self.scope.left[output.node], may_lack=False)
        found = left.output(output.name)
        if output.node in self.unsure and found.text != left.variable:
            return Value(f"{left.variable} and {found.text}", found.type)
        return found

    def lines(self) -> Iterator[str]:
        """All steps, those on exit last; fails at the end where one has failed."""
        if self.notes_ends:
            yield "steps = Steps()"
        if not self.workflow.on_exit:
            yield from self._steps(self.nodes, self.apart)
            if self.notes_ends:
                yield from ("", "steps.check()")
            return
        yield from ('status = "failed"', "try:")
        yield from indented(trimmed(self._steps(self.nodes, self.apart)))
        if self.apart < len(self.nodes):
            yield from ("", "    steps.check()")
        yield from ('    status = "succeeded"', "finally:")
        yield from indented(trimmed(self._steps(self.workflow.on_exit, self.last_apart)))
        if self.last_apart < len(self.workflow.on_exit):
            yield from ("", "steps.check()")

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
        guard: Condition | None = None
        for i, node in enumerate(nodes):
            title = f"# {node.name}" + (f", line {node.place.line}" if node.place else "")
            if i >= apart:
                yield from ("", title)
                yield f"with steps.run({literal(node.name)}):"
                yield from indented(self._noted(node))
                continue
            if _asks_item(node) or node.guard is None:
                guard = None
                yield from ("", title, *self._node(node))
                continue
            if guard is not None and node.guard == guard:
                yield ""
            elif guard is not None and node.guard == Not(guard):
                yield "else:"
            else:
                yield from ("", f"if {self.scope.condition(node.guard)}:")
            guard = node.guard
            yield from indented((title, *self._node(node)))

    def _noted(self, node: Node) -> Iterator[str]:
        """A step whose end is noted, with what it asks for."""
        known = {one.name for one in self.nodes[: self.apart]}
        asked = [(one.node, one.status) for one in node.after if one.node not in known]
        words = [*map(literal, (name for name in dict.fromkeys(givers(node)) if name not in known))]
        named = {}
        if asked:
            named["after"] = f"[{', '.join(f'({literal(n)}, {literal(s)})' for n, s in asked)}]"
        if words or named:
            yield call("steps.need", *words, **named)
        if node.guard is not None and not _asks_item(node):
            yield call("steps.when", self.scope.condition(node.guard))
        lines = [*self._node(node)]
        if lines[0].startswith("def "):
            yield ""
        yield from lines

    def _node(self, node: Node) -> Iterator[str]:
        """What a step does, with its loop, and what it gives if nobody takes it."""
        if not isinstance(node.operation, PROGRAMS):
            yield from self._statement(node)
            return
        left = self._left(node)
        match node.loop:
            case None:
                yield from self._attempted(node, self.scope, left.variable)
            case Repeat() as loop:
                yield from self._repeated(node, loop, left)
            case ForEach() as loop:
                yield from self._mapped(node, loop, left.variable)
        if left.variable and self._is_shown(node):
            yield call("print", literal(f"{node.name}:"), left.variable)

    def _statement(self, node: Node) -> Iterator[str]:
        if isinstance(node.loop, ForEach):
            self._program.refuse(node, "it is SQL for each item of a list")
        lines, left = statement(self._program, node)
        self.scope.left[node.name] = left
        if isinstance(node.loop, Repeat):
            lines = [*self._again(node, node.loop, lines)]
        yield from self._tried(node, lines)

    def _left(self, node: Node) -> Left:
        """Where a step leaves what it gives: a variable, if it gives anything."""
        is_call = isinstance(node.operation, Call)
        left = self._called(node)[1] if is_call else left_by(node)
        is_named = node.outputs and (self._is_taken(node) or self._is_shown(node))
        variable = self._program.variable(node.name) if is_named else ""
        is_list = isinstance(node.loop, ForEach)
        found = self.scope.left[node.name] = replace(left, variable=variable, is_list=is_list)
        return found

    def _repeated(self, node: Node, loop: Repeat, left: Left) -> Iterator[str]:
        yield from self._again(node, loop, [*self._attempted(node, self.scope, left.variable)])

    def _again(self, node: Node, loop: Repeat, lines: Sequence[str]) -> Iterator[str]:
        yield f"for _ in range({loop.limit}):"
        yield from indented(lines)
        yield f"    if {self.scope.condition(loop.condition, holds=False)}:"
        yield "        break"
        yield "else:"
        told = f"{node.name}: its condition still holds after {loop.limit} rounds"
        yield f"    {call('sys.exit', literal(told))}"

    def _mapped(self, node: Node, loop: ForEach, variable: str) -> Iterator[str]:
        scope, items = self.scope.inside("each", loop), self.scope.items(loop)
        assigned = f"{variable} = " if variable else ""
        text = self._round(node, scope)
        retry = self._retry_of(node)
        if retry or node.timeout is not None or "\n" in text or len(text) > _LONG:
            function = self._program.variable(f"do-{node.name}")
            yield f"def {function}(each):"
            if retry is None:
                yield from indented(self._tried(node, [f"return {text}"]))
            else:
                yield from indented(self._tried(node, [f"result = {text}"]))
                yield "    return result"
            yield ""
            text = f"{function}(each)"
        guard = scope.condition(node.guard) if node.guard and _asks_item(node) else ""
        chosen = f" if {guard}" if guard else ""
        if loop.parallelism not in (None, 1) and not self._has_timeout(node):
            items = f"[each for each in {items}{chosen}]" if chosen else items
            yield f"with ThreadPoolExecutor({loop.parallelism}) as pool:"
            function = text[:-6] if text == f"{text[:-6]}(each)" else f"lambda each: {text}"
            yield f"    {assigned}list(pool.map({function}, {items}))"
        else:
            yield f"{assigned}[{text} for each in {items}{chosen}]"

    def _has_timeout(self, node: Node) -> bool:
        """Whether what is done in a round has one: it is kept by the main thread alone."""
        parts = (self.workflow, *self._program.workflow.workflows)
        inner = [each for part in parts[1:] for each in (*part.nodes, *part.on_exit)]
        is_call = isinstance(node.operation, Call)
        return any(each.timeout is not None for each in [node, *(inner if is_call else [])])

    def _attempted(self, node: Node, scope: Scope, variable: str) -> Iterator[str]:
        text = self._round(node, scope)
        yield from self._tried(node, [f"{variable} = {text}" if variable else text])

    def _round(self, node: Node, scope: Scope) -> str:
        """What the step does once."""
        if not isinstance(node.operation, Call):
            return expression(self._functions, node, scope)
        function, _ = self._called(node)
        declared = self._program.part(node.operation.workflow).parameters
        values = {name: scope.value(given) for name, given in node.inputs.items()}
        told = {name: converted(value, declared[name].type) for name, value in values.items()}
        return call(function, *(told[name] if name in told else literal(declared[name].default)
                                for name in declared))  # fmt: skip

    def _tried(self, node: Node, lines: Sequence[str]) -> Iterator[str]:
        """Lines with the step's retries and its time-out."""
        retry, withs = self._retry_of(node), []
        if retry is not None:
            yield f"for attempt in {_attempts(retry)}:"
            withs.append("attempt")
        if node.timeout is not None:
            withs.append(f"at_most({node.timeout:g})")
        if withs:
            yield f"{_INDENT * (retry is not None)}with {', '.join(withs)}:"
        yield from indented(lines, (retry is not None) + bool(withs))

    def _retry_of(self, node: Node) -> Retry | None:
        retry = node.retry or (None if isinstance(node.operation, Call) else self._retry)
        return retry if retry is not None and retry.limit else None

    def _is_taken(self, node: Node) -> bool:
        """Whether what a step gives is of use to another, or to whoever calls its workflow."""
        workflow = self.workflow
        nodes = (*workflow.nodes, *workflow.on_exit)
        loops = [one.loop.condition for one in nodes if isinstance(one.loop, Repeat)]
        asked = [*map(operands_of, loops), [*workflow.outputs.values()]]
        taken = {one.node for found in asked for one in found if isinstance(one, Output)}
        return node.name in {*taken, *(giver for one in nodes for giver in givers(one))}

    def _is_shown(self, node: Node) -> bool:
        """Whether what a step gives is the script's result: no other takes it."""
        nodes = (*self.workflow.nodes, *self.workflow.on_exit)
        is_taken = any(node.name in givers(one) for one in nodes)
        return self.workflow is self._program.workflow and not is_taken


def _attempts(retry: Retry) -> str:
    usual, backoff = Backoff(), retry.backoff
    named = {}
    for name in ("seconds", "factor", "longest"):
        value = getattr(backoff, name)
        if value != getattr(usual, name):
            named[name] = f"{value:g}"
    if "any" not in retry.on:
        named["errors"] = literal(plain.patterns(retry.on))
    return call("attempts", str(retry.limit), **named)


def _asks_item(node: Node) -> bool:
    """Whether a step's condition is one of each round."""
    is_mapped = isinstance(node.loop, ForEach)
    return is_mapped and any(isinstance(one, Item) for one in operands_of(node.guard))


def indented(lines: Iterator[str] | Sequence[str], times: int = 1) -> Iterator[str]:
    """Lines further to the right; the texts in them stay as they are."""
    yield from (f"{_INDENT * times}{line}" if line else line for line in lines)


def trimmed(lines: Iterator[str]) -> Iterator[str]:
    """Lines without an empty one before them."""
    first = next(lines, "pass")
    if first:
        yield first
    yield from lines
