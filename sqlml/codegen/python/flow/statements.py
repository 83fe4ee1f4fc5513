"""Statements of SQL beside programs, and the values that they give to other steps."""

from importlib import import_module

from sqlml.codegen.python.flow.scope import Left
from sqlml.codegen.python.layout import call, literal, quoted
from sqlml.codegen.python.operators import OPERATORS
from sqlml.codegen.python.operators.kept import kept
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Evaluate, Node, Query, Train


def statement(program: Program, node: Node) -> tuple[list[str], Left]:
    """The lines of a statement, and what it leaves as values."""
    given = [one.name for one in node.outputs if one.kind == "parameter"]
    variable = program.variable(node.name) if given else ""
    types = {one.name: one.type for one in node.outputs if one.kind == "parameter"}
    left = Left(variable, types, is_record=True)
    kind = type(node.operation).__name__
    if kind not in OPERATORS:
        program.refuse(node, f"`{kind.lower()}` is none of what it can say")
        return [], left
    if given and isinstance(node.operation, Query):
        row = call("first_row", quoted(node.operation.sql), literal(given))
        return [f"{variable} = {row}"], left
    module = "search" if node.name in program.searches else OPERATORS[kind]
    writer = import_module(f"sqlml.codegen.python.operators.{module}")
    lines = [*writer.write(program, node, node.operation)]
    lines += kept(program, node)
    if given and not _measures(node):
        program.refuse(node, "it has no words for what it gives to other steps")
    return [*lines, *([f"{variable} = measured"] if given else [])], left


def _measures(node: Node) -> bool:
    """Whether a statement leaves its metrics in `measured`."""
    match node.operation:
        case Evaluate():
            return True
        case Train(settings=settings):
            is_held = "validation" in node.inputs or bool(settings.get("validation.split"))
            return is_held and bool(settings.get("validation.metrics"))
        case _:
            return False
