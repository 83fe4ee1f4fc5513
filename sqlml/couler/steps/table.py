"""Models trained on tables of the database, by the trainers that SQL has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlml.couler.flow import Draft, current
from sqlml.couler.outputs import StepOutputs, outputs_of
from sqlml.errors import ProgramError
from sqlml.quoting import as_written, literal, parts
from sqlml.session import Session
from sqlml.source import Source
from sqlml.workflow.ir import Node, Train
from sqlml.workflow.places import caller, fault, kebab

_OF_TRAINING = frozenset({"num_boost_round", "early_stopping_rounds"})
_ROUNDS = frozenset({"num_iterations", "num_trees", "n_estimators", "num_round", "num_rounds"})


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table's columns to learn from, and the one to learn.

    feature_cols: names, in a list or with commas between them.
    """

    table_name: str
    feature_cols: str | Sequence[str]
    label_col: str

    @property
    def columns(self) -> tuple[str, ...]:
        given = self.feature_cols
        names = given.split(",") if isinstance(given, str) else given
        return tuple(name.strip() for name in names if name.strip())


def train_on_table(
    estimator: str,
    data: Any,
    parameters: Mapping[str, Any],
    model: str | None,
    step_name: str | None,
) -> StepOutputs:
    """Write a step that trains on a table; gives the model.

    parameters: of the trainer, as its library names them. The table is looked up in the database of
    the settings; where it has none of that name, its columns are taken to be numbers.

    Raises:
        ProgramError: a parameter is wrong, or the table lacks a column.
    """
    if not isinstance(data, Dataset) or not data.columns:
        raise fault(
            "E0730",
            f"a model cannot be trained on {data!r:.60}",
            'give `Dataset(table_name="t", feature_cols="a,b", label_col="c")`',
        )
    base = step_name or caller().function or "train"
    into = model or kebab(base).replace("-", "_")
    node = _planned(data, _statement(estimator, data, parameters, into))
    draft = Draft(kebab(base), step_name is not None, lambda _template: node)
    return outputs_of(current().write(draft))


def _statement(estimator: str, data: Dataset, parameters: Mapping[str, Any], into: str) -> str:
    columns = ", ".join(map(as_written, (*data.columns, data.label_col)))
    attributes = ", ".join(_attribute(name, value) for name, value in parameters.items())
    settings = f" WITH {attributes}" if attributes else ""
    return (
        f"SELECT {columns} FROM {_table(data)} TO TRAIN {estimator}{settings}"
        f" LABEL {as_written(data.label_col)} INTO {as_written(into)}"
    )


def _table(data: Dataset) -> str:
    return ".".join(map(as_written, parts(data.table_name)))


def _attribute(name: str, value: Any) -> str:
    if name in _ROUNDS:
        name = "num_boost_round"
    told = f"train.{name}" if name in _OF_TRAINING else name
    return f"{told} = {_value(name, value)}"


def _value(name: str, value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return literal(value)
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(_value(name, one) for one in value)}]"
    raise fault("E0730", f"`{name}` of a model cannot be {value!r:.60}")


def _planned(data: Dataset, statement: str) -> Node:
    """The step that the statement is, as the compiler plans it.

    Raises:
        ProgramError: the statement is wrong; at the user's call.
    """
    with Session.open(creates=False) as session:
        with session.database.rehearse() as rehearsal:
            known = {table.casefold() for table in rehearsal.tables()}
        is_known = ".".join(parts(data.table_name)).casefold() in known
        assumed = [] if is_known else [Source("<table>", _assumed(data))]
        try:
            compiled = session.compile([*assumed, Source("<statement>", statement)])
        except ProgramError as error:
            span = caller().span
            raise ProgramError(*(replace(d, span=span) for d in error.diagnostics)) from error
    trained = (n for n in compiled.stages[0][1].nodes if isinstance(n.operation, Train))
    return replace(next(trained), name="", after=())


def _assumed(data: Dataset) -> str:
    columns = ", ".join(f"0.0::DOUBLE AS {as_written(column)}" for column in data.columns)
    return f"CREATE TABLE {_table(data)} AS SELECT {columns}, 0 AS {as_written(data.label_col)}"
