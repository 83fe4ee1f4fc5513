"""TO RUN, TO MAXIMIZE and TO MINIMIZE: checked as far as they can be, and then refused."""

import re

from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, Vocabulary, read_attributes
from sqlml.planner.reading import read
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.source import Span
from sqlml.zoo.attributes import Attribute, Dictionary

_DOMAINS = ("Integers", "Reals")
_SIGNS = ("", "Positive", "Negative", "NonNegative", "NonPositive")
_SOLVER = Dictionary(
    (
        Attribute("variables", ("text",), doc='What is chosen: `"x(column)"` or `"column"`.'),
        Attribute(
            "var_type",
            choices=("Binary", *(sign + domain for sign in _SIGNS for domain in _DOMAINS)),
            default="NonNegativeReals",
            doc="What values it may have.",
        ),
    )
)
_VARIABLES = re.compile(r"\s*(?:(\w+)\s*\(([^()]*)\)|(\w+))\s*")


def refuse_run(scope: Scope, statement: ast.Run) -> None:
    """Check TO RUN's query, and tell that this version does not run it."""
    read(scope, statement.query.sql, statement.query.span)
    scope.fault(
        "E0213",
        "TO RUN is not run by this version",
        _verb(statement, "RUN"),
        hint="run the program by hand, before or after",
    )
    for name in statement.into:
        scope.spoil(name.text)


def refuse_solve(scope: Scope, statement: ast.Solve) -> None:
    """Check the query, variables and columns of an optimization, and tell that it is not run."""
    rows = read(scope, statement.query.sql, statement.query.span)
    verb = statement.direction.upper()
    written = [a for a in statement.attributes if not a.name.text.startswith("solver.")]
    vocabulary = Vocabulary(f"TO {verb}", {"solver": _SOLVER}, ("solver",))
    attributes = read_attributes(scope, written, vocabulary)
    _check_variables(scope, attributes, rows.schema, _verb(statement, verb))
    for constraint in statement.constraints:
        name = constraint.group_by
        if name is not None and rows.schema.find(name.text) is None:
            hint = rows.schema.did_you_mean(name.text)
            scope.fault("E0315", f"the query has no column `{name.text}`", name.span, hint=hint)
    scope.fault(
        "E0214",
        f"TO {verb} is not run by this version",
        _verb(statement, verb),
        hint="solving comes in a later version",
    )
    if statement.into is not None:
        scope.spoil(statement.into.text)


def _check_variables(scope: Scope, attributes: Attributes, schema: Schema, verb: Span) -> None:
    given = attributes.find("solver", "variables")
    if given is None:
        hint = 'add `WITH variables = "x(column)"`'
        scope.fault("E0208", "nothing says what is to be chosen", verb, hint=hint)
        return
    found = _VARIABLES.fullmatch(str(given.value))
    if found is None:
        message = f"`variables` cannot be `{given.value}`"
        hint = 'write "x(column)", "x(a, b)" or "column"'
        scope.fault("E0205", message, given.written.value.span, hint=hint)
        return
    for name in (found[3] or found[2]).split(","):
        if schema.find(name.strip()) is None:
            message = f"the query has no column `{name.strip()}` for `variables`"
            hint = schema.did_you_mean(name.strip())
            scope.fault("E0315", message, given.written.value.span, hint=hint)


def _verb(statement: ast.Run | ast.Solve, verb: str) -> Span:
    """Where `TO VERB` stands, behind the query."""
    source, start = statement.query.span.source, statement.query.span.end
    found = re.compile(rf"\bto\s+{verb}\b", re.I).search(source.text, start, statement.span.end)
    return statement.span if found is None else Span(source, *found.span())
