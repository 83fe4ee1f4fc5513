"""What steps do as plain values, for engines whose file has an interpreter of its own for them."""

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, assert_never

from sqlml.workflow.error_kinds import ERROR_KINDS
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    Container,
    HasStatus,
    Http,
    Input,
    Join,
    Json,
    Node,
    Not,
    Operand,
    Operation,
    Output,
    OutputDeclaration,
    Range,
    Repeat,
    Script,
    SecretKey,
    Suspend,
    Take,
    Text,
)
from sqlml.workflow.serial import thaw

# of a step that is a called workflow, and may give less than it declares
GROUP: Mapping[str, Mapping[str, Json]] = {"flat": {"group": True}}


def part(name: str) -> str:
    """A part of a generated file, as it lies beside this one."""
    return (
        resources.files("sqlml.codegen").joinpath(f"{name}.txt").read_text("utf-8").rstrip() + "\n"
    )


def interpreter() -> str:
    """What runs the steps that `step` gives: Python without anything but its standard library."""
    return f"{_IMPORTS}\n\n{part('interpreter')}"


_IMPORTS = (
    "\n".join(
        f"import {name}"
        for name in [
            "json",
            "os",
            "re",
            "shutil",
            "subprocess",
            "sys",
            "tempfile",
            "time",
            "urllib.request",
        ]
    )
    + "\nfrom pathlib import Path"
)


def step(node: Node, value: Callable[[Input], list[Any]], everything: list[str]) -> dict[str, Any]:
    """All that a node does. value, everything: as in `condition`."""
    may_lack = {"may_lack": True} if node.ext == GROUP else {}
    told: dict[str, Any] = {
        "name": node.name,
        "program": program(node.operation),
        "inputs": {name: value(one) for name, one in node.inputs.items()},
        "outputs": {one.name: output(one) | may_lack for one in node.outputs},
        "env": {name: env(one) for name, one in node.env.items()},
        "files": {
            file.path: [file.source.node, file.source.name]
            for file in node.files.values()
            if isinstance(file.source, Output)
        },
    }
    if node.guard is not None:
        told["guard"] = condition(node.guard, value, everything)
    if isinstance(node.loop, Repeat):
        again = condition(node.loop.condition, value, everything)
        told["repeat"] = {"condition": again, "limit": node.loop.limit}
    return told


def program(operation: Operation) -> dict[str, Any]:
    """`command` and `script` besides where there is one; `wait` seconds; or `http`."""
    match operation:
        case Container():
            command = [*map(text, operation.command), *map(text, operation.args)]
            told: dict[str, Any] = {"command": command}
        case Script():
            command = [*operation.command, *map(text, operation.args)]
            interpreter = len(operation.command)
            told = {"command": command, "script": operation.source, "interpreter": interpreter}
        case Suspend(seconds):
            return {"wait": seconds}
        case Http():
            asked = {"url": operation.url, "method": operation.method, "body": operation.body}
            return {
                "http": {name: text(part) for name, part in asked.items()},
                "headers": {name: text(part) for name, part in operation.headers.items()},
                "timeout": operation.timeout,
            }
        case _:
            raise TypeError(f"not a program: {operation}")
    if operation.working_dir:
        told["folder"] = operation.working_dir
    return told


def text(written: Text) -> Any:
    """A text as it is, or the list of its pieces."""
    match written:
        case Take(name):
            return [{"take": name}]
        case Join(parts):
            return [{"take": part.input} if isinstance(part, Take) else part for part in parts]
        case _:
            return written


def env(value: Text | SecretKey) -> Any:
    """A variable's text, or which secret it is."""
    return {"secret": [value.secret, value.key]} if isinstance(value, SecretKey) else text(value)


def output(declared: OutputDeclaration) -> dict[str, str]:
    """Where an output is found, and its type."""
    kind = "artifact" if declared.kind == "artifact" else "parameter"
    return {"kind": kind, "path": declared.path, "type": declared.type}


def items(over: Constant | Range) -> list[Any]:
    """The items of a loop that are known."""
    if isinstance(over, Range):
        return [*range(over.start, over.stop, over.step)]
    found = thaw(over.value)
    return found if isinstance(found, list) else [found]


def condition(
    told: Condition, value: Callable[[Operand], list[Any]], everything: list[str]
) -> list[Any]:
    """A condition as lists whose first element says which it is.

    value: an operand, likewise. everything: the steps whose outcome is the workflow's.
    """
    match told:
        case Comparison(left, comparator, right):
            return [comparator, value(left), value(right)]
        case HasStatus(status, ""):
            return ["workflow", status, everything]
        case HasStatus(status, node):
            return ["status", status, node]
        case AllOf(terms):
            return ["all", *(condition(term, value, everything) for term in terms)]
        case AnyOf(terms):
            return ["any", *(condition(term, value, everything) for term in terms)]
        case Not(term):
            return ["not", condition(term, value, everything)]
        case _:
            assert_never(told)


def patterns(classes: Sequence[str]) -> list[str]:
    """Regular expressions for the messages of the errors after which a step is tried again."""
    if "any" in classes:
        mistakes = (kind.pattern for kind in ERROR_KINDS.values() if kind.category == "user")
        return [rf"(?is)\A(?!.*(?:{'|'.join(mistakes)}))"]
    return [
        f"(?i){kind.pattern}"
        for kind in ERROR_KINDS.values()
        if kind.name in classes or kind.category in classes
    ]
