"""Models that one plain script of a program trains, and others use: they are kept in files."""

import ast
from collections.abc import Iterator

from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.codegen.python.operators import train as training
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Node, Train

_UNKEPT = "another script uses its model, and it has no words for how that is kept"
_FAMILIES = ("xgboost", "lightgbm", "sklearn")


def kept(program: Program, node: Node) -> Iterator[str]:
    """The line that keeps the model of a training, where other scripts use it."""
    model = program.trained(node)
    if model is None or model.train.into not in program.shared:
        return
    _check(program, node, model)
    label = [f"vars({model.label})"] if model.column else []
    yield call("keep_model", literal(model.train.into), model.name, *label, *_learnt(model))


def taken(program: Program) -> Iterator[str]:
    """The lines that get the models which other scripts have trained."""
    for into in program.models_of_others():
        node = program.shared[into]
        assert isinstance(node.operation, Train)
        if "trials" in node.inputs:
            program.refuse(node, _UNKEPT)
            continue
        model = training.model_of(program, node, node.operation)
        if model is None:
            continue
        _check(program, node, model)
        program.know(model)
        names = [model.name, *([model.label] if model.column else []), *_learnt(model)]
        yield f"# {into}, as another script has trained it"
        found = call("kept_model", literal(into))
        yield f"{', '.join(names)} = {found}" if len(names) > 1 else f"({names[0]},) = {found}"
        if model.column:
            yield f"{model.label} = Label(**{model.label})"
        yield from [*training.applied(model)][:-1]


def _learnt(model: Model) -> list[str]:
    """The variables that the features have learnt."""
    lines = "\n".join(line for block in model.features for line in block.learnt)
    targets = (node for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Name))
    return [*dict.fromkeys(one.id for one in targets if isinstance(one.ctx, ast.Store))]


def _check(program: Program, node: Node, model: Model) -> None:
    is_found = node.name in program.searches
    if model.known.family not in _FAMILIES or model.partition or is_found:
        program.refuse(node, _UNKEPT)
