"""The lines of a plain script that make numbers of columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_EXACT = frozenset(  # types whose values Arrow writes as DuckDB does
    {"VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT",
     "UINTEGER", "UBIGINT"}
)  # fmt: skip
_PARTS = {
    "year": "pc.year", "quarter": "pc.quarter", "month": "pc.month", "week": "pc.iso_week",
    "day": "pc.day", "weekday": "pc.day_of_week", "dayofyear": "pc.day_of_year", "epoch": "epoch",
    "hour": "pc.hour", "minute": "pc.minute", "second": "pc.second",
}  # fmt: skip
_FILLS = {"mean": "mean", "median": "np.nanmedian", "mode": "mode"}


@dataclass(frozen=True, slots=True)
class Columns:
    """What a feature gives to the matrix. All are Python, to be written into the script.

    text: its column, or `*` and several. learnt: lines before. width: how many columns there are.
    names: of them, likewise; empty where the script has none.
    """

    text: str
    names: str = ""
    width: str = "1"
    learnt: tuple[str, ...] = ()
    is_code: bool = False  # the place of a category


def columns_of(specs: list[Any], known: str, *, native: bool) -> Iterator[Columns | None]:
    """None for what the script has no words for. known: how variables begin."""
    for place, spec in enumerate(specs):
        yield _columns(spec, f"{known}_{place}", native=native)


def _columns(spec: Any, known: str, *, native: bool) -> Columns | None:
    match spec:
        case {"function": "TEXT", "of": {"column": {"column": name}}}:
            return _codes(name, known) if native else _flags(name, known)
        case {"function": "BUCKET"}:
            return _ranges(spec, known, native=native)
        case {"function": "INDICATOR", "of": of}:
            return _indicator(of, known)
        case {"function": "DATE_PARTS", "column": {"column": name}, "parts": [*parts]}:
            functions = ", ".join(_PARTS[part] for part in parts)
            names = ", ".join(repr(f"{name}_{part}") for part in parts)
            return Columns(f"*dates(rows, {name!r}, [{functions}])", names, str(len(parts)))
        case {"function": "DENSE", "column": {"column": name, "type": str(kind)}} if kind.count(
            "["
        ) == 1 and not kind.startswith("VARCHAR"):
            return Columns(
                f"*lists(rows, {name!r}, {known})",
                f"*(f'{{name}}_{{place}}' for name in [{name!r}] for place in range({known}))",
                known,
                (f"{known} = length_of(rows, {name!r})",),
            )
        case _:
            return _number(spec, known)


def _codes(name: str, known: str) -> Columns:
    learnt = f"{known} = known_values(rows, {name!r})"
    return Columns(f"codes(rows, {name!r}, {known})", repr(name), "1", (learnt,), is_code=True)


def _flags(name: str, known: str) -> Columns:
    return Columns(
        f"*flags(codes(rows, {name!r}, {known}), len({known}))",
        f"*(f'{{name}}={{value}}' for name in [{name!r}] for value in {known})",
        f"len({known})",
        (f"{known} = known_values(rows, {name!r})",),
    )


def _indicator(of: Any, known: str) -> Columns | None:
    match of:
        case {"function": "BUCKET"}:
            return _ranges(of, known, native=False)
        case {"function": "CROSS", "parts": parts, "n": n}:
            told = [*map(_crossed_part, parts)]
            if None in told:
                return None
            crossed = f"crossed([{', '.join(one for one in told if one)}], {n})"
            return Columns(f"*flags({crossed}, {n})", width=str(n))
        case {"function": "VOCABULARY", "other": False, "column": {"column": name}, **rest} if (
            not any(rest.get(more) for more in ("values", "delimiter", "fill_mode"))
            and rest.get("fill") is None
        ):
            return _flags(name, known)
        case _:
            return None


def _crossed_part(part: Any) -> str | None:
    match part:
        case {"column": str(name), "type": str(kind)} if kind in _EXACT:
            return f"texts(rows, {name!r})"
        case {"function": "BUCKET", "boundaries": [*limits], "of": {"function": "NUMERIC"} as of}:
            return f"ranges(rows, {of['column']['column']!r}, {limits!r})"
        case _:
            return None


def _ranges(bucket: Any, known: str, *, native: bool) -> Columns | None:
    """The ranges of a number, as their places or as flags."""
    of = _number(bucket["of"], f"{known}_of")
    if of is None:
        return None
    limits = bucket.get("boundaries")
    told = repr([*limits]) if limits else f"learnt_boundaries({of.text}, {bucket['n']})"
    learnt = (*of.learnt, f"{known} = {told}")
    places = f"buckets({of.text}, {known})"
    if native:
        return Columns(places, of.names, "1", learnt)
    return Columns(f"*flags({places}, len({known}) + 1)", "", f"len({known}) + 1", learnt)


def _number(spec: Any, known: str) -> Columns | None:
    """One number a row."""
    match spec:
        case {"function": "NUMERIC", "column": {"column": name}}:
            return Columns(f"number(rows, {name!r})", repr(name))
        case {"function": "LOG" | "STANDARDIZE" | "MINMAX" | "IMPUTE" as function, "of": inner}:
            of = _number(inner, f"{known}_of")
        case _:
            return None
    if of is None:
        return None
    match function:
        case "LOG":
            return Columns(f"log({of.text})", of.names, "1", of.learnt)
        case "IMPUTE" if spec.get("value") is not None:
            return Columns(f"filled({of.text}, {spec['value']!r})", of.names, "1", of.learnt)
        case "IMPUTE":
            text, learnt = f"filled({of.text}, {known})", f"{_FILLS[spec['how']]}({of.text})"
        case _:
            text = f"scaled({of.text}, *{known})"
            learnt = f"{'standard' if function == 'STANDARDIZE' else 'span'}({of.text})"
    return Columns(text, of.names, "1", (*of.learnt, f"{known} = {learnt}"))
