"""COLUMN: which columns become features, and how."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlml.databases.database import Column
from sqlml.errors import Diagnostic, did_you_mean
from sqlml.grammar import ast
from sqlml.planner.inputs import check_sequence, items_by_target
from sqlml.planner.locate import place_of_column, places
from sqlml.planner.older_names import instead_of_function
from sqlml.planner.patterns import matching
from sqlml.planner.schema import Schema, is_null
from sqlml.planner.scope import Scope
from sqlml.planner.values import NotAValue, value_of
from sqlml.quoting import as_written
from sqlml.source import Span
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.features import FEATURES
from sqlml.zoo.features.contract import ColumnReference, Feature
from sqlml.zoo.features.defaults import default_feature
from sqlml.zoo.model import ModelType


@dataclass(frozen=True, slots=True)
class Columns:
    """What COLUMN can choose from. roles: what columns that are no features are, by folded name."""

    schema: Schema
    roles: Mapping[str, str]
    query: Span


def resolve_features(
    scope: Scope, clauses: Sequence[ast.ColumnClause], columns: Columns, model: ModelType
) -> Mapping[str, tuple[Feature, ...]]:
    """The features by target. What is wrong with them is told to the scope.

    Without a clause, every column that has no role is a feature.
    """
    given = items_by_target(scope, clauses, model)
    features: dict[str, tuple[Feature, ...]] = {}
    before = len(scope.faults)
    for target, items in given.items():
        found: dict[Feature, None] = {}
        for item in items or (ast.Star(span=columns.query),):
            try:
                found.update(dict.fromkeys(_suitable(item, columns, model)))
            except _Fault as fault:
                scope.faults.extend(fault.diagnostics)
        features[target] = tuple(found)
    if not any(features.values()) and len(scope.faults) == before and not columns.schema.is_wrong:
        scope.fault(
            "E0219",
            "no column is left to learn from",
            columns.query,
            hint=f"the query gives the {_together(columns.roles)} alone: select more columns",
        )
    if model.sequential and len(scope.faults) == before:
        check_sequence(scope, features, model, clauses[0].span if clauses else columns.query)
    return features


def needed_columns(features: Mapping[str, tuple[Feature, ...]]) -> tuple[Column, ...]:
    """The columns of the query that features read, each once."""
    found = {
        reference.name: Column(reference.name, reference.type)
        for several in features.values()
        for feature in several
        for reference in feature.references
    }
    return tuple(found.values())


class _Fault(Exception):  # noqa: N818 (caught here, where it is told to the scope)
    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics = diagnostics


def _fault(code: str, message: str, span: Span, hint: str = "", label: str = "") -> _Fault:
    return _Fault(Diagnostic(code, message, span, label, hint))


def _suitable(item: ast.ColumnItem, columns: Columns, model: ModelType) -> Iterator[Feature]:
    for feature in _resolve(item, columns):
        try:
            feature.refuse(model)
        except AttributeProblem as problem:
            raise _fault("E0216", problem.message, item.span, problem.hint) from problem
        yield feature


def _resolve(item: ast.ColumnItem, columns: Columns) -> Iterator[Feature]:
    match item:
        case ast.Star():
            yield from _all(item, columns)
        case ast.Name():
            for column in _named(item.text, item, columns, pattern=item.quoted):
                yield _default(column, item.span)
        case ast.Literal_(value=str(text)):
            for column in _named(text, item, columns, pattern=True):
                yield _default(column, item.span)
        case ast.Call():
            yield from _called(item, columns)
        case ast.Literal_() | ast.List_() | ast.Word():
            raise _fault("E0216", f"`{item.span.text}` is no column", item.span)


def _all(star: ast.Star, columns: Columns) -> Iterator[Feature]:
    schema = columns.schema
    if schema.is_wrong:
        return
    if not schema.is_complete:
        raise _fault(
            "E0220",
            "which columns this query gives is only known when it runs",
            star.span,
            "list the features: `COLUMN a, b, …`",
        )
    faults: list[Diagnostic] = []
    told: set[str] = set()
    for column in schema.columns:
        name = column.name.casefold()
        if name in columns.roles or name in told:
            continue
        try:
            if schema.is_ambiguous(name):
                _refuse_ambiguous(column, _second(name, columns.query), columns)
            feature = default_feature(column.name, column.type)
            if feature is None:
                raise _no_feature(column, _mention(column.name, columns.query, star.span))
            yield feature
        except _Fault as fault:
            told.add(name)
            faults.extend(fault.diagnostics)
    if faults:
        raise _Fault(*faults)


def _default(column: Column, span: Span) -> Feature:
    feature = default_feature(column.name, column.type)
    if feature is None:
        raise _no_feature(column, span)
    return feature


def _no_feature(column: Column, span: Span) -> _Fault:
    if is_null(column.type):
        message = f"column `{column.name}` is NULL in every row"
        return _fault("E0312", message, span, "leave it out")
    message = f"column `{column.name}` is of type {column.type}, which cannot be a feature as it is"
    return _fault("E0312", message, span, _way_out(column))


def _mention(name: str, query: Span, otherwise: Span) -> Span:
    """Where a query names a column that no other place in the statement names."""
    return (otherwise.start == query.start and place_of_column(name, query)) or otherwise


def _way_out(column: Column) -> str:
    """What to write in the query, or in COLUMN, about a column that can be no feature."""
    name, kind = as_written(column.name), column.type
    drop = f"leave it out with `SELECT * EXCLUDE ({name})`"
    if kind.endswith("]"):
        return f"make text or numbers of it in the query, such as `len({name})`, or {drop}"
    match re.split(r"[ (]", kind, maxsplit=1)[0]:
        case "STRUCT":
            return f"select its fields: `{name}.field AS field`, or {drop}"
        case "MAP":
            return f"select its entries: `{name}['key'] AS key`, or {drop}"
        case "INTERVAL":
            return f"select `epoch({name}) AS {name}`, or {drop}"
        case "BLOB" | "BIT":
            return drop
        case _:
            return f"cast it in the query: `{name}::VARCHAR AS {name}`, or {drop}"


def _named(
    text: str, item: ast.ColumnItem, columns: Columns, *, pattern: bool
) -> tuple[Column, ...]:
    """The column of that name, or those that match it as a pattern."""
    schema = columns.schema
    found = schema.known(text) or schema.known(text.rpartition(".")[2])
    if found is not None:
        _refuse_ambiguous(found, item.span, columns)
        role = columns.roles.get(found.name.casefold())
        if role is not None:
            raise _fault(
                "E0218",
                f"`{found.name}` is the {role}, and cannot be a feature too",
                item.span,
                "leave it out of COLUMN",
            )
        return (found,)
    matching = _matching(text, item, columns) if pattern else ()
    if not matching and (open_column := schema.find(text)) is not None:
        return (open_column,)
    if not matching:
        what = "no column matches" if _is_pattern(text) else "the query has no column"
        raise _fault("E0311", f"{what} `{text}`", item.span, schema.did_you_mean(text))
    return matching


def _matching(text: str, item: ast.ColumnItem, columns: Columns) -> tuple[Column, ...]:
    known = [c for c in columns.schema.columns if c.name.casefold() not in columns.roles]
    try:
        meant = matching(text, [column.name for column in known])
    except ValueError as error:
        if not _is_pattern(text):
            return ()
        message = f"`{text}` is no column and no pattern: {error}"
        raise _fault("E0311", message, item.span) from error
    found = [column for column, is_meant in zip(known, meant, strict=True) if is_meant]
    for column in found:
        _refuse_ambiguous(column, item.span, columns)
    return tuple(found)


def _is_pattern(text: str) -> bool:
    return re.search(r"[\[\]*+?|^$\\{}()]", text) is not None


def _called(call: ast.Call, columns: Columns) -> Iterator[Feature]:
    """The features that a function gives: one, or one per column that a pattern matches."""
    if call.function not in FEATURES:
        hint = instead_of_function(call.function) or did_you_mean(call.function, FEATURES)
        other = "COLUMN has functions of its own: compute others in the query, and name the result"
        message = f"there is no COLUMN function `{call.function}`"
        raise _fault("E0215", message, _function_name(call), hint or other)
    function = FEATURES.load(call.function)
    first, rest = _first(call, columns), _rest(call)
    for argument in first:
        try:
            yield function.parse([*argument, *rest])
        except AttributeProblem as problem:
            hint = problem.hint or f"write `{function.usage}`"
            raise _fault("E0216", problem.message, _argument(call, problem), hint) from problem


def _argument(call: ast.Call, problem: AttributeProblem) -> Span:
    place = problem.argument
    known = place is not None and place < len(call.arguments)
    return call.arguments[place].span if known else call.span  # type: ignore[index]


def _function_name(call: ast.Call) -> Span:
    return Span(call.span.source, call.span.start, call.span.start + len(call.function))


def _first(call: ast.Call, columns: Columns) -> list[tuple[Any, ...]]:
    """The values of the first argument, each as a tuple of one; of nothing where there is none."""
    if not call.arguments:
        return [()]
    match call.arguments[0]:
        case ast.List_() as several:
            return [(tuple(v for item in several.items for v in _inputs(item, columns)),)]
        case argument:
            return [(value,) for value in _inputs(argument, columns)]


def _inputs(item: ast.ColumnItem, columns: Columns) -> Iterator[Any]:
    match item:
        case ast.Name():
            yield from _references(_named(item.text, item, columns, pattern=item.quoted))
        case ast.Literal_(value=str(text)):
            yield from _references(_named(text, item, columns, pattern=True))
        case ast.Call():
            yield from _called(item, columns)
        case ast.List_():
            yield tuple(value for inner in item.items for value in _inputs(inner, columns))
        case ast.Literal_():
            yield item.value
        case ast.Star() | ast.Word():
            raise _fault("E0216", f"`{item.span.text}` is no column", item.span)


def _rest(call: ast.Call) -> list[Any]:
    try:
        return [value_of(argument) for argument in call.arguments[1:]]
    except NotAValue as problem:
        raise _fault("E0216", problem.message, problem.span) from problem


def _references(columns: Iterable[Column]) -> Iterator[ColumnReference]:
    return (ColumnReference(column.name, column.type) for column in columns)


def _refuse_ambiguous(column: Column, span: Span, columns: Columns) -> None:
    if columns.schema.is_ambiguous(column.name):
        raise _fault(
            "E0304",
            f"the query gives several columns `{column.name}`",
            span,
            "give each a name of its own with AS, or select it once",
        )


def _second(name: str, query: Span) -> Span:
    """Where a query's select list writes a name for the second time, else all of the query."""
    listed = re.split(r"\bfrom\b", query.text, maxsplit=1, flags=re.IGNORECASE)[0]
    head = Span(query.source, query.start, query.start + len(listed))
    return next(islice(places(name, head), 1, None), query)


def _together(roles: Mapping[str, str]) -> str:
    names = list(dict.fromkeys(roles.values())) or ["label"]
    return " and the ".join(names)
