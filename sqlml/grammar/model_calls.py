"""The calls of PREDICT and PREDICT_PROBA in a statement, found and replaced on sqlglot's tree."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlml.errors import ProgramError
from sqlml.grammar.dialects import read
from sqlml.grammar.model_functions import Kind, ModelFunction
from sqlml.grammar.written import too_deep, written

_KINDS: Mapping[str, Kind] = {"predict": "predict", "predict_proba": "predict_proba"}
_MAY_CALL = re.compile(r"\bPREDICT(?:_PROBA)?[\"`]?\s*\(", re.IGNORECASE)
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?", re.IGNORECASE)
_MACROS = ("FUNCTION", "MACRO")
_PARTS = ("from_", "joins", "laterals")


@dataclass(slots=True)
class ModelCall:
    """A call. place and model_place: of its name, and of its first argument, in the text.

    model: as written; None where it is no constant. class_name: the class whose probability is
    asked for, if the second argument may be one. row: the table or alias whose columns are meant,
    `*` for all that there are; None where `arguments` gives them in their order.
    """

    kind: Kind
    place: tuple[int, int]
    model: str | None
    model_place: tuple[int, int]
    row: str | None
    class_name: str | None
    _node: exp.Expr = field(repr=False)
    _dialect: str = "duckdb"

    @property
    def arguments(self) -> Sequence[exp.Expr]:
        """What stands behind the model's name."""
        return self._node.expressions[1:]

    def row_query(self, to_dialect: str) -> str | None:
        """A query for the columns that `row` has; None where there is no telling."""
        assert self.row is not None
        sources = _sources_around(self._node, self.row)
        whole = exp.Star() if self.row == "*" else exp.column(exp.Star(), self.row)
        return None if sources is None else self._query([whole], sources, to_dialect)

    def values_query(self, names: Sequence[str], to_dialect: str) -> str:
        """A query for the last of the arguments, under these names."""
        values = self.arguments[len(self.arguments) - len(names) :]
        named = [
            exp.alias_(value.copy(), name, quoted=True)
            for name, value in zip(names, values, strict=True)
        ]
        return self._query(named, _sources_around(self._node, "*") or {}, to_dialect)

    def _query(
        self, expressions: Sequence[exp.Expr], sources: Mapping[str, Any], to_dialect: str
    ) -> str:
        query = exp.Select(expressions=expressions)
        for part, value in sources.items():
            query.set(part, deepcopy(value))
        ctes = list(_ctes_around(self._node))
        if ctes:
            query.set("with_", exp.With(expressions=ctes, recursive=True))
        return written(_rehearsed(exp.Paren(this=query)).this, self._dialect, to_dialect)

    def apply(self, columns: Sequence[str], kind: str, *, class_name: str | None = None) -> None:
        """Make it the call of the model's function.

        columns: what the model needs; as many as there are arguments without `class_name`. kind:
        the function's database type; empty where only the run can tell. class_name: the only class
        whose probability is wanted.
        """
        assert self.model is not None
        values: Sequence[exp.Expr]
        if self.row is None:
            values = self.arguments[0 if class_name is None else 1 :]
        else:
            table = None if self.row == "*" else self.row
            values = [exp.column(name, table, quoted=True) for name in columns]
        pairs = zip(columns, values, strict=True)
        record = exp.Struct(
            expressions=[
                exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value)
                for name, value in pairs
            ]
        )
        name = exp.to_identifier(ModelFunction(self.kind, self.model).name, quoted=True)
        called: exp.Expr = exp.Anonymous(this=name, expressions=[record])
        called.meta["sqlml_type"] = kind
        if class_name is not None:
            called = exp.Bracket(this=called, expressions=[exp.Literal.string(class_name)])
            called.meta["sqlml_class"] = class_name
        self._node.replace(called)
        self._node = called

    def leave_out(self) -> None:
        """Make it NULL, where nothing is known of the model because its training is wrong."""
        self._node.replace(exp.null())


