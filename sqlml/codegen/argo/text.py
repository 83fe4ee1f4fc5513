"""Argo's texts: values and references as `{{…}}`, and braces of the user's that stay braces."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.workflow.ir import (
    Call,
    Constant,
    ForEach,
    Input,
    Item,
    Join,
    Node,
    Operand,
    Output,
    Outputs,
    Parameter,
    Range,
    Repeat,
    Resource,
    RunId,
    Suspend,
    Take,
    Text,
)
from sqlml.workflow.texts import as_text

LITERAL = "{{='{{'}}"
MARK = "="  # in front of a text, so that nobody takes it for JSON
_OPENING = re.compile(r"\{\{|\{\Z")  # with what follows, the end of a text may begin a tag too
_ESCAPES = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "{": r"\x7b", "}": r"\x7d"}
_SPECIAL = re.compile(r"[\\'\n\r]|\{(?=\{)|\}(?=\})")
_WITH_PARAMETERS = frozenset({Call, Resource, Suspend})  # they print nothing
_CONVERSIONS = {"int": "asInt({})", "float": "asFloat({})", "bool": "{} == 'true'"}


def literal(text: str) -> str:
    """Text that Argo leaves as it is."""
    return text.replace("{{", LITERAL)


def text_of(text: Text) -> str:
    """A text of a step, in which inputs are taken."""
    match text:
        case str():
            return literal(text)
        case Take(input=name):
            return f"{{{{inputs.parameters.{name}}}}}"
        case Join(parts=parts):
            if any(isinstance(part, str) and _OPENING.search(part) for part in parts):
                return f"{{{{={' + '.join(map(_term, parts))}}}}}"
            return "".join(map(text_of, parts))


def _term(part: str | Take) -> str:
    """A part of a text in expr's language."""
    return quoted(part) if isinstance(part, str) else member(f"inputs.parameters.{part.input}")


def quoted(text: str) -> str:
    """A text of expr's language; none of its braces open or close a tag."""
    return f"'{_SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)}'"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the steps of a template can refer to.

    nodes: the steps by name. root: what Argo calls them there. is_top: parameters are those of the
    whole workflow, else they are inputs of the template. failed: what Argo calls the workflow that
    a step on exit is for, if it is for one kind of failure alone. bundled: the steps with a loop
    that have a template around it. marked: those with one around each round, which marks texts.
    """

    nodes: Mapping[str, Node]
    root: str = "tasks"
    is_top: bool = True
    failed: tuple[str, ...] = ()
    bundled: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()

    def value(self, value: Input) -> str:
        """An input of a step as the text of an argument."""
        match value:
            case Output():
                return self._reference(value)
            case Constant(value=constant):
                return literal(as_text(constant))
            case Parameter(name=name):
                return f"{{{{{self.parameter(name)}}}}}"
            case Outputs(nodes=nodes, name=name):
                each = ", ".join(self._member(Output(node, name)) for node in nodes)
                return f"{{{{=toJson([{each}])}}}}"
            case Item(field=field):
                return f"{{{{item.{field}}}}}" if field else "{{item}}"
            case RunId():
                return "{{workflow.uid}}"
            case _:
                raise TypeError(f"{type(value).__name__} is of SQL, and steps are programs here")

    def operand(self, operand: Operand) -> str:
        """What a condition compares, in expr's language."""
        match operand:
            case Constant(value=constant):
                return quoted(as_text(constant))
            case Parameter(name=name):
                return member(self.parameter(name))
            case Output():
                told = self._list(operand)
                return f"({told})" if told else member(self.output(operand))
            case Item(field=field):
                return _field(field) if field else "item"

    def parameter(self, name: str) -> str:
        return f"{'workflow' if self.is_top else 'inputs'}.parameters.{name}"

    def output(self, output: Output) -> str:
        """The name that Argo knows an output parameter of a step by."""
        node = self.nodes[output.node]
        end = f"parameters.{output.name}" if has_parameter(node, output.name, self) else "result"
        return f"{self.root}.{output.node}.outputs.{end}"

    def source(self, output: Output) -> dict[str, str]:
        """The output of a step as the source of an output of the whole template."""
        if expression := self._list(output):
            return {"expression": expression}
        return {"parameter": f"{{{{{self.output(output)}}}}}"}

    def _reference(self, output: Output) -> str:
        if expression := self._list(output):
            return f"{{{{={expression}}}}}"
        return f"{{{{{self.output(output)}}}}}"

    def _list(self, output: Output) -> str:
        """The list that a loop gives, where Argo has another: it skips a loop without items, and
        its lists of parameters are of texts, unless all are JSON's lists and objects. Else empty.
        """
        node = self.nodes[output.node]
        if not isinstance(node.loop, ForEach) or has_template_around(node, self):
            return ""
        told = value = member(self.output(output))
        if has_parameter(node, output.name, self):
            if self.type_of(output) != "text":
                each = "type(#) == 'string' ? fromJSON(#) : #"
                told = f"toJson(map(fromJSON({value}), {{{each}}}))"
            elif output.node in self.marked:
                told = f"toJson(map(fromJSON({value}), {{trimPrefix(#, '{MARK}')}}))"
        if may_be_empty(node.loop):
            told = f"{member(f'{self.root}.{output.node}.status')} == 'Skipped' ? '[]' : {told}"
        return "" if told == value else told

    def file(self, output: Output) -> str:
        return f"{{{{{self.root}.{output.node}.outputs.artifacts.{output.name}}}}}"

    def status(self, node: str) -> str:
        return f"{{{{{self.root}.{node}.status}}}}" if node else "{{workflow.status}}"

    def type_of(self, output: Output) -> str:
        """The declared type of an output; empty where nothing declares it."""
        outputs = self.nodes[output.node].outputs
        return next((each.type for each in outputs if each.name == output.name), "")

    def _member(self, output: Output) -> str:
        """An output in an expression, as a value of its type."""
        return _CONVERSIONS.get(self.type_of(output), "{}").format(member(self.output(output)))


def _field(name: str) -> str:
    """A field of an item, as text. Argo's expressions know the item as its fields or as JSON, now
    so and now so.
    """
    value = f"fromJSON(type(item) == 'string' ? item : toJson(item))[{quoted(name)}]"
    lacking = f"sprig.fail({quoted(f'an item has no {name}')})"
    return f"(let it = {value} ?? {lacking}; type(it) == 'string' ? it : toJson(it))"


def has_parameter(node: Node, name: str, scope: Scope) -> bool:
    """Whether an output is an output parameter of the template; else it is what the step prints."""
    if type(node.operation) in _WITH_PARAMETERS or has_template_around(node, scope):
        return True
    return node.name in scope.marked or any(each.path for each in node.outputs if each.name == name)


def has_template_around(node: Node, scope: Scope) -> bool:
    """Whether a step's loop is a template of its own."""
    return node.loop is not None and (
        isinstance(node.loop, Repeat)
        or node.name in scope.bundled
        or (isinstance(node.loop, ForEach) and node.loop.parallelism is not None)
    )


def may_be_empty(loop: ForEach) -> bool:
    """Whether a loop may turn out to have no items."""
    match loop.items:
        case Constant(value=tuple(items)):
            return not items
        case Range(start=start, stop=stop, step=step):
            return not range(start, stop, step)
        case _:
            return True


def member(name: str) -> str:
    """A dotted name in expr's language, where a name with a dash is no name."""
    root, *parts = name.split(".")
    return root + "".join(f"['{part}']" if "-" in part else f".{part}" for part in parts)
