"""Data frames of a notebook as tables, and results as data frames."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from sqlml.errors import Diagnostic, ProgramError
from sqlml.results import Result

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["pandas", "polars", "arrow"]

_AS: Mapping[Kind, Callable[[Result], Any]] = {
    "pandas": Result.to_pandas,
    "polars": Result.to_polars,
    "arrow": Result.to_arrow,
}


def as_frame(result: Result, kind: Kind) -> Any:
    """The rows of a result as a data frame of that kind."""
    return _AS[kind](result)


def tables(
    variables: Mapping[str, Any], mentioned: Iterable[str]
) -> dict[str, Callable[[], "pa.Table"]]:
    """What makes tables of the variables that are mentioned and hold a data frame.

    mentioned: names in lower case, as SQL compares them.
    """
    wanted = set(mentioned)
    return {
        name: _maker(name, value)
        for name, value in variables.items()
        if name.casefold() in wanted and _is_frame(value)
    }


def _is_frame(value: Any) -> bool:
    """Whether it is a table of pandas, Polars, Arrow or anything else that exports one."""
    is_class = isinstance(value, type)
    known = ("pandas", "DataFrame"), ("polars", "LazyFrame")
    return not is_class and (hasattr(value, "__arrow_c_stream__") or _kind(value) in known)


def _kind(value: Any) -> tuple[str, str]:
    """Its library, and its class."""
    return type(value).__module__.partition(".")[0], type(value).__name__


def _maker(name: str, value: Any) -> Callable[[], "pa.Table"]:
    def make() -> "pa.Table":
        import pyarrow as pa

        try:
            return _table(name, value)
        except (pa.ArrowException, ValueError, TypeError) as error:
            (why, *_) = str(error).split("\n")
            message = f"the data frame `{name}` is no table that SQL could read"
            hint = "each column has a name of its own, and values of one type"
            raise ProgramError(Diagnostic("E0895", message, label=why, hint=hint)) from error

    return make


def _table(name: str, value: Any) -> "pa.Table":
    import pyarrow as pa

    match _kind(value):
        case ("pandas", "DataFrame"):
            return pa.Table.from_pandas(value, preserve_index=False)
        case ("polars", "LazyFrame"):
            return pa.table(value.collect())
        case ("pandas" | "polars", "Series"):  # one column
            return _table(name, value.to_frame(value.name or name))
        case _:
            return pa.table(value)
