"""Argo's texts: values and references as `{{…}}`, and braces of the user's that stay braces."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.workflow.ir import (
    Call,
    Constant,
    ForEach,
    Input,
    Item,
    Join,
    Json,
    Node,
    Output,
    Outputs,
    Parameter,
    Repeat,
    Resource,
    RunId,
    Suspend,
    Take,
    Text,
)
from sqlml.workflow.serial import thaw

LITERAL = "{{='{{'}}"
_CONVERSIONS = {"int": "asInt({})", "float": "asFloat({})", "bool": "{} == 'true'"}


def literal(text: str) -> str:
    """Text that Argo leaves as it is."""
    return text.replace("{{", LITERAL)


def plain(value: Json) -> str:
    """A constant as text: JSON unless it is text already."""
    return value if isinstance(value, str) else json.dumps(thaw(value), ensure_ascii=False)


def text_of(text: Text) -> str:
    """A text of a step, in which inputs are taken."""
    match text:
        case str():
            return literal(text)
        case Take(input=name):
            return f"{{{{inputs.parameters.{name}}}}}"
        case Join(parts=parts):
            return "".join(map(text_of, parts))


@dataclass(frozen=True, slots=True)
class Scope:
    """What the steps of a template can refer to.

    nodes: the steps by name. root: what Argo calls them there. is_top: parameters are those of the
    whole workflow, else they are inputs of the template. failed: what Argo calls the workflow that
    a step on exit is for, if it is for one kind of failure alone.
    """

    nodes: Mapping[str, Node]
    root: str = "tasks"
    is_top: bool = True
    failed: tuple[str, ...] = ()

    def value(self, value: Input) -> str:
        """An input of a step as the text of an argument."""
        match value:
            case Constant(value=constant):
                return literal(plain(constant))
            case Parameter(name=name):
                return f"{{{{{self.parameter(name)}}}}}"
            case Output():
                return f"{{{{{self.output(value)}}}}}"
            case Outputs(nodes=nodes, name=name):
                each = ", ".join(self._member(Output(node, name)) for node in nodes)
                return f"{{{{=toJson([{each}])}}}}"
            case Item(field=field):
                return f"{{{{item.{field}}}}}" if field else "{{item}}"
            case RunId():
                return "{{workflow.uid}}"
            case _:
                raise TypeError(f"{type(value).__name__} is of SQL, and steps are programs here")

    def parameter(self, name: str) -> str:
        return f"{'workflow' if self.is_top else 'inputs'}.parameters.{name}"

    def output(self, output: Output) -> str:
        """The name that Argo knows an output parameter of a step by."""
        node = self.nodes[output.node]
        end = f"parameters.{output.name}" if has_parameter(node, output.name) else "result"
        return f"{self.root}.{output.node}.outputs.{end}"

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


def has_parameter(node: Node, name: str) -> bool:
    """Whether an output is an output parameter of the template; else it is what the step prints."""
    has_template_around = isinstance(node.loop, Repeat) or (
        isinstance(node.loop, ForEach) and node.loop.parallelism is not None
    )
    if isinstance(node.operation, Call | Resource | Suspend) or has_template_around:
        return True
    return any(each.path for each in node.outputs if each.name == name)


def member(name: str) -> str:
    """A dotted name in expr's language, where a name with a dash is no name."""
    root, *parts = name.split(".")
    return root + "".join(f"['{part}']" if "-" in part else f".{part}" for part in parts)
