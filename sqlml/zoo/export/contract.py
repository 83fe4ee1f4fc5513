"""What a format is given to export, and what it cannot say."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle, load
from sqlml.zoo.label import ClassValue


@dataclass(frozen=True)
class Export:
    """A stored version of a model on its way out.

    folder: its files, which are as they were stored. table: for SQL, the table that is read, as SQL
    writes it; columns: those of its columns that the result keeps, empty for those that the model
    needs. classes: those that have a column of probabilities, empty for the model's own.
    """

    reference: str
    folder: Path
    table: str = "data"
    columns: tuple[str, ...] = ()
    classes: tuple[ClassValue, ...] = ()

    @cached_property
    def bundle(self) -> Bundle:
        """The model, loaded."""
        return load(self.folder)


@dataclass(frozen=True, slots=True)
class Format:
    """suffix: of the files. write: makes the file, or folder, at a path where nothing is yet."""

    suffix: str
    write: Callable[[Export, Path], None]


def inexpressible(what: str, format_name: str, hint: str) -> StepError:
    """The error that a format has no words for a part of a model."""
    return StepError(Diagnostic("E0581", f"{what} cannot be written as {format_name}", hint=hint))


def check_names(export: Export, answers: Iterable[str], format_name: str) -> None:
    """Check that the answers can stand beside the columns that a model is given.

    Raises:
        StepError: E0581, one has the name of a column.
    """
    for name in sorted({*answers} & {*export.bundle.pipeline.columns}):
        what = f"a model whose answer and a column are both called `{name}`"
        raise inexpressible(what, format_name, "give the column another name in the query: `AS …`")
