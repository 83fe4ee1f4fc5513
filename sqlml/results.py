"""What a program gives back: one result per statement that has one, as Arrow, pandas or Polars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from sqlml.errors import Diagnostic, ProgramError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Result:
    """The result set of one statement; `step` is the step that made it."""

    step: str
    table: pa.Table

    def to_arrow(self) -> pa.Table:
        return self.table

    def to_pandas(self) -> pandas.DataFrame:
        require("pandas")
        return self.table.to_pandas()

    def to_polars(self) -> polars.DataFrame:
        require("polars")
        import polars

        return polars.from_arrow(self.table)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


class Results(Sequence[Result]):
    """The results of a program, in the order of its statements. `run` names the run in the store.

    metrics and outputs: by step; outputs are the values that a step passes on.

    `to_arrow`, `to_pandas` and `to_polars` give the last result, which is what a program of one
    statement is run for.
    """

    def __init__(
        self,
        run: str,
        results: Sequence[Result],
        metrics: dict[str, dict[str, float]],
        outputs: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.run = run
        self.outputs = outputs or {}
        self.metrics = metrics
        self._results = tuple(results)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | Sequence[Result]:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def to_arrow(self) -> pa.Table:
        return self._last().to_arrow()

    def to_pandas(self) -> pandas.DataFrame:
        return self._last().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        return self._last().to_polars()

    def _last(self) -> Result:
        if not self._results:
            hint = "end it with a SELECT, or with a TO PREDICT or TO EVALUATE that names no table"
            message = "no statement of the program has a result"
            raise ProgramError(Diagnostic("E0705", message, hint=hint))
        return self._results[-1]


def require(package: str, extra: str = "") -> None:
    """Raises: ProgramError: E0706, the package is not installed; the hint says how to.

    extra: of sqlml that it comes with, where that has another name.
    """
    from importlib.util import find_spec

    if find_spec(package) is None:
        message = f"{package} is not installed"
        raise ProgramError(
            Diagnostic("E0706", message, hint=f'pip install "sqlml[{extra or package}]"')
        )
