"""The values of a workflow's parameters: what is given, else the defaults, each of its type."""

from collections.abc import Iterator, Mapping

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow.ir import Json, ParameterDeclaration, Workflow
from sqlml.workflow.texts import typed

_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "json": "JSON"}


def bind(workflow: Workflow, given: Mapping[str, Json]) -> Mapping[str, Json]:
    """A value for each parameter. Text given for other types is read as such.

    Raises:
        ProgramError: E0681, with each that is missing, unknown or of another type.
    """
    values: dict[str, Json] = {}
    faults = [*_unknown(workflow, given)]
    for name, declared in workflow.parameters.items():
        if name not in given and declared.required:
            faults.append(_missing(workflow, name, declared))
            continue
        value = given.get(name, declared.default)
        try:
            values[name] = value if value is None else typed(value, declared.type)
        except (ValueError, TypeError):
            faults.append(_ill_typed(name, declared, value))
    if faults:
        raise ProgramError(*faults)
    return values


def _unknown(workflow: Workflow, given: Mapping[str, Json]) -> Iterator[Diagnostic]:
    for name in given:
        if name not in workflow.parameters:
            known = ", ".join(workflow.parameters)
            hint = did_you_mean(name, workflow.parameters)
            hint = hint or (f"its parameters: {known}" if known else "it has no parameters")
            message = f"`{workflow.name}` has no parameter `{name}`"
            yield Diagnostic("E0681", message, hint=hint)


def _missing(workflow: Workflow, name: str, declared: ParameterDeclaration) -> Diagnostic:
    message = f"parameter `{name}` of `{workflow.name}` has no value"
    hint = f"give one: `--param {name}=…` or `parameters={{{name!r}: …}}`"
    return Diagnostic("E0681", message, label=declared.description, hint=hint)


def _ill_typed(name: str, declared: ParameterDeclaration, value: Json) -> Diagnostic:
    message = f"parameter `{name}` is {_WORDS[declared.type]}, not {value!r}"
    return Diagnostic("E0681", message, label=declared.description)
