"""Python files that are programs for Couler: the workflow that one writes, which is not run."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlml.couler.building import workflow
from sqlml.couler.flow import current, forget
from sqlml.couler.submitting import recording
from sqlml.errors import Diagnostic, ProgramError
from sqlml.flow.files import names_of
from sqlml.planner.logical_plan import LogicalPlan
from sqlml.source import Source
from sqlml.workflow.ir import Workflow


@dataclass(frozen=True, slots=True)
class Written:
    """The workflow of a program for Couler, whose SQL is an empty source."""

    written: Workflow
    sources: Sequence[Source]

    def workflow(self, plan: LogicalPlan, lowered: Workflow) -> Workflow:
        return self.written


def read_couler(path: str) -> Written:
    """The workflow that a file runs with `couler.run()`, or writes and leaves there.

    Raises:
        ProgramError: E0768, the file fails, or writes none or several.
        SqlmlError: what the file itself meets.
    """
    forget()
    try:
        with recording() as recorded:
            names_of(path, "__main__")
        if current().scope.nodes:
            recorded.append(workflow())
    finally:
        forget()
    if len(recorded) == 1:
        return Written(recorded[0], (Source(path, ""),))
    if recorded:
        found, hint = f"runs {len(recorded)} workflows", "write each in a file of its own"
    else:
        found, hint = "writes no workflow", "call the functions that call `couler.run_container` …"
    raise ProgramError(Diagnostic("E0768", f"`{path}` {found}", hint=hint))
