"""Reading the arguments of a COLUMN function, with errors that say what it takes."""

from collections.abc import Sequence
from typing import Any, NoReturn

from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features.contract import ColumnReference, Feature
from sqlml.zoo.features.kinds import Kind

DELIMITERS = {"COMMA": ",", "SPACE": " ", "COLON": ":", "SEMICOLON": ";", "TAB": "\t"}
_ESCAPED = {r"\t": "\t", r"\n": "\n", r"\001": "\x01", r"\u0001": "\x01"}  # Hive's is \001
_NUMBER_TYPES = ("int", "int32", "int64", "float", "float32", "float64", "double")


class Arguments:
    """The arguments of one call of `function`."""

    def __init__(
        self, function: type[Feature], values: Sequence[Any], *, least: int, most: int
    ) -> None:
        self._function = function
        self._values = values
        self._read: int | None = None
        if not least <= len(values) <= most:
            count = f"{least}" if least == most else f"{least} to {most}"
            noun = "argument" if count == "1" else "arguments"
            self.refuse(f"{function.function} takes {count} {noun}, not {len(values)}")

    def refuse(self, message: str, hint: str = "") -> NoReturn:
        """Raise an error about the argument that was read last, if one was."""
        hint = hint or f"write `{self._function.usage}`"
        raise AttributeProblem(message, hint, argument=self._read)

    def get(self, place: int) -> Any:
        """An argument; None where it is not given."""
        if place >= len(self._values):
            return None
        self._read = place
        return self._values[place]

    def column(self, place: int, kinds: frozenset[Kind], *, hint: str = "") -> ColumnReference:
        """A plain column of one of these kinds."""
        value = self.get(place)
        if not isinstance(value, ColumnReference):
            self.refuse(f"{self._function.function} takes a column, not {words(value)}")
        self.check_kind(value, kinds, hint=hint)
        return value

    def check_kind(
        self, column: ColumnReference, kinds: frozenset[Kind], *, hint: str = ""
    ) -> None:
        if column.kind not in kinds and column.kind != "unknown":
            message = (
                f"{self._function.function} cannot take `{column.name}`, which is {column.type}"
            )
            self.refuse(message, hint)

    def count(self, place: int, *, least: int = 1, name: str = "n") -> int:
        """A whole number."""
        value = self.get(place)
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
        if not whole or value < least:
            self.refuse(
                f"{name} of {self._function.function} must be a whole number ≥ {least},"
                f" not {words(value)}"
            )
        return int(value)

    def shape(self, place: int) -> int:
        """How many numbers a shape holds: `6`, or `[2, 3]`."""
        value = self.get(place)
        if not isinstance(value, Sequence) or isinstance(value, str):
            return self.count(place, name="the shape")
        size = 1
        for length in value:
            if not isinstance(length, int) or isinstance(length, bool) or length < 1:
                self.refuse(f"the shape {words(value)} must hold whole numbers ≥ 1")
            size *= length
        if not value:
            self.refuse("the shape is empty")
        return size

    def delimiter(self, place: int, default: str) -> str:
        value = self.get(place)
        if value is None:
            return default
        if not isinstance(value, str) or not value:
            self.refuse(
                f"{words(value)} is no delimiter",
                f"write one of {', '.join(DELIMITERS)}, or the text itself in quotes",
            )
        found = DELIMITERS.get(value.upper()) or _ESCAPED.get(value)
        if found is None and value.isalnum():
            self.refuse(f"`{value}` is no delimiter", f"write one of {', '.join(DELIMITERS)}")
        return found or value

    def number_type(self, place: int, *others: str) -> None:
        """Check a dtype; all numbers become the model's own type of floating point."""
        value, known = self.get(place), (*_NUMBER_TYPES, *others)
        if value is not None and str(value).lower() not in known:
            self.refuse(f"{words(value)} is no type", f"known: {', '.join(known)}")


def words(value: object) -> str:
    """An argument as it is written in a program."""
    match value:
        case None:
            return "nothing"
        case ColumnReference():
            return f"the column `{value.name}`"
        case Feature():
            return f"{value.function}(…)"
        case str():
            return f"'{value}'"
        case bool():
            return "TRUE" if value else "FALSE"
        case list() | tuple():
            return "[" + ", ".join(words(item) for item in value) + "]"
        case _:
            return str(value)