class ModelCalls:
    """A statement and its calls, inner ones first. Without any it is not looked into."""

    def __init__(self, sql: str, dialect: str) -> None:
        self._dialect = dialect
        self._prefix = ""
        self._tree: exp.Expr | None = None
        self.calls: tuple[ModelCall, ...] = ()
        if _MAY_CALL.search(sql):
            explained = _EXPLAIN.match(sql)
            self._prefix = explained[0] if explained else ""
            self._read(sql)

    def _read(self, sql: str) -> None:
        try:
            tree = read(sql[len(self._prefix) :], self._dialect)
        except SqlglotError:
            return  # the database says it better
        except RecursionError as error:
            raise ProgramError(too_deep()) from error
        nodes = [node for node in tree.find_all(exp.Anonymous) if _name(node) in _KINDS]
        self._tree = exp.Paren(this=tree)  # so that whatever stands there has a parent
        self.calls = tuple(
            _call(node, len(self._prefix), self._dialect) for node in sorted(nodes, key=_order)
        )
        for node in nodes:
            _name_result(node, self._dialect)

    @property
    def is_macro(self) -> bool:
        """Whether the statement makes a function of the calls."""
        made = self._tree.this if self._tree is not None else None
        return isinstance(made, exp.Create) and made.args.get("kind") in _MACROS

    @property
    def has_open_types(self) -> bool:
        """Whether only the run can tell the type of a function."""
        assert self._tree is not None
        calls = self._tree.find_all(exp.Anonymous)
        return any(c.meta.get("sqlml_type") == "" and not _is_of_a_class(c) for c in calls)

    def sql(self, to_dialect: str) -> str:
        """The statement for the database."""
        assert self._tree is not None
        return self._prefix + written(self._tree.this, self._dialect, to_dialect)

    def rehearsed(self, to_dialect: str) -> str:
        """The statement with values of the functions' types in their place: none need be there.

        The functions' names stay in it, for whoever looks for them in a view.
        """
        assert self._tree is not None
        rehearsed = _rehearsed(self._tree.copy()).this
        return self._prefix + written(rehearsed, self._dialect, to_dialect)


def _rehearsed(tree: exp.Expr) -> exp.Expr:
    for node in list(tree.find_all(exp.Anonymous)):
        if "sqlml_type" in node.meta:
            _stand_in(node)
    return tree


def _stand_in(node: exp.Anonymous) -> None:
    """Put in place of a call a value of its type that looks at the same columns."""
    kind = node.meta["sqlml_type"]
    part = node.parent
    of_a_class = False
    if isinstance(part, exp.Dot | exp.Bracket) and part.this is node:
        of_a_class = not kind or "sqlml_class" in part.meta
    replaced = part if of_a_class and part is not None else node
    kind = "DOUBLE" if of_a_class else kind
    name = exp.Literal.string(f'"{node.this.name}"')
    looked_at = [exp.Is(this=one, expression=exp.null()) for one in (*node.expressions, name)]
    value = exp.cast(exp.null(), kind, dialect="duckdb") if kind else exp.null()
    replaced.replace(
        exp.Paren(this=exp.Case(ifs=[exp.If(this=exp.or_(*looked_at, copy=False), true=value)]))
    )


def _is_of_a_class(node: exp.Anonymous) -> bool:
    """Whether one probability is taken: a number, whatever classes there are."""
    part = node.parent
    is_part = isinstance(part, exp.Dot | exp.Bracket) and part.this is node
    return is_part and node.this.name.startswith("sqlml_predict_proba:")


def _name_result(node: exp.Expr, dialect: str) -> None:
    """Give a column without a name that of the function, or the text of its expression."""
    column = node
    while not isinstance(column.parent, exp.Select | None):
        column = column.parent
    if column.parent is None or column.arg_key != "expressions" or isinstance(column, exp.Alias):
        return
    name = _name(node) if column is node else written(column, dialect, dialect, "lower")
    named = exp.Alias(alias=exp.to_identifier(name, quoted=True))
    column.replace(named)
    named.set("this", column)


