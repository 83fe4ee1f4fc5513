"""ALTER MODEL in a plain script: aliases are known when it is written; there is nothing to run."""

from collections.abc import Iterator

from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Alter, Node


def write(program: Program, node: Node, alter: Alter) -> Iterator[str]:
    model = program.model(node)
    if model is None:
        return
    match alter.action:
        case "set-alias":
            program.alias(model, alter.name)
            yield f"# `{alter.name}` is {model.name} from here on."
        case "set-tag":
            yield f"# {model.name} is {alter.name}: {' '.join(alter.value.split())}"
        case action:
            program.refuse(node, f"it has no words for `{action}`")
