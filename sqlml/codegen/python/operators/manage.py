"""What is told of stored models: a plain script has none, only variables."""

from collections.abc import Iterator

from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Manage, Node


def write(program: Program, node: Node, manage: Manage) -> Iterator[str]:
    if manage.action == "drop":
        program.refuse(node, "it drops a stored model")
        return
    yield "# It shows what sqlml has stored; the models of this script are its variables."
