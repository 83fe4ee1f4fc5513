"""What is asked of an object of a cluster: conditions on its fields, and what these hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

_TERM = re.compile(r"\s*([\w.-]+)\s*(==|!=|>=|<=|=|>|<)\s*([\w.-]+)\s*")
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq, "==": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le,
}  # fmt: skip
_PATH = re.compile(r"\{?((?:\.[\w-]+)*)\.?\}?")


@dataclass(frozen=True, slots=True)
class Term:
    """A field, by the names on the way to it, compared with a text."""

    field: str
    comparator: str
    text: str

    def holds(self, thing: Any) -> bool:
        """Whether it holds of an object; of a field that is not there, only `!=` does."""
        found = value_at(thing, self.field)
        if found is None:
            return self.comparator == "!="
        try:
            return _COMPARED[self.comparator](float(found), float(self.text))
        except (TypeError, ValueError):
            is_same = str(found) == self.text
            return {"=": is_same, "==": is_same, "!=": not is_same}.get(self.comparator, False)


def terms_of(condition: str) -> tuple[Term, ...]:
    """The terms of a condition as Argo writes them: `status.succeeded > 0, status.active == 0`.

    Raises:
        ValueError: it is none, or asks for more than fields.
    """
    found = [_TERM.fullmatch(term) for term in condition.split(",")] if condition.strip() else []
    if None in found:
        raise ValueError(condition)
    return tuple(Term(*term.groups()) for term in found if term is not None)


def field_of(path: str) -> str:
    """The field that a JSONPath or a filter of jq names: `{.metadata.name}`; empty for all.

    Raises:
        ValueError: it is more than the names on the way to a field.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError(path)
    return found[1].removeprefix(".")


def value_at(thing: Any, field: str) -> Any:
    """What an object has there; None for nothing. Numbers are places in lists."""
    for name in field.split(".") if field else ():
        match thing:
            case Mapping():
                thing = thing.get(name)
            case list() if name.isdecimal() and int(name) < len(thing):
                thing = thing[int(name)]
            case _:
                return None
    return thing
