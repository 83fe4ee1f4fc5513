"""What a user wants compiled: SQL, or a workflow that is written in Python."""

from collections.abc import Sequence
from typing import Protocol

from sqlml.planner.logical_plan import LogicalPlan
from sqlml.source import Source
from sqlml.workflow.ir import Workflow
from sqlml.workflow.places import fault


class Author(Protocol):
    """What writes a workflow otherwise than in SQL alone.

    sources: statements of SQL that are among its steps.
    """

    @property
    def sources(self) -> Sequence[Source]: ...

    def workflow(self, plan: LogicalPlan, lowered: Workflow) -> Workflow:
        """All of it. lowered: what its statements become, as planned."""
        ...


def authored(given: str | Author, name: str = "<program>") -> Sequence[Source] | Author:
    """What a user wants compiled or run.

    Raises:
        ProgramError: E0763, it is neither SQL nor a workflow.
    """
    if isinstance(given, str):
        return [Source(name, given)]
    if not hasattr(type(given), "sources"):
        hint = "give SQL, or the flow of `with sqlml.workflow(name) as flow:`, after its block"
        raise fault("E0763", f"this is no workflow: {given!r:.60}", hint)
    return given