def _call(node: exp.Anonymous, offset: int, dialect: str) -> ModelCall:
    model, *arguments = node.expressions or [exp.null()]
    kind = _KINDS[_name(node)]
    class_name = None
    if kind == "predict_proba" and len(arguments) > 1 and _is_text(arguments[0]):
        class_name = arguments[0].name
    row = _row(node, arguments[1 if class_name is not None else 0 :])
    place = _place(node, offset)
    return ModelCall(
        kind,
        place,
        model.name if _is_text(model) else None,
        _place(model, offset) if _is_text(model) else place,
        row,
        class_name,
        node,
        dialect,
    )


def _place(node: exp.Expr, offset: int) -> tuple[int, int]:
    return offset + node.meta["start"], offset + node.meta["end"] + 1


def _row(node: exp.Expr, arguments: Sequence[exp.Expr]) -> str | None:
    """The table or alias that the only argument names, `*` for all of them."""
    if len(arguments) != 1:
        return None
    match arguments[0]:
        case exp.Star():
            return "*"
        case exp.Column() as column if isinstance(column.this, exp.Star):
            return column.table
        case exp.Column() as column if not column.table and _sources_around(node, column.name):
            return column.name
    return None


def _sources_around(node: exp.Expr, row: str) -> Mapping[str, Any] | None:
    """The parts of the nearest FROM clause around `node` that has the table or alias."""
    around = node.parent
    while around is not None:
        if isinstance(around, exp.Select):
            parts = {name: around.args.get(name) for name in _PARTS}
        elif isinstance(around, exp.Update | exp.Delete | exp.Insert | exp.Merge):
            found = next((one for one in _targets(around) if _is_called(one, row)), None)
            parts = {"from_": found and exp.From(this=found.copy())}
        else:
            parts = {}
        if parts.get("from_") and any(_is_called(one, row) for one in _sources(parts)):
            return parts
        around = around.parent
    return None


def _targets(statement: exp.Expr) -> Iterator[exp.Expr]:
    """The tables that a statement which changes one names."""
    for part in (statement.this, statement.args.get("using"), statement.args.get("from_")):
        for one in part if isinstance(part, list) else [part]:
            if one is not None:
                yield one.this if isinstance(one, exp.From | exp.Schema) else one


def _sources(parts: Mapping[str, Any]) -> Iterator[exp.Expr]:
    yield parts["from_"].this
    for join in parts.get("joins") or ():
        yield join.this
    yield from parts.get("laterals") or ()
    for nested in parts["from_"].this.args.get("joins") or ():
        yield nested.this


def _is_called(source: exp.Expr, row: str) -> bool:
    return row == "*" or source.alias_or_name.casefold() == row.casefold()


def _ctes_around(node: exp.Expr) -> Iterator[exp.Expr]:
    """The common table expressions that can be seen where `node` stands, outer ones first."""
    found: list[exp.Expr] = []
    below, around = node, node.parent
    while around is not None:
        with_ = around.args.get("with_")
        if isinstance(with_, exp.With) and below is not with_:
            found = [*with_.expressions, *found]
        elif isinstance(around, exp.With):
            before = around.expressions.index(below)
            found = [*around.expressions[:before], *found]
        below, around = around, around.parent
    return (cte.copy() for cte in found)


def _order(node: exp.Expr) -> tuple[int, int, int]:
    """Calls in inner queries before those in outer ones, arguments before what they go into."""
    queries, calls = 0, 0
    around = node.parent
    while around is not None:
        queries += isinstance(around, exp.Query)
        calls += isinstance(around, exp.Anonymous) and _name(around) in _KINDS
        around = around.parent
    return -queries, -calls, node.meta.get("start", 0)


def _name(node: exp.Expr) -> str:
    return str(node.name).lower()


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)
