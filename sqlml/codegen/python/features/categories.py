"""Features that are the place of a category, or a column for each category."""

from dataclasses import dataclass

from sqlml.codegen.python.features.block import Block, Scope, Spec, block_of
from sqlml.codegen.python.features.lists import bag
from sqlml.codegen.python.layout import call, literal
from sqlml.zoo.features.kinds import element_kind


@dataclass(frozen=True, slots=True)
class _Codes:
    """A category's place in each row, among `size` of them. ordered: a later one is more."""

    text: str
    size: str
    names: str = ""
    learnt: tuple[str, ...] = ()
    ordered: bool = False
    label: str = ""


def written(spec: Spec, scope: Scope) -> Block | None:
    if spec["function"].startswith("CATEGORY_") and "function" in _source(spec):
        return _several(spec)
    codes = _codes(spec, scope)
    if codes is None:
        return None
    if scope.native:
        return Block(codes.text, codes.label, "1", codes.learnt, is_code=not codes.ordered)
    text = call("flags", codes.text, codes.size)
    return Block(text, codes.names, codes.size, codes.learnt, is_sparse=True)


def of_text(spec: Spec, scope: Scope) -> Block | None:
    return written({**spec["of"], "delimiter": None}, scope)


def indicator(spec: Spec, scope: Scope) -> Block | None:
    return block_of(spec["of"], scope.onehot)


def _source(spec: Spec) -> Spec:
    found: Spec = spec["of"] if spec["function"] == "CATEGORY_ID" else spec["column"]
    if spec.get("may_list"):  # where each text is one id, that is a list of one
        return {"function": "SPARSE", "column": found, "size": spec["n"], "key_delimiter": ""}
    return found


def _several(spec: Spec) -> Block | None:
    """Several ids or texts per row, as SPARSE lists them."""
    source = _source(spec)
    if source["function"] != "SPARSE":
        return None
    codes_of = "text_ids" if spec["function"] == "CATEGORY_ID" else "hash_codes"
    text = bag(source, codes_of, str(spec["n"]), weighted=bool(spec.get("weighted")))
    return None if text is None else Block(text, width=str(spec["n"]), is_sparse=True)


def _codes(spec: Spec, scope: Scope) -> _Codes | None:
    match spec:
        case {"function": "VOCABULARY", "column": {"column": name, "type": kind}}:
            return None if element_kind(kind) else _known(spec, name, scope)
        case {"function": "BUCKET"}:
            return _range(spec, scope)
        case {"function": "CATEGORY_ID", "of": {"column": name}, "n": n}:
            text = call("ids", call("number", "rows", literal(name)), str(n))
            return _Codes(text, str(n), _numbered(name, "", n), label=literal(name))
        case {"function": "CATEGORY_HASH", "column": {"column": name}, "n": n}:
            text = call("hash_codes", call("text", "rows", literal(name)), str(n))
            return _Codes(text, str(n), _numbered(name, "#", n), label=literal(name))
        case {"function": "CROSS", "parts": parts, "n": n}:
            return _crossed(parts, n, scope)
        case _:
            return None


def _numbered(name: str, mark: str, count: int) -> str:
    return f"*({literal(f'{name}={mark}')} + str(place) for place in range({count}))"


def _known(spec: Spec, name: str, scope: Scope) -> _Codes:
    """The place among values that are learnt or given; NULL may be one of them."""
    known, text = scope.name(name), call("text", "rows", literal(name))
    values = call("known_values", text)
    if spec.get("values") is not None:
        values = call("pa.array", literal(spec["values"]))
    elif spec.get("delimiter", "") is None:
        values = call("no_lists", values)
    fill = spec.get("fill")
    if fill is not None:
        values, filling = call("including", values, literal(fill)), literal(fill)
    elif spec.get("fill_mode"):
        filling = f"{known}[0]"
    else:
        filling = ""
    if filling:
        text = call("pc.fill_null", text, filling)
    has_other = spec.get("other", True)
    names = f"*({literal(f'{name}=')} + value for value in {known}.to_pylist())"
    return _Codes(
        call("codes_or_other" if has_other else "codes", text, known),
        f"len({known}) + 1" if has_other else f"len({known})",
        f"{names}, {literal(f'{name}=(other)')}" if has_other else names,
        (f"{known} = {values}",),
        label=literal(name),
    )


def _range(spec: Spec, scope: Scope) -> _Codes | None:
    of = block_of(spec["of"], scope) if spec["of"]["function"] != "DENSE" else None
    if of is None:
        return None
    limits, learnt, size = spec.get("boundaries"), of.learnt, ""
    if limits:
        told, size = literal([*limits]), str(len(limits) + 1)
    else:
        told = scope.name(f"{of.names.strip(chr(34))}_ranges")
        learnt = (*learnt, f"{told} = {call('learnt_boundaries', of.text, str(spec['n']))}")
        size = f"len({told}) + 1"
    text = call("buckets", of.text, told)
    return _Codes(text, size, "", learnt, ordered=True, label=of.names)


def _crossed(parts: list[Spec], count: int, scope: Scope) -> _Codes | None:
    told: list[str] = []
    learnt: list[str] = []
    for part in parts:
        if "function" not in part:
            told.append(call("hashes", call("text", "rows", literal(part["column"]))))
            continue
        codes = _codes(part, scope)
        if codes is None:
            return None
        told.append(call("code_hashes", codes.text))
        learnt += codes.learnt
    name = "×".join(_name(part) for part in parts)
    text = call("crossed", str(count), *told)
    return _Codes(text, str(count), _numbered(name, "#", count), tuple(learnt), label=literal(name))


def _name(part: Spec) -> str:
    """What a part of a cross is called."""
    if "function" not in part:
        return str(part["column"])
    return _name(part.get("of") or part["column"])
