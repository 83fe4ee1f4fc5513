"""Checks a workflow of N steps and hashes each of them; prints the CPU seconds of both."""

import sys
import time

from sqlml.workflow.hashing import static_hash
from sqlml.workflow.ir import Container, Node, Output, OutputDeclaration, Take, Workflow
from sqlml.workflow.verification import verify

RESULT = (OutputDeclaration("result", "parameter"),)


def step(number: int) -> Node:
    """It prints a number of its own, and what the tenth step before it has printed."""
    before = {"x": Output(f"step-{number - 10}", "result")} if number >= 10 else {}
    command = Container("alpine", ("echo", f"number {number}", *map(Take, before)))
    return Node(f"step-{number}", command, before, RESULT)


workflow = Workflow("steps", tuple(map(step, range(int(sys.argv[1])))))
began = time.process_time()
verify(workflow)
verified = time.process_time()
for node in workflow.nodes:
    static_hash(node, {})
print(f"{verified - began:.2f} {time.process_time() - verified:.2f}", end="")
