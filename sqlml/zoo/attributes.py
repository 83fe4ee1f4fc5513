"""Typed attribute dictionaries: what may stand in WITH, its type and range, and what it means."""

import math
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sqlml.errors import nearest

Value = str | int | float | bool | None | tuple["Value", ...]
Kind = Literal["integer", "number", "boolean", "text", "list", "any"]

MOST_CHOICES_SHOWN = 12


class AttributeProblem(ValueError):  # noqa: N818 (a problem of a value, not yet an error shown)
    """A value that an attribute cannot take; `hint` says what to write instead.

    argument: the place among a COLUMN function's arguments of the one at fault, where it is one.
    """

    def __init__(self, message: str, hint: str = "", *, argument: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.argument = argument


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. A value is accepted if it is of one of `kinds` and in range, or a choice.

    `minimum` and `maximum` are inclusive unless the matching `open_` flag is set. With an empty
    `kinds`, only `choices` are accepted (any case). `None` in `choices` accepts NULL. `also` holds
    other forms with kinds and ranges of their own, such as a fraction where `kinds` has a count.
    `several` accepts a list, or comma-separated text, of such values; they become a tuple.
    `required`: there is no default, and the model cannot do without.
    """

    name: str
    kinds: tuple[Kind, ...] = ()
    default: Value = None
    doc: str = ""
    minimum: float | None = None
    maximum: float | None = None
    open_minimum: bool = False
    open_maximum: bool = False
    choices: tuple[Value, ...] = ()
    aliases: tuple[str, ...] = ()
    also: tuple["Attribute", ...] = ()
    several: bool = False
    required: bool = False

    def check(self, value: Value) -> Value:
        """The value as the library wants it (1 for 1.0 where an integer is due, a choice as spelt).

        A form that takes the value as it is goes before one that would convert it: where both 1
        (a count) and 1.0 (a fraction) are allowed, each keeps its meaning.

        Raises:
            AttributeProblem: with a message that names the type, range or choices.
        """
        if self.several and not (value is None and None in self.choices):
            return self._check_several(value)
        return self._check_one(value)

    def describe(self, most_choices: int = MOST_CHOICES_SHOWN) -> str:
        """What the attribute takes, in words: `an integer ≥ 1, a number in (0, 1] or NULL`."""
        forms = (self, *self.also)
        parts = [form._range_of(kind) for form in forms for kind in form.kinds]
        one_of = "" if parts else "one of "
        choices = [choice for form in forms for choice in form.choices]
        parts += _shown_choices(choices, most_choices)
        words = (one_of if len(parts) > 2 else "") + _join(parts)
        return words + (", or a list of such values" if self.several else "")

    def _check_several(self, value: Value) -> Value:
        if isinstance(value, str):  # `a, b` or `['a', 'b']`
            words = (word.strip(" '\"") for word in value.strip().strip("[]").split(","))
            items: tuple[Value, ...] = tuple(map(self._listed, filter(None, words)))
        else:
            items = tuple(value) if isinstance(value, tuple | list) else (value,)
        if not items:
            raise AttributeProblem(f"`{self.name}` is an empty list", f"give {self.describe()}")
        return tuple(self._check_one(item) for item in items)

    def _listed(self, text: str) -> Value:
        """What a text lists: text where the attribute takes that, else the number that it reads."""
        for read in (self._check_one, _parse_number):
            with suppress(ValueError):  # which an AttributeProblem is
                return read(text)
        return text

    def _check_one(self, value: Value) -> Value:
        forms = (self, *self.also)
        for take in (_taken_as_it_is, _taken_converted):
            for form in forms:
                taken = take(form, value)
                if not isinstance(taken, _Refused):
                    return taken
        hint = self._hint(value)
        if len([c for form in forms for c in form.choices]) > MOST_CHOICES_SHOWN:
            hint = hint or f"it is {self.describe()}"
            raise AttributeProblem(f"`{self.name}` cannot be {_show(value)}", hint)
        raise AttributeProblem(f"`{self.name}` must be {self.describe()}, not {_show(value)}", hint)

    def _in_range(self, value: float) -> bool:
        if math.isnan(value):
            return False
        low, high = self.minimum, self.maximum
        above = low is None or value > low or (value == low and not self.open_minimum)
        below = high is None or value < high or (value == high and not self.open_maximum)
        return above and below

    def _range_of(self, kind: Kind) -> str:
        noun = _NOUNS[kind]
        low, high = self.minimum, self.maximum
        if kind not in ("integer", "number") or (low is None and high is None):
            return noun
        if low is not None and high is not None:
            opening = "(" if self.open_minimum else "["
            closing = ")" if self.open_maximum else "]"
            return f"{noun} in {opening}{_number(low)}, {_number(high)}{closing}"
        if low is not None:
            return f"{noun} {'>' if self.open_minimum else '≥'} {_number(low)}"
        assert high is not None
        return f"{noun} {'<' if self.open_maximum else '≤'} {_number(high)}"

    def _hint(self, value: Value) -> str:
        if not isinstance(value, str):
            return ""
        words = [c for form in (self, *self.also) for c in form.choices if isinstance(c, str)]
        close = nearest(value, words)
        if close:
            return f"did you mean `{close}`?"
        try:
            self._check_one(_parse_number(value))
        except ValueError:
            return ""
        return f"write {value.strip()} without quotes"


@dataclass(frozen=True, slots=True)
class WithoutEffect(Attribute):
    """A name that programs written for another system use; any value will do. `doc` says why."""

    kinds: tuple[Kind, ...] = ("any",)


class Dictionary(Mapping[str, Attribute]):
    """Attributes by name, in any case; aliases resolve to their attribute."""

    def __init__(self, attributes: Iterable[Attribute]) -> None:
        self._attributes = {a.name: a for a in attributes}

    @cached_property
    def _spellings(self) -> dict[str, str]:
        """Every accepted name, folded, to the attribute's own."""
        aliases = {alias: a.name for a in self._attributes.values() for alias in a.aliases}
        known = {**aliases, **{name: name for name in self._attributes}}
        return {spelling.casefold(): name for spelling, name in known.items()}

    def __getitem__(self, name: str) -> Attribute:
        return self._attributes[
            name if name in self._attributes else self._spellings[name.casefold()]
        ]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def items(self) -> ItemsView[str, Attribute]:
        return self._attributes.items()  # many times as fast as by way of `__getitem__`

    def filled(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """The given values, and the defaults of the attributes that are not given."""
        return {name: attribute.default for name, attribute in self.items()} | dict(given)

    def merge(self, *others: "Dictionary") -> "Dictionary":
        """All attributes of all dictionaries; a later one's attribute replaces an earlier one's."""
        merged = dict(self.items())
        for other in others:
            merged.update(other.items())
        return Dictionary(merged.values())

    def only(self, *names: str) -> "Dictionary":
        """The named attributes, in the order of the names."""
        return Dictionary(self[name] for name in names)

    def nearest(self, name: str) -> str | None:
        """The known name, aliases included, that is closest to a mistyped one."""
        aliases = [alias for a in self._attributes.values() for alias in a.aliases]
        return nearest(name, [*self._attributes, *aliases])


def number(value: Value) -> float:
    """The value of an attribute that is always a number."""
    assert isinstance(value, int | float)
    return float(value)


def written(value: Value) -> str:
    """A value as it is written in a program, text without its quotes."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case tuple() | list():
            items = (f"'{item}'" if isinstance(item, str) else written(item) for item in value)
            return f"[{', '.join(items)}]"
        case float():
            return repr(value)
        case _:
            return str(value)


class _Refused:
    """A form does not take the value (None will not do: NULL is a value)."""


_REFUSED = _Refused()
_BOOLEANS = {"false": False, "true": True}
_NOUNS: Mapping[Kind, str] = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "TRUE or FALSE",
    "text": "text",
    "list": "a list",
    "any": "any value",
}


def _taken_as_it_is(form: Attribute, value: Value) -> Value | _Refused:
    match value:
        case bool():
            taken = "boolean" in form.kinds or any(choice is value for choice in form.choices)
        case int():
            taken = "integer" in form.kinds and form._in_range(value)
        case float():
            taken = "number" in form.kinds and form._in_range(value)
        case tuple() | list():
            if "list" in form.kinds or "any" in form.kinds:
                return _as_tuple(value)
            return _REFUSED
        case _:
            taken = value in form.choices
    return value if taken or "any" in form.kinds else _REFUSED


def _taken_converted(form: Attribute, value: Value) -> Value | _Refused:
    choice = _as_choice(form, value)
    if not isinstance(choice, _Refused):
        return choice
    match value:
        case str() if "boolean" in form.kinds and value.casefold() in _BOOLEANS:
            return _BOOLEANS[value.casefold()]
        case str():
            return value if "text" in form.kinds else _REFUSED
        case int() | float() if isinstance(value, bool):
            return _REFUSED
        case int() if "number" in form.kinds and form._in_range(value):
            return float(value)
        case float() if "integer" in form.kinds and value.is_integer() and form._in_range(value):
            return int(value)
        case int() | float() if "boolean" in form.kinds and value in (0, 1):
            return bool(value)
    return _REFUSED


def _as_choice(form: Attribute, value: Value) -> Value | _Refused:
    """The choice as the library spells it: text in any case, 1 for 1.0."""
    for choice in form.choices:
        match choice, value:
            case (str(), str()) if choice.casefold() == value.casefold():
                return choice
            case (bool(), str()) if str(choice).casefold() == value.casefold():
                return choice
            case (bool(), _) | (_, bool()):
                continue
            case (int() | float(), int() | float()) if choice == value:
                return choice
    return _REFUSED


def _as_tuple(value: Value) -> Value:
    return tuple(map(_as_tuple, value)) if isinstance(value, tuple | list) else value


def _parse_number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _number(value: float) -> str:
    return f"{value:.15g}"


def _shown_choices(choices: list[Value], most: int) -> list[str]:
    """The choices in backticks, the tail of a long list as a number, NULL last."""
    shown = [f"`{written(choice)}`" for choice in dict.fromkeys(choices) if choice is not None]
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} others"]
    return [*shown, "NULL"] if None in choices else shown


def _join(parts: list[str]) -> str:
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _show(value: Value) -> str:
    if isinstance(value, str):
        return f"the text '{value}'"
    return written(value)
