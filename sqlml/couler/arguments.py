"""What the caller of a step passes on: arguments, environment and files, as inputs of a node."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlml.couler.artifacts import Artifact
from sqlml.couler.outputs import (
    LoopItem,
    StepOutput,
    checked,
    first_of,
    flattened,
    is_made_of_outputs,
)
from sqlml.workflow.functions import argument
from sqlml.workflow.ir import (
    After,
    Constant,
    Input,
    InputFile,
    Output,
    SecretKey,
    Take,
    Text,
)
from sqlml.workflow.places import fault
from sqlml.workflow.serial import freeze


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a step: values in their order, files, and steps that only come before."""

    values: tuple[Any, ...] = ()
    files: Mapping[str, InputFile] = field(default_factory=dict)
    after: tuple[After, ...] = ()

    def names(self, template: str) -> list[str]:
        """What the inputs are called: `para-<template>-<i>`."""
        return [f"para-{template}-{i}" for i in range(len(self.values))]

    def inputs(self, template: str, *, as_json: bool = False) -> dict[str, Input]:
        """The inputs by name."""
        values = (input_of(value, as_json=as_json) for value in self.values)
        return dict(zip(self.names(template), values, strict=True))

    def texts(self, template: str) -> tuple[Take, ...]:
        return tuple(Take(name) for name in self.names(template))

    def variables(self, template: str) -> dict[str, Take]:
        """The arguments as variables, for functions."""
        return {argument(i): take for i, take in enumerate(self.texts(template))}


def arguments_of(args: Any, files: Any, passed_on: Sequence[StepOutput] = ()) -> Arguments:
    """What a call passes to its step.

    args: one value or several; outputs of steps among them. files: artifacts, or outputs that are.
    passed_on: outputs that it gets besides, where it has none of them.
    """
    given = [] if args is None else args if isinstance(args, list | tuple) else [args]
    values = [one for value in given for one in flattened(value)]
    values += [one for output in passed_on for one in flattened(output) if one not in values]
    found: dict[str, InputFile] = {}
    after: dict[str, After] = {}
    for value in [*values, *_listed(files)]:
        if file := _file(value):
            found[_file_name(value)] = file
        elif isinstance(value, StepOutput) and (value.kind == "model" or value not in values):
            after[value.step] = After(value.step)
    rest = tuple(value for value in values if _file(value) is None)
    return Arguments(rest, found, tuple(after.values()))


def _listed(files: Any) -> list[Any]:
    given = [] if files is None else files if isinstance(files, list | tuple) else [files]
    return [one for value in given for one in flattened(value)]


def _file(value: Any) -> InputFile | None:
    if isinstance(value, StepOutput) and value.kind == "artifact":
        return InputFile(value.path, value.reference)
    if isinstance(value, Artifact) and value.stored is not None:
        return InputFile(value.path, value.stored)
    return None


def _file_name(value: StepOutput | Artifact) -> str:
    return value.name if isinstance(value, StepOutput) else f"input-{value.type}"


def input_of(value: Any, *, as_json: bool = False) -> Input:
    """A value as an input; of a model, its name.

    Truth is `True` or `False`, as Python writes it, unless as JSON.

    Raises:
        ProgramError: it can be no argument.
    """
    match value:
        case StepOutput(kind="model", path=name):
            return Constant(name)
        case StepOutput() | LoopItem():
            return value.reference
        case bool():
            return Constant(value if as_json else str(value))
        case str():
            return Constant(checked(value))
        case int() | float():
            return Constant(value)
        case list() | tuple() | Mapping() if _is_plain(value):
            return Constant(freeze(value))
    raise fault(
        "E0730",
        f"{value!r:.60} cannot be an argument of a step",
        "pass text, numbers, lists or dicts of them, or what another step gives",
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


# --- environment --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of a step. taken: those whose values are outputs of other steps."""

    fixed: Mapping[str, str | SecretKey] = field(default_factory=dict)
    taken: Mapping[str, Output] = field(default_factory=dict)

    def inputs(self, template: str) -> dict[str, Input]:
        return {f"env-{template}-{i}": value for i, value in enumerate(self.taken.values())}

    def texts(self, template: str) -> dict[str, Text | SecretKey]:
        """All variables by name."""
        names = zip(self.taken, self.inputs(template), strict=True)
        return {**self.fixed, **{name: Take(taken) for name, taken in names}}


def environment_of(env: Any, secrets: Mapping[str, SecretKey]) -> Environment:
    """The variables of a step: those of `env`, and those of its secret.

    Raises:
        ProgramError: `env` is no dict, or a value of it none that a variable can have.
    """
    if env is not None and not isinstance(env, Mapping):
        raise fault("E0730", f"`env` must be a dict, not {env!r:.60}")
    fixed: dict[str, str | SecretKey] = {}
    taken: dict[str, Any] = {}
    for name, value in (env or {}).items():
        if name == "secrets" and isinstance(value, list | tuple):
            fixed |= _references(value)
        elif is_made_of_outputs(value):
            taken[str(name)] = first_of(value).reference
        elif isinstance(value, str | int | float):
            fixed[str(name)] = checked(str(value))
        else:
            raise fault("E0730", f"the variable `{name}` cannot be {value!r:.60}")
    return Environment({**fixed, **secrets}, taken)


def _references(variables: Iterable[Any]) -> dict[str, SecretKey]:
    """Couler's `env={"secrets": […]}`: variables as Kubernetes writes those from a secret."""
    found = {}
    for variable in variables:
        try:
            reference = variable["valueFrom"]["secretKeyRef"]
            found[str(variable["name"])] = SecretKey(reference["name"], reference["key"])
        except (TypeError, KeyError) as error:
            raise fault(
                "E0730",
                f"{variable!r:.60} is no variable from a secret",
                '{"name": …, "valueFrom": {"secretKeyRef": {"name": …, "key": …}}}',
            ) from error
    return found
