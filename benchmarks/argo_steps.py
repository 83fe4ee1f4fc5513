"""Writes a workflow of N steps for Argo into files, and prints how many and how large."""

import sys
from pathlib import Path

from sqlml.codegen.engine import Options, render
from sqlml.workflow.ir import Container, Node, Output, OutputDeclaration, Take, Workflow

RESULT = (OutputDeclaration("result", "parameter"),)


def step(number: int) -> Node:
    """It prints a number of its own, and what the tenth step before it has printed."""
    if number < 10:
        return Node(f"step-{number}", Container("alpine", ("echo", f"number {number}")), {}, RESULT)
    before = Output(f"step-{number - 10}", "result")
    command = Container("alpine", ("echo", f"number {number}", Take("x")))
    return Node(f"step-{number}", command, {"x": before}, RESULT)


files = render(Workflow("steps", tuple(map(step, range(int(sys.argv[1]))))), "argo", Options())
for name, text in files.items():
    Path(name).write_text(text, "utf-8")
print(f"{len(files)} files, the largest {max(map(len, files.values())):,} characters", end="")
