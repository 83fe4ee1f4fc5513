"""A workflow that is being written: `with sqlml.workflow(name) as flow`."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlml.flow.blocks import block_of, check_opened, innermost, writing
from sqlml.flow.building import Merge
from sqlml.flow.control import Control
from sqlml.flow.options import retry_of, rounds_of, schedule_of
from sqlml.flow.programs import Programs
from sqlml.flow.statements import Statements
from sqlml.flow.values import Value, constant
from sqlml.planner.logical_plan import LogicalPlan
from sqlml.source import Source
from sqlml.workflow.ir import (
    Parameter,
    ParameterDeclaration,
    Schedule,
    ValueType,
    Workflow,
)
from sqlml.workflow.places import caller, fault, kebab
from sqlml.workflow.quantities import timeout_of

_NAME = re.compile(r"[-A-Za-z0-9_]+")
_PYTHON = {"text": str, "int": int, "float": (int, float), "bool": bool}


class Flow(Statements, Programs, Control):
    """A workflow and its steps. `sqlml.run` and `sqlml.render` take it when it is written."""

    def __init__(self, settings: Workflow) -> None:
        super().__init__(settings)
        self.parameters: dict[str, ParameterDeclaration] = {}

    def parameter(
        self, name: str, default: Any = None, *, type: ValueType = "text", description: str = ""
    ) -> Value:
        """A parameter of the workflow; without a default it has to be given to a run.

        type: `text`, `int`, `float`, `bool` or `json`.
        """
        block_of(self)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            hint = "a name is made of letters, digits, `-` and `_`"
            raise fault("E0764", f"{name!r:.60} cannot name a parameter", hint)
        if name in self.parameters:
            raise fault("E0764", f"there is a parameter `{name}` already")
        kind = _PYTHON.get(type, object)
        is_odd = isinstance(default, bool) and type in ("int", "float")
        if default is not None and (is_odd or not isinstance(default, kind)):  # type: ignore[arg-type]
            raise fault("E0764", f"the default of `{name}` is no {type}: {default!r:.60}")
        value = constant(default).value
        self.parameters[name] = ParameterDeclaration(type, value, default is None, description)
        return Value(Parameter(name), type, self)

    @property
    def sources(self) -> Sequence[Source]:
        """The statements of SQL, each at its place in the Python file."""
        block = innermost()
        if block is not None and block.flow is self:
            hint = "take `sqlml.run(flow)` out of the `with` block"
            raise fault("E0763", f"workflow `{self.name}` is still being written", hint)
        found = [entry.source for entry in self.statements()]
        return found or [Source(self.name, "")]

    def workflow(self, plan: LogicalPlan, lowered: Workflow) -> Workflow:
        """All of it. lowered: the steps that its statements become, as planned.

        Raises:
            ProgramError: a piece of SQL is no single statement, or steps need each other in vain.
        """
        return Merge(self, plan, lowered).workflow()


@contextmanager
def workflow(
    name: str,
    *,
    schedule: str | Schedule | None = None,
    timeout: float | str | None = None,
    parallelism: int | None = None,
    retries: int | None = None,
) -> Iterator[Flow]:
    """Write a workflow: `with sqlml.workflow("nightly") as flow:`.

    schedule: five fields of cron. timeout: seconds, or a text such as `2h`. parallelism: steps at
    a time. retries: of every step that says nothing else.
    """
    if not isinstance(name, str) or not name.strip():
        raise fault("E0764", f"a workflow's name is a text, not {name!r:.60}")
    flow = Flow(
        Workflow(
            kebab(name),
            parallelism=rounds_of("parallelism", parallelism),
            timeout=timeout_of(timeout),
            retry=retry_of(retries),
            schedule=schedule_of(schedule),
            place=caller().place,
        )
    )
    with writing(flow.root):
        yield flow
        check_opened(flow)
