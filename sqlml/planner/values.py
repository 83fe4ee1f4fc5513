"""Written values as the attributes' dictionaries take them."""

from sqlml.grammar import ast
from sqlml.source import Span
from sqlml.zoo.attributes import Value


class NotAValue(Exception):  # noqa: N818 (not yet an error shown)
    """Something else where a value should be."""

    def __init__(self, message: str, span: Span, hint: str, code: str = "E0207") -> None:
        super().__init__(message)
        self.message, self.span, self.hint, self.code = message, span, hint, code


def value_of(value: ast.Value | ast.ColumnItem) -> Value:
    """A written value.

    Raises:
        NotAValue: it has a function in it, such as RANGE.
    """
    match value:
        case ast.Literal_():
            return value.value
        case ast.Word() | ast.Name():
            return value.text
        case ast.List_():
            return tuple(map(value_of, value.items))
        case ast.Call():
            raise NotAValue(f"`{value.function}(…)` is not a value here", value.span, _CALL_HINT)
        case ast.Star():
            raise NotAValue("`*` is not a value", value.span, "give a number, text or list")


_CALL_HINT = "give a number, text or list; RANGE, LOG_RANGE, CHOICE and GRID stand alone behind `=`"
