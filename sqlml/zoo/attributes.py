"""Typed attribute dictionaries: what may stand in WITH, of which type, in which range, and what it means."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sqlml.errors import nearest

Value = str | int | float | bool | None | tuple["Value", ...]
Kind = Literal["integer", "number", "boolean", "text", "list", "any"]


class AttributeProblem(ValueError):
    """A value that an attribute cannot take; `hint` says what it can."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. A value is accepted if it is of one of `kinds` and in range, or is one of `choices`.

    `minimum` and `maximum` are inclusive unless the matching `open_` flag is set. With an empty `kinds`, only
    `choices` are accepted (any case). `None` in `choices` means that NULL is accepted.
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

    def check(self, value: Value) -> Value:
        """The value as the library wants it (1 for 1.0 where an integer is due, a choice in its own case).

        Raises:
            AttributeProblem: with a message that names the type, range or choices.
        """
        raise NotImplementedError


class Dictionary(Mapping[str, Attribute]):
    """Attributes by name; aliases resolve to their attribute."""

    def __init__(self, attributes: Iterable[Attribute]) -> None:
        self._attributes = {a.name: a for a in attributes}

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return {alias: a.name for a in self._attributes.values() for alias in a.aliases}

    def __getitem__(self, name: str) -> Attribute:
        return self._attributes[name if name in self._attributes else self._aliases[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def nearest(self, name: str) -> str | None:
        return nearest(name, [*self._attributes, *self._aliases])
