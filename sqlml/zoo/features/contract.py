"""What a COLUMN function is: parsed from its arguments, fitted on a query, applied to batches.

A feature is a frozen value; a fitted one is the same value with what it learnt filled in. Both have
the same JSON, so a program's features and a model's stored preprocessing are read by one function.

    planner   FEATURES.load("BUCKET").parse(arguments)    default_feature(name, type)
    training  fit(features, sql, context.table, encoding) -> Pipeline
    replay    Pipeline.from_json(stored).transform(batch)
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from sqlml.quoting import identifier
from sqlml.zoo.features import FEATURES
from sqlml.zoo.features.kinds import Kind, kind_of
from sqlml.zoo.model import ModelType, Part

if TYPE_CHECKING:
    from sqlml.zoo.features.blocks import Block
    from sqlml.zoo.features.columns import Columns


@dataclass(frozen=True, slots=True)
class ColumnReference:
    """A column of the query; `type` is the database's type name, empty where it is not known."""

    name: str
    type: str = ""

    @property
    def identifier(self) -> str:
        """The name as SQL, always quoted."""
        return identifier(self.name)

    @property
    def kind(self) -> Kind:
        return kind_of(self.type)

    @property
    def can_be_nan(self) -> bool:
        """Whether NaN may be among the values: a number that is missing, as NULL is."""
        return self.type.upper() in ("FLOAT", "REAL", "DOUBLE", "")


# What stands in the brackets of a COLUMN function. A name in the first argument, also within a
# list or a nested function there, is a column; a name in a later argument is a word (a str).
Argument = "ColumnReference | Feature | str | int | float | bool | Sequence[Argument] | None"


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a trainer takes.

    categories: as one column of integer codes, or one 0/1 column each. missing: NULL may come as
    NaN. sparse: wide features may come as CSR. dtype: of the matrix. layout: which of its numbers
    lie next to each other where it is dense; the transform is several times as fast by columns.
    """

    categories: Literal["native", "onehot"] = "onehot"
    missing: bool = False
    sparse: bool = False
    dtype: Literal["float32", "float64"] = "float32"
    layout: Literal["rows", "columns"] = "rows"


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the matrix: a quantity, or the codes [0, cardinality) of categories."""

    name: str
    type: Literal["q", "c"] = "q"
    cardinality: int = 0


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A statistic to ask the database for: an aggregate over the query's columns."""

    sql: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """The most frequent values of an expression and their counts; NULL is left out.

    The answer is a tuple of (value as text, count), most frequent first, equals in binary order.
    """

    sql: str
    most: int


Statistic = Aggregate | Ranking
Answers = Mapping[Statistic, Any]

# How a column is read from the database: `single` and `double` as a number, `raw` as it is.
Reading = Literal["single", "double", "text", "raw"]


class Feature(ABC):
    """A COLUMN function with its arguments. Subclasses are frozen, slotted dataclasses."""

    __slots__ = ()

    function: ClassVar[str]  # its entry in FEATURES
    usage: ClassVar[str]  # how it is written: `BUCKET(column, [boundaries] | n)`
    doc: ClassVar[str]  # one line for people

    @classmethod
    @abstractmethod
    def parse(cls, arguments: Sequence[Any]) -> "Feature":
        """The feature with these arguments (see `Argument`).

        Raises:
            AttributeProblem: wrong number, type or value of an argument.
        """

    @property
    @abstractmethod
    def label(self) -> str:
        """The name of what comes out, such as `age`: matrix columns are named after it."""

    @abstractmethod
    def outputs(self, encoding: Encoding) -> Sequence[Output]:
        """The matrix columns that `apply` gives; the feature must be fitted."""

    @abstractmethod
    def apply(self, columns: "Columns", encoding: Encoding) -> "Block":
        """The feature of each row; the feature must be fitted.

        Raises:
            StepError: a value that the feature cannot take.
        """

    def needs(self) -> Sequence[Statistic]:
        """What must be known before anything else can be learnt; empty when fitted."""
        return ()

    def learn(self, answers: Answers) -> "Feature":
        """The feature with what its `needs` were answered with; itself where it has none.

        Raises:
            StepError: the data does not suit the feature.
        """
        del answers
        return self

    @property
    def gaps(self) -> tuple[ColumnReference, ...]:
        """The columns whose NULLs become NaN in the matrix."""
        return ()

    @property
    def is_sequence(self) -> bool:
        """Whether it gives ids in an order, each with a vector."""
        return False

    def readings(self) -> Iterator[tuple[ColumnReference, Reading]]:
        """How each input column may be read."""
        for column in self.references:
            yield column, "raw"

    def refuse(self, model: ModelType) -> None:
        """Check that a model can take the feature.

        Raises:
            AttributeProblem: it cannot; the hint says what to write instead.
        """
        del model

    def part(self, encoding: Encoding) -> Part:
        """What kind of columns it gives, for models that look at features and not at columns."""
        return Part(self.label)

    def width(self, encoding: Encoding) -> int:
        return len(self.outputs(encoding))

    def is_wide(self, encoding: Encoding) -> bool:
        """Whether most values are zero in very many columns: better kept as CSR."""
        return self.width(encoding) > WIDE

    @property
    def references(self) -> tuple[ColumnReference, ...]:
        """The input columns, each once."""
        values = [getattr(self, field.name) for field in fields(self)]  # type: ignore[arg-type]
        return tuple(dict.fromkeys(_references(values)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the input columns."""
        return tuple(reference.name for reference in self.references)

    def to_json(self) -> dict[str, Any]:
        """`{"function": "BUCKET", …}`; fields that have their default are left out."""
        values = {
            field.name: _to_json(getattr(self, field.name))
            for field in fields(self)  # type: ignore[arg-type]
            if getattr(self, field.name) != field.default
        }
        return {"function": self.function, **values}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        return cls(**{k: _from_json(v) for k, v in content.items() if k != "function"})


WIDE = 64


def feature_from_json(content: Mapping[str, Any]) -> Feature:
    """The feature that `to_json` wrote.

    Raises:
        ProgramError: its function is not known here, as when a plugin is missing.
    """
    return FEATURES.load(content["function"]).from_json(content)


def _references(value: object) -> Iterator[ColumnReference]:
    if isinstance(value, ColumnReference):
        yield value
    elif isinstance(value, Feature):
        yield from value.references
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _references(item)


def _to_json(value: object) -> Any:
    match value:
        case Feature():
            return value.to_json()
        case ColumnReference():
            return {"column": value.name, "type": value.type}
        case tuple():
            return tuple(_to_json(item) for item in value)
        case _:
            return value


def _from_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "function" in value:
            return feature_from_json(value)
        return ColumnReference(value["column"], value["type"])
    if isinstance(value, tuple | list):
        return tuple(_from_json(item) for item in value)
    return value
