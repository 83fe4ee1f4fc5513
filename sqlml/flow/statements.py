"""Statements of SQL as steps, beside Python and containers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.flow.blocks import Entry, Sql, block_of
from sqlml.flow.values import Statement, Value
from sqlml.flow.writing import Writing
from sqlml.quoting import as_written, literal
from sqlml.source import Source
from sqlml.workflow.places import Caller, caller, fault


@dataclass(frozen=True, slots=True)
class Rows:
    """A query, which is no step of its own: the steps that take the rows read them."""

    text: str


_NAME = r'((?:"[^"]+"|[\w.])+)'
_MADE = re.compile(
    rf"\A\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}"
    rf"|\bTO\s+(?:TRAIN|EVALUATE|EXPLAIN)\b.*\bINTO\s+{_NAME}\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)


class Statements(Writing):
    """Steps of SQL. The tables and models that they read and write make their order."""

    def sql(self, text: str) -> Statement:
        """One statement, of sqlml's or of the database. A table or view that it creates, and what
        it says behind INTO at its end, can be passed on.

        Raises:
            ProgramError: E0763 inside of a loop. What is wrong with the statement itself is told
                when the workflow is run or rendered.
        """
        made = _MADE.search(text) if isinstance(text, str) else None
        return self._add(text, made[made.lastindex or 0] if made else "")

    def query(self, text: str) -> Rows:
        """Rows for `train` and its kin: a query, or the name of a table."""
        return Rows(_query(text))

    def train(
        self,
        estimator: str,
        rows: Any,
        *,
        into: str,
        label: str | Sequence[str] = (),
        columns: str | Sequence[str] = (),
        using: Any = None,
        **attributes: Any,
    ) -> Statement:
        """TO TRAIN. rows: a query, a table, or a step that makes one.

        columns: as COLUMN has them. using: the model to go on from. attributes: as WITH has them,
        with `__` for a dot: `model__max_depth=3`, or as `**{"model.max_depth": 3}`.
        """
        into = _name("into", into)
        words = [
            f"TO TRAIN {estimator}",
            _with(attributes),
            _listed("COLUMN", columns),
            _listed("LABEL", label),
            f"USING {_model(using)}" if using is not None else "",
            f"INTO {into}",
        ]
        return self._add(_written(_query(rows), words), into)

    def predict(
        self, model: Any, rows: Any, *, into: str = "", column: str = "", **attributes: Any
    ) -> Statement:
        """TO PREDICT. into: the table, and column, the one for the predictions."""
        target = ".".join(filter(None, (into and _name("into", into), column)))
        using = f"USING {_model(model)}"
        words = ["TO PREDICT", target, _with(attributes), using]
        return self._add(_written(_query(rows), words), into)

    def evaluate(
        self,
        model: Any,
        rows: Any,
        *,
        label: str | Sequence[str] = (),
        into: str = "",
        **attributes: Any,
    ) -> Statement:
        """TO EVALUATE. Its `metric(name)` is a value to compare and to pass on."""
        words = [
            f"TO EVALUATE {_model(model)}",
            _with(attributes),
            _listed("LABEL", label),
            f"INTO {_name('into', into)}" if into else "",
        ]
        return self._add(_written(_query(rows), words), into)

    def explain(
        self, model: Any, rows: Any, *, using: str = "", into: str = "", **attributes: Any
    ) -> Statement:
        """TO EXPLAIN. using: the explainer."""
        words = [
            f"TO EXPLAIN {_model(model)}",
            _with(attributes),
            f"USING {using}" if using else "",
            f"INTO {_name('into', into)}" if into else "",
        ]
        return self._add(_written(_query(rows), words), into)

    def statements(self) -> Iterator[Sql]:
        """All of them, in the order in which they are planned."""
        yield from _sql(self.root.entries)
        yield from _sql(self.exits.entries)

    def _add(self, text: str, made: str) -> Statement:
        block = block_of(self)
        if block.is_loop:
            hint = "write the loop in Python, and each statement is a step of its own"
            raise fault("E0763", "an engine's loop cannot repeat a statement of SQL", hint)
        if not isinstance(text, str) or not text.strip():
            raise fault("E0762", f"a statement is a text, not {text!r:.60}")
        at = caller()
        step = Statement(self.unique("statement"), made, {}, self)
        block.add(Sql(step, _source(text, at), block.guard, at.place))
        return step


def _sql(entries: Sequence[Entry]) -> Iterator[Sql]:
    return (entry for entry in entries if isinstance(entry, Sql))


def _source(text: str, at: Caller) -> Source:
    """The statement as it stands in the Python file, so that errors point there.

    It is looked for behind the beginning of the call; what is put together by the program stands
    where the call does.
    """
    span = at.span
    whole, start = span.source.text, span.start
    found = whole.find(text, start)
    if found >= 0 and whole.count("\n", start, found) <= text.count("\n") + 1:
        start = found
    line, column = span.source.position(start)
    return Source(at.place.file, "\n" * (line - 1) + " " * (column - 1) + text)


def _query(rows: Any) -> str:
    match rows:
        case Rows(text):
            return text
        case Statement(made=made) if made:
            return f"SELECT * FROM {made}"
        case str() if rows.strip():
            is_name = len(rows.split()) == 1
            return f"SELECT * FROM {rows.strip()}" if is_name else rows.rstrip().rstrip(";")
    hint = "give a query, a table's name, or a step that makes a table"
    raise fault("E0762", f"rows cannot be {_shown(rows)}", hint)


def _model(model: Any) -> str:
    if isinstance(model, Statement) and model.made:
        return model.made
    if isinstance(model, str) and model.strip():
        return model.strip()
    raise fault("E0762", f"a model cannot be {_shown(model)}", "give its name, or what trains it")


def _name(what: str, name: Any) -> str:
    if isinstance(name, str) and name.strip():
        return name.strip()
    raise fault("E0762", f"`{what}` is a name, not {_shown(name)}")


def _with(attributes: Mapping[str, Any]) -> str:
    pairs = (f"{name.replace('__', '.')} = {_value(v)}" for name, v in attributes.items())
    return f"WITH {', '.join(pairs)}" if attributes else ""


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return literal(value)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
    hint = "attributes are known when the workflow is planned: text, numbers, lists of them"
    raise fault("E0762", f"an attribute cannot be {_shown(value)}", hint)


def _listed(keyword: str, names: str | Sequence[str]) -> str:
    """Names as clauses have them; a text stands as it is written."""
    if not names:
        return ""
    if isinstance(names, str):
        return f"{keyword} {as_written(names) if keyword == 'LABEL' else names}"
    return f"{keyword} {', '.join(names)}"


def _written(query: str, clauses: Sequence[str]) -> str:
    """A statement, in one line where its query is, so that errors are at the line of the call."""
    border = "\n" if "--" in query else " "
    return border.join([query, " ".join(filter(None, clauses))])


def _shown(value: object) -> str:
    return "a value of the run" if isinstance(value, Value) else f"{value!r:.60}"
