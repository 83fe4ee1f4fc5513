"""Python text for Airflow's DAG files."""

from collections.abc import Iterator, Sequence
from pprint import pformat
from typing import Any

from sqlml.workflow.ir import ParameterDeclaration, Schedule
from sqlml.workflow.serial import thaw

_WIDTH = 96
_TYPES = {"text": "string", "int": "integer", "float": "number", "bool": "boolean", "json": None}


def timetable(schedule: Schedule | None) -> str:
    if schedule is None:
        return "None"
    crons = ", ".join(map(repr, schedule.cron))
    return f"MultipleCronTriggerTimetable({crons}, timezone={schedule.timezone or 'UTC'!r})"


def param(declared: ParameterDeclaration) -> str:
    kind = _TYPES[declared.type]
    told = [] if declared.required else [repr(thaw(declared.default))]
    if kind is not None:
        told.append(f"type={kind!r}" if declared.required or declared.default is not None
                    else f"type=['null', {kind!r}]")  # fmt: skip
    if declared.description:
        told.append(f"description={declared.description!r}")
    return f"Param({', '.join(told)})"


def argument(name: str, value: Any) -> str:
    return f"{name}={pformat(value, width=_WIDTH - len(name), sort_dicts=False)}"


def indented(arguments: Sequence[str]) -> Iterator[str]:
    for one in arguments:
        first, *rest = one.splitlines()
        lines = [first, *rest]
        yield from (f"    {line}" for line in lines[:-1])
        yield f"    {lines[-1]},"


def variable(name: str) -> str:
    return f"step_{name.replace('-', '_')}"


def edges_to(task: str, before: Sequence[str]) -> Iterator[str]:
    """before: the names of the steps that a task waits for."""
    waited = [variable(name) for name in dict.fromkeys(before)]
    if len(waited) == 1:
        yield f"{waited[0]} >> {task}"
    elif waited:
        yield f"[{', '.join(waited)}] >> {task}"


def dag_id(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)
    return kept.removesuffix(".sql").strip("-._") or "workflow"


def one_line(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'").replace("\n", " ")
