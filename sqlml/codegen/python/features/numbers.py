"""Features that are one number per row."""

from sqlml.codegen.python.features.block import Block, Scope, Spec
from sqlml.codegen.python.layout import call, literal

_FILLS = {"mean": "mean", "median": "np.nanmedian", "mode": "mode"}


def written(spec: Spec, scope: Scope) -> Block | None:
    if spec["function"] == "NUMERIC":
        name = literal(spec["column"]["column"])
        return Block(f"number(rows, {name})", name)
    if spec.get("fill_mode") is not None or "of" not in spec:
        return None
    of = written(spec["of"], scope)
    return None if of is None else _derived(spec, of, scope)


def _derived(spec: Spec, of: Block, scope: Scope) -> Block:
    match spec["function"]:
        case "LOG":
            return Block(call("log", of.text), of.names, learnt=of.learnt)
        case "IMPUTE" if spec.get("value") is not None:
            return Block(
                call("filled", of.text, literal(spec["value"])), of.names, learnt=of.learnt
            )
        case "IMPUTE":
            known = scope.name(f"{_column(spec)}_{spec['how']}")
            text, learnt = call("filled", of.text, known), call(_FILLS[spec["how"]], of.text)
        case function:
            known = scope.name(f"{_column(spec)}_scale")
            text = call("scaled", of.text, f"*{known}")
            learnt = call("standard" if function == "STANDARDIZE" else "span", of.text)
    return Block(text, of.names, learnt=(*of.learnt, f"{known} = {learnt}"))


def _column(spec: Spec) -> str:
    return str(spec["column"]["column"]) if "column" in spec else _column(spec["of"])
