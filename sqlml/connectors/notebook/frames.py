"""Data frames of a notebook as tables, and results as data frames."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

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
        name: _maker(value)
        for name, value in variables.items()
        if name.casefold() in wanted and _is_frame(value)
    }


def _is_frame(value: Any) -> bool:
    """Whether it is a table of pandas, Polars, Arrow or anything else that exports one."""
    is_class = isinstance(value, type)
    return not is_class and (hasattr(value, "__arrow_c_stream__") or _is_pandas(value))


def _is_pandas(value: Any) -> bool:
    kind = type(value)
    return kind.__module__.split(".")[0] == "pandas" and kind.__name__ == "DataFrame"


def _maker(value: Any) -> Callable[[], "pa.Table"]:
    def make() -> "pa.Table":
        import pyarrow as pa

        if _is_pandas(value):
            return pa.Table.from_pandas(value, preserve_index=False)
        return pa.table(value)

    return make
