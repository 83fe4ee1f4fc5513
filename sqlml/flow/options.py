"""How a step is to be run, as keyword arguments: retries, timeout, environment, resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from sqlml.flow.values import Statement, Step, Value, constant
from sqlml.workflow.ir import Constant, Input, Node, Retry, Schedule, SecretKey, Take, Text
from sqlml.workflow.places import fault
from sqlml.workflow.quantities import resources_of, timeout_of


@dataclass(frozen=True, slots=True)
class Made(Constant):
    """The name of a table or model, and the step that has to make it before."""

    step: str = ""


class Options(TypedDict, total=False):
    """retries: after any failure. timeout: seconds, or a text such as `1h30m`. env: variables.

    secrets: variables whose values are those of `secret/key`. resources: `cpu`, `memory`, `gpu`.
    name: of the step.
    """

    name: str
    retries: int
    timeout: float | str
    env: Mapping[str, Any]
    secrets: Mapping[str, str]
    resources: Mapping[str, Any]


def with_options(node: Node, options: Options) -> Node:
    """The node with what the options say.

    Raises:
        ProgramError: an option is unknown or makes no sense.
    """
    unknown = sorted(options.keys() - Options.__annotations__.keys())
    if unknown:
        known = ", ".join(Options.__annotations__)
        raise fault("E0764", f"a step has no option `{unknown[0]}`", f"there are {known}")
    if not isinstance(options.get("name", ""), str):
        raise fault("E0764", f"`name` is a text, not {options['name']!r:.60}")
    env: dict[str, Text | SecretKey] = {}
    inputs = dict(node.inputs)
    for variable, value in _mapping("env", options.get("env", {})).items():
        if isinstance(value, Value):
            inputs[f"env-{variable}"] = input_of(value)
            env[variable] = Take(f"env-{variable}")
        else:
            env[variable] = value if isinstance(value, str) else _text(value)
    for variable, reference in _mapping("secrets", options.get("secrets", {})).items():
        env[variable] = _secret(reference)
    return Node(
        node.name,
        node.operation,
        inputs,
        node.outputs,
        place=node.place,
        resources=resources_of(options.get("resources")),
        env=env,
        retry=retry_of(options.get("retries")),
        timeout=timeout_of(options.get("timeout")),
    )


def input_of(value: object) -> Input:
    """What a step is given: a value of the workflow's, or one of Python's."""
    if isinstance(value, Statement):
        if not value.made:
            hint = "pass its `metric(name)` or `column(name)`"
            raise fault("E0762", "a statement that makes nothing cannot be passed on", hint)
        _ = value.source  # of this workflow
        return Made(value.made, value.name)
    if isinstance(value, Step):
        return value.result.source
    return value.source if isinstance(value, Value) else constant(value)


def retry_of(retries: Any) -> Retry | None:
    """Try again after any failure, so many times.

    Raises:
        ProgramError: E0764, it is no number of times.
    """
    if retries is None:
        return None
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise fault("E0764", f"`retries` is a whole number, not {retries!r:.60}")
    return Retry(retries, ("any",)) if retries else None


def rounds_of(name: str, number: Any) -> int | None:
    """At most so many at a time; None for any number.

    Raises:
        ProgramError: E0764, it is no such number.
    """
    if number is None or (type(number) is int and number > 0):
        return number
    raise fault("E0764", f"`{name}` is a number, 1 or more, not {number!r:.60}")


def schedule_of(told: Any) -> Schedule | None:
    """When a workflow runs by itself.

    Raises:
        ProgramError: E0764, there is no such time.
    """
    from sqlml.store.cron import cron_fault, timezone_fault

    if told is None:
        return None
    when = Schedule((told,)) if isinstance(told, str) else told
    if not isinstance(when, Schedule):
        raise fault("E0764", f"`schedule` is a text, not {told!r:.60}", "such as `0 3 * * *`")
    faults = {text: cron_fault(text) for text in when.cron}
    if when.timezone:
        faults[when.timezone] = timezone_fault(when.timezone)
    for text, wrong in faults.items():
        if wrong:
            raise fault("E0764", f"`{text}` is no schedule: {wrong}", "such as `0 3 * * *`")
    return when


def _mapping(name: str, given: Any) -> Mapping[str, Any]:
    if isinstance(given, Mapping) and all(isinstance(key, str) and key for key in given):
        return given
    raise fault("E0764", f"`{name}` is a dict from variables to values, not {given!r:.60}")


def _text(value: object) -> str:
    from sqlml.workflow.texts import as_text

    return as_text(constant(value).value)


def _secret(reference: Any) -> SecretKey:
    secret, separator, key = reference.partition("/") if isinstance(reference, str) else ("",) * 3
    if not (secret and separator and key):
        hint = 'such as `secrets={"PASSWORD": "database/password"}`'
        raise fault("E0764", "a secret is named as `secret/key`", hint)
    return SecretKey(secret, key)
