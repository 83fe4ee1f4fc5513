"""CHECK in a plain script: rows beside those that a model was trained on."""

from collections.abc import Iterator
from typing import Any

from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Check, Node
from sqlml.workflow.serial import thaw
from sqlml.zoo.features.contract import Feature, feature_from_json
from sqlml.zoo.inspection_settings import CHECK

_KINDS = {"integer": "number", "float": "number", "text": "category", "boolean": "category"}


def write(program: Program, node: Node, check: Check) -> Iterator[str]:
    model = program.model(node)
    if model is not None and (model.partition or not model.column):
        program.refuse(node, "its model has segments, or no label")
    if model is None or program.is_refused(node):
        return
    features = _features(model)
    settings: Any = thaw(check.settings)
    limits = {**CHECK.filled(settings)}
    fails = limits.pop("fail")
    yield f"rows = fetch({program.rows(node)})"
    yield f"kinds = {{{', '.join(_kinds(model, features))}}}"
    required = dict.fromkeys(one.name for feature in features for one in feature.gaps)
    named = {
        "required": literal([] if model.known.missing else [*required]),
        "limits": literal(limits),
    }
    yield f"table = {call('compared', f'{model.name}_rows', 'rows', 'kinds', **named)}"
    yield f"keep(table, {literal(check.into or '')})"
    if fails:
        yield 'if pc.any(pc.not_equal(table["verdict"], "ok")).as_py():'
        yield '    sys.exit("the rows are not like those of the training")'


def _features(model: Model) -> list[Feature]:
    specs: Any = thaw(model.train.features)
    return [feature_from_json(spec) for spec in specs.get("", ())]


def _kinds(model: Model, features: list[Feature]) -> Iterator[str]:
    """The columns with their roles, and whether they are numbers or categories."""
    columns = {one.name.casefold(): one for feature in features for one in feature.references}
    for one in columns.values():
        yield f"{literal(one.name)}: {_pair('feature', _KINDS.get(one.kind, 'other'))}"
    kind = "category" if model.task == "classification" else "number"
    if model.task is None:
        late = f'"number" if {model.label}.classes is None else "category"'
        yield f'{literal(model.column)}: ("label", {late})'
    else:
        yield f"{literal(model.column)}: {_pair('label', kind)}"


def _pair(role: str, kind: str) -> str:
    return f"({literal(role)}, {literal(kind)})"
