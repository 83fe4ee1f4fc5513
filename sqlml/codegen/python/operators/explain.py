"""EXPLAIN in a plain script: boosters, by SHAP values or by gain, and score cards."""

from collections.abc import Iterator
from typing import Any

from sqlml.codegen.python.families.scorecard import points
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Explain, Node
from sqlml.zoo.steps.explainers import find_explainer

_BOOSTERS = ("xgboost", "lightgbm")


def write(program: Program, node: Node, explain: Explain) -> Iterator[str]:
    model, kind = program.model(node), find_explainer(explain.explainer)
    if model is None:
        return
    if kind == "points":
        yield from _points(program, node, model, explain.into or "")
        return
    if kind not in ("shap", "gain"):
        program.refuse(node, f"it has no words for `{explain.explainer}`")
    elif kind == "shap" and not explain.into:
        program.refuse(node, "it draws a plot; INTO has SHAP values written")
    if model.known.family not in _BOOSTERS or model.train.estimator == "xgboost.gblinear":
        program.refuse(node, f"it explains XGBoost and LightGBM, not `{model.train.estimator}`")
    if model.partition:
        program.refuse(node, "its model is one of segments")
    names = [block.names for block in model.features]
    if not all(names) or len({*names}) < len(names):
        program.refuse(node, "not each of its features has a name of its own")
    if program.is_refused(node):
        return
    yield f"names = [{', '.join(names)}]"
    if kind == "gain":
        function = f"{model.known.family}_gains"
        yield f"keep({call(function, model.name, 'names')}, {literal(explain.into or '')})"
        return
    keys: Any = explain.settings.get("keys") or ()
    yield f"rows = fetch({program.rows(node)})"
    yield f"values = {_values(model)}"
    classes = "None" if model.task in ("regression", "ranking") else f"{model.label}.classes"
    chosen = f"rows.select({literal([*keys])})"
    told = call("with_reasons", chosen, "values", "names", classes)
    yield f"keep({told}, {literal(explain.into)})"


def _points(program: Program, node: Node, model: Model, into: str) -> Iterator[str]:
    names = [block.names for block in model.features]
    table = points(model)
    if not all(names) or not table:
        program.refuse(node, "not each of its features and categories has a name of its own")
        return
    yield f"names = [{', '.join(names)}]"
    yield f"keep({table}, {literal(into)})"


def _values(model: Model) -> str:
    function = f"{model.known.family}_reasons"
    return call(function, model.name, model.matrix())
