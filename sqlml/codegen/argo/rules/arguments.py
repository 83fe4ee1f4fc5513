"""The arguments of a workflow, a step, a task or a hook, each by itself."""

from collections.abc import Iterator

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.locations import location_faults
from sqlml.codegen.argo.rules.manifests import STORES
from sqlml.codegen.argo.rules.templates import enum_faults
from sqlml.errors import Diagnostic

_GIVERS = ("configMapKeyRef", "supplied", "event")
_OF_OUTPUTS = ("path", "jsonPath", "jqFilter", "parameter", "expression")


def argument_faults(arguments: Part, *, is_whole: bool = True) -> Iterator[Diagnostic]:
    """is_whole: nobody else can give what they lack."""
    for parameter in arguments.at("parameters").items():
        yield from _parameter_faults(parameter, is_whole=is_whole)
        yield from enum_faults(parameter)
    for artifact in arguments.at("artifacts").items():
        yield from _artifact_faults(artifact, is_whole=is_whole)
        yield from location_faults(artifact)


def _parameter_faults(parameter: Part, *, is_whole: bool) -> Iterator[Diagnostic]:
    name, source = parameter.at("name").text, parameter.at("valueFrom")
    given = ("value", "valueFrom", "default")
    if is_whole and all(parameter.at(key).value is None for key in given):
        hint = "give it `value`"
        yield Diagnostic("E0721", f"parameter `{name}` has no value", parameter.span, hint=hint)
    wrong = [key for key in _OF_OUTPUTS if source.at(key).value is not None]
    if wrong:
        message = f"an argument cannot be taken from `{wrong[0]}`, which is of outputs"
        hint = "as `value: '{{steps.NAME.outputs.parameters.NAME}}'`"
        yield Diagnostic("E0721", message, source.span_of(wrong[0]), hint=hint)
    elif source.value is not None and not any(source.at(key).value is not None for key in _GIVERS):
        message = f"`valueFrom` of `{name}` has nothing to take a value from"
        hint = "give it `configMapKeyRef`, or write `value` instead"
        yield Diagnostic("E0721", message, source.span, hint=hint)


def _artifact_faults(artifact: Part, *, is_whole: bool) -> Iterator[Diagnostic]:
    sources = ("from", "fromExpression", *STORES)
    is_needed = is_whole and artifact.at("optional").value is not True
    if is_needed and all(artifact.at(key).value is None for key in sources):
        message = f"artifact `{artifact.at('name').text}` has no source"
        hint = f"give it `from` or a place: {', '.join(STORES[:-1])}"
        yield Diagnostic("E0721", message, artifact.span, hint=hint)
    source = artifact.at("from")
    hint = "as `{{tasks.NAME.outputs.artifacts.NAME}}`"
    if source.text and not source.text.strip().startswith("{{"):
        yield Diagnostic("E0724", "`from` must be a reference", source.span, hint=hint)
    elif source.text and ".artifacts." not in source.text and "{{=" not in source.text:
        message = f"`{source.text.strip()}` is no artifact"
        yield Diagnostic("E0724", message, source.span, hint=f"a file is taken {hint}")
