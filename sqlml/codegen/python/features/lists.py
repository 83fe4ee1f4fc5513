"""DENSE and SPARSE: several numbers per row, as a list or as text."""

from sqlml.codegen.python.features.block import Block, Scope, Spec
from sqlml.codegen.python.layout import call, literal


def dense(spec: Spec, scope: Scope) -> Block | None:
    name, lists = spec["column"]["column"], lists_of(spec)
    if lists is None:
        return None
    names = f'*(f"{{name}}_{{place}}" for name in [{literal(name)}] for place in range(%s))'
    if spec.get("length") is not None:
        width = str(spec["length"])
        return Block(call("dense", lists, width), names % width, width)
    width = scope.name(f"{name}_length")
    learnt = (f"{width} = {call('length_of', lists)}",)
    return Block(call("dense", lists, width), names % width, width, learnt)


def sparse(spec: Spec, _scope: Scope) -> Block | None:
    text = bag(spec, "text_ids", str(spec["size"]), weighted=True)
    return None if text is None else Block(text, width=str(spec["size"]), is_sparse=True)


def sequence(spec: Spec, scope: Scope) -> Block | None:
    """What follows the name, in the call that makes an input of it."""
    lists = lists_of(spec["of"])
    if lists is None:
        return None
    longest = scope.name(f"{spec['of']['column']['column']}_length")
    learnt = (f"{longest} = {call('length_of', lists)}",)
    return Block(f"{lists}, {spec['n']}, {longest}", width=str(spec["n"]), learnt=learnt)


def bag(spec: Spec, codes_of: str, count: str, *, weighted: bool) -> str | None:
    """Several codes per row. spec: of the SPARSE that lists them."""
    lists, key_delimiter = lists_of(spec), spec.get("key_delimiter", ":")
    if lists is None:
        return None
    named = {"delimiter": literal(key_delimiter)} if key_delimiter else {}
    if key_delimiter and not weighted:
        named["weighted"] = "False"
    return call("bag", lists, count, codes_of, **named)


def lists_of(spec: Spec) -> str | None:
    """The lists of a column, or the parts of its text; None where lists are within lists."""
    name, kind = literal(spec["column"]["column"]), str(spec["column"]["type"])
    if kind.count("[") > 1:
        return None
    if "[" in kind:
        return call("column", "rows", name)
    return call("split", "rows", name, literal(spec.get("delimiter", ",")))
