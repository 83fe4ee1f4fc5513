"""Where in a statement the thing stands that an error of its step is about."""

import re
from collections.abc import Iterator, Sequence

from sqlml.grammar import ast
from sqlml.planner.attributes import is_meant
from sqlml.planner.tables import table_name
from sqlml.source import Span

_AS = re.compile(r"\bas\s+\Z", re.IGNORECASE)


def locate(statement: ast.Statement, about: str) -> Span:
    """The place in the program of `label`, `query`, `into`, `into TABLE`, `using`, `model`,
    `validation.select`, `attribute NAME`, `constraint NUMBER` (from 1), `column NAME` or `name
    NAME` (anything that the query names).

    What the statement does not have, or nobody knows, stands where the statement says what it does.
    """
    word, _, name = about.partition(" ")
    match word:
        case "label":
            found = _cover(getattr(statement, "labels", ()))
        case "query":
            found = _query(statement)
        case "into":
            found = _into(statement, name)
        case "using":
            found = _span(getattr(statement, "using", None))
        case "validation.select":
            found = _attribute(statement, "validation.select")
        case "attribute":
            found = _attribute(statement, name)
        case "constraint":
            found = _constraint(statement, int(name))
        case "column":
            found = _column(statement, name) or _query(statement)
        case "name":
            found = next(places(name, _query(statement)), None) or _query(statement)
        case _:
            found = None
    return found or _subject(statement)


def _subject(statement: ast.Statement) -> Span:
    """The model or program that the statement is about, else all of it."""
    match statement:
        case ast.Predict():
            return statement.using.span
        case ast.Run():
            return statement.image.span
        case ast.Solve():
            return statement.objective.span
        case ast.CreateJob() | ast.DropJob():
            return statement.name.span
        case ast.Plain() | ast.ShowModels() | ast.ShowJobs():
            return statement.span
        case _:
            return statement.model.span


def _query(statement: ast.Statement) -> Span:
    query = getattr(statement, "query", None)
    return statement.span if query is None else query.span


def _into(statement: ast.Statement, name: str) -> Span | None:
    """Where a table stands behind INTO; all of them where none is named."""
    into = getattr(statement, "into", None)
    if not isinstance(into, tuple):
        return _span(into)
    named = (written.span for written in into if table_name(written.parts) == name)
    return next(named, None) or _cover(into)


def _attribute(statement: ast.Statement, name: str) -> Span | None:
    attributes: Sequence[ast.Attribute] = getattr(statement, "attributes", ())
    found = next((a for a in attributes if is_meant(a.name.text, name)), None)
    return None if found is None else found.span


def _constraint(statement: ast.Statement, number: int) -> Span | None:
    constraints: Sequence[ast.Constraint] = getattr(statement, "constraints", ())
    return constraints[number - 1].span if number <= len(constraints) else None


def _column(statement: ast.Statement, name: str) -> Span | None:
    """Where COLUMN, LABEL or the query first name a column."""
    clauses: Sequence[ast.ColumnClause] = getattr(statement, "columns", ())
    items = (item for clause in clauses for item in clause.items)
    for node in (*_names(items), *getattr(statement, "labels", ())):
        if node.text.casefold() == name.casefold():
            return node.span  # type: ignore[no-any-return]
    return place_of_column(name, _query(statement))


def place_of_column(name: str, query: Span) -> Span | None:
    """Where a query gives a column its name, with AS, or else first writes it."""
    found = tuple(places(name, query))
    named = (place for place in found if _AS.search(query.source.text, query.start, place.start))
    return next(named, found[0] if found else None)


def places(name: str, query: Span) -> Iterator[Span]:
    """Where a query writes a name, quoted or not."""
    written = rf'(?<![\w"]){re.escape(name)}(?![\w"])|"{re.escape(name)}"'
    for found in re.finditer(written, query.text, re.IGNORECASE):
        yield Span(query.source, query.start + found.start(), query.start + found.end())


def _names(items: "Iterator[ast.ColumnItem]") -> Iterator[ast.Name]:
    for item in items:
        match item:
            case ast.Name():
                yield item
            case ast.Call():
                yield from _names(iter(item.arguments))
            case ast.List_():
                yield from _names(iter(item.items))
            case ast.Star() | ast.Literal_() | ast.Word():
                pass


def _cover(nodes: Sequence[ast.Syntax]) -> Span | None:
    if not nodes:
        return None
    first, last = nodes[0].span, nodes[-1].span
    return Span(first.source, first.start, last.end)


def _span(node: ast.Syntax | None) -> Span | None:
    return None if node is None else node.span
