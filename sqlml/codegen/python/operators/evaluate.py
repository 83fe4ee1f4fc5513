"""EVALUATE in a plain script."""

from collections.abc import Iterator

from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.measuring import KNOWN, measurable, measured, needs_truth
from sqlml.codegen.python.model import Model
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Evaluate, Node


def write(program: Program, node: Node, evaluate: Evaluate) -> Iterator[str]:
    model = program.model(node)
    _check(program, node, evaluate, model)
    if model is None or program.is_refused(node):
        return
    column = evaluate.label[0] if evaluate.label else model.column
    yield f"rows = fetch({program.rows(node)})"
    if group := model.train.settings.get("group"):
        yield f"rows = by_group(rows, {literal(group)})"
        yield f"sizes = group_sizes(rows, {literal(group)})"
    if not model.partition:
        yield f"matrix = {model.matrix()}"
    if column:
        yield f"truth = {_truth(model, column)}"
    elif model.task == "outliers" or needs_truth(evaluate.metrics):
        program.refuse(node, "nothing says what is true")
    yield from measured(model, "matrix", evaluate.metrics, truth=bool(column))
    yield "tell(measured)"
    if evaluate.into:
        yield f"keep(one_row(measured), {literal(evaluate.into)})"


def _check(program: Program, node: Node, evaluate: Evaluate, model: Model | None) -> None:
    if evaluate.plots:
        program.refuse(node, "it draws plots")
    for name in evaluate.metrics:
        if name not in KNOWN:
            program.refuse(node, f"it has no words for the metric `{name}`")
    if model is not None and not measurable(model):
        program.refuse(node, f"it has no words for what measures {model.task}")


def _truth(model: Model, column: str) -> str:
    match model.task:
        case "clustering":
            return call("groups_of", "rows", literal(column))
        case "outliers":
            return call("outlier_flags", "rows", literal(column))
    named = [] if column.lower() == model.column.lower() else [literal(column)]
    return call(f"{model.label}.encode", "rows", *named)
