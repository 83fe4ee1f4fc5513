"""The syntax tree. Every node keeps its span; spans do not count when trees are compared."""

from dataclasses import dataclass, field
from typing import Literal

from sqlml.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """A node: its span covers exactly its own text."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(Syntax):
    """A name, dotted where the language allows it. `m@3` and `m@champion` keep their version apart.

    `text` is the name without its quotes. `quoted`: some part of it is in quotes. `version`: a
    number, or an alias that stands for one. `parts` are what the dots separate; a dot inside quotes
    separates nothing (`"my.db".t` is `my.db` and `t`).
    """

    text: str
    quoted: bool = False
    version: int | str | None = None
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.parts:
            parts = (self.text,) if self.quoted else tuple(self.text.split("."))
            object.__setattr__(self, "parts", parts)


# --- values of attributes -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal_(Syntax):  # noqa: N801 — `Literal` is typing's
    """A string, number, TRUE, FALSE or NULL."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Word(Syntax):
    """An unquoted word as a value: `reg:squarederror`, `gbtree`, `a/b:v0.1`."""

    text: str


@dataclass(frozen=True, slots=True)
class List_(Syntax):  # noqa: N801 — beside `Literal_`
    """`[1, 2]` among values, `[a, b]` in `CROSS([a, b], 100)` among columns."""

    items: "tuple[Value | ColumnItem, ...]"


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """`RANGE(3, 10)` among values, `BUCKET(age, 5)` among columns. The name is upper case."""

    function: str
    arguments: "tuple[Value | ColumnItem, ...]"


Value = Literal_ | Word | List_ | Call


@dataclass(frozen=True, slots=True)
class Attribute(Syntax):
    """`name = value`; the name is lower case, with its namespace where it was written."""

    name: Name
    value: Value


# --- COLUMN -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Star(Syntax):
    """`*`: every selected column but the labels."""


ColumnItem = Name | Star | Call | Literal_ | List_ | Word


@dataclass(frozen=True, slots=True)
class ColumnClause(Syntax):
    """`COLUMN items [FOR target]`."""

    items: tuple[ColumnItem, ...]
    target: Name | None = None


# --- expressions of MAXIMIZE and MINIMIZE -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Binary(Syntax):
    operator: str  # + - * / ** = <= >= < > <>
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Unary(Syntax):
    operator: Literal["-", "+"]
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class FunctionCall(Syntax):
    function: str
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Chain(Syntax):
    """`a <= x <= b`."""

    operands: "tuple[Expression, ...]"
    operators: tuple[str, ...]


Expression = Name | Literal_ | Binary | Unary | FunctionCall | Chain


@dataclass(frozen=True, slots=True)
class Constraint(Syntax):
    expression: Expression
    group_by: Name | None = None


# --- statements ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query(Syntax):
    """The SQL in front of a clause, exactly as written (comments included)."""

    sql: str


@dataclass(frozen=True, slots=True)
class Plain(Syntax):
    """A statement that sqlml passes on to the database."""

    sql: str


@dataclass(frozen=True, slots=True)
class Train(Syntax):
    query: Query
    model: Name
    into: Name
    attributes: tuple[Attribute, ...] = ()
    columns: tuple[ColumnClause, ...] = ()
    labels: tuple[Name, ...] = ()
    using: Name | None = None


@dataclass(frozen=True, slots=True)
class Predict(Syntax):
    """`into` is the whole target as written, `table` or `table.column` or `db.table.column`."""

    query: Query
    using: Name
    into: Name | None = None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluate(Syntax):
    query: Query
    model: Name
    attributes: tuple[Attribute, ...] = ()
    labels: tuple[Name, ...] = ()
    into: Name | None = None


@dataclass(frozen=True, slots=True)
class Explain(Syntax):
    query: Query
    model: Name
    attributes: tuple[Attribute, ...] = ()
    using: Name | None = None
    into: Name | None = None


@dataclass(frozen=True, slots=True)
class Check(Syntax):
    query: Query
    model: Name
    attributes: tuple[Attribute, ...] = ()
    into: Name | None = None


@dataclass(frozen=True, slots=True)
class Run(Syntax):
    query: Query
    image: Name
    command: tuple[Literal_, ...] = ()
    into: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Solve(Syntax):
    query: Query
    direction: Literal["maximize", "minimize"]
    objective: Expression
    constraints: tuple[Constraint, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    using: Name | None = None
    into: Name | None = None


@dataclass(frozen=True, slots=True)
class ShowTrain(Syntax):
    model: Name


@dataclass(frozen=True, slots=True)
class ShowModels(Syntax):
    pass


@dataclass(frozen=True, slots=True)
class DescribeModel(Syntax):
    model: Name


@dataclass(frozen=True, slots=True)
class DropModel(Syntax):
    model: Name
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class SetAlias(Syntax):
    """`SET ALIAS alias [= version]`: a number, another alias, or None for the version that the
    model's name has with it, which is the newest where it has none."""

    alias: Name
    version: int | str | None = None


@dataclass(frozen=True, slots=True)
class DropAlias(Syntax):
    alias: Name


@dataclass(frozen=True, slots=True)
class SetTag(Syntax):
    tag: Name
    value: Word | Literal_


@dataclass(frozen=True, slots=True)
class DropTag(Syntax):
    tag: Name


@dataclass(frozen=True, slots=True)
class Rename(Syntax):
    """`RENAME TO name`."""

    name: Name


Change = SetAlias | DropAlias | SetTag | DropTag | Rename


@dataclass(frozen=True, slots=True)
class AlterModel(Syntax):
    """`ALTER MODEL model change`."""

    model: Name
    change: Change


@dataclass(frozen=True, slots=True)
class CreateJob(Syntax):
    """`schedule` and `timezone` are strings; `program` is what stands behind AS."""

    name: Name
    schedule: tuple[Literal_, ...]
    program: "Program"
    timezone: Literal_ | None = None
    condition: Query | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class ShowJobs(Syntax):
    pass


@dataclass(frozen=True, slots=True)
class DropJob(Syntax):
    name: Name
    if_exists: bool = False


Statement = (
    Plain | Train | Predict | Evaluate | Explain | Check | Run | Solve
    | ShowTrain | ShowModels | DescribeModel | AlterModel | DropModel
    | CreateJob | ShowJobs | DropJob
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program(Syntax):
    """Statements, in order; those of several files stand one file after the other."""

    statements: tuple[Statement, ...]
