"""TO MAXIMIZE and TO MINIMIZE: the variables, the formulas, the solver, and the table it makes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from sqlml.databases.database import Column
from sqlml.errors import did_you_mean
from sqlml.grammar import ast
from sqlml.planner.attributes import Attributes, read_attributes, vocabulary
from sqlml.planner.formulas import FormulaReader, NotAFormula, Term
from sqlml.planner.plan import Read, Solve
from sqlml.planner.reading import read
from sqlml.planner.schema import Schema
from sqlml.planner.scope import Scope
from sqlml.planner.tables import table_name
from sqlml.planner.targets import has_two_of_a_name, refuse_overwriting
from sqlml.quoting import parts
from sqlml.source import Span
from sqlml.zoo.solving import SOLVERS, UNUSABLE
from sqlml.zoo.solving.domain import DEFAULT, DOMAINS, Domain
from sqlml.zoo.solving.formula import RELATIONS, Number, Relation, Restriction

_NAME = r'\w+|"(?:[^"]|"")+"'
_VARIABLES = re.compile(rf'\s*(?:({_NAME})\s*\(((?:"[^"]*"|[^()"])*)\)|({_NAME}))\s*')
_KEY = re.compile(r'(?:^|,)((?:"[^"]*"|[^,"])*)')
_DEFAULT_SOLVER = "highs"


@dataclass(frozen=True, slots=True)
class Variables:
    """What is chosen, one for each row. name: in formulas. keys: columns that tell rows apart."""

    name: str
    keys: tuple[Column, ...]

    @property
    def column(self) -> str:
        """The name of the solution in the result, where the keys stand, too."""
        taken = {key.name.casefold() for key in self.keys}
        return f"{self.name}_value" if self.name.casefold() in taken else self.name


def plan_solve(scope: Scope, statement: ast.Solve) -> Solve | None:
    """What TO MAXIMIZE or TO MINIMIZE does; None where that is not known, which has been told."""
    rows = read(scope, statement.query.sql, statement.query.span)
    attributes = read_attributes(scope, statement.attributes, vocabulary(statement.direction))
    into = None if statement.into is None else table_name(statement.into.parts)
    solver = _solver_name(scope, statement)
    variables = _variables(scope, attributes, rows.schema, statement.objective.span)
    if variables is None:
        if into is not None:
            scope.spoil(into)
        return None
    domain = str(attributes.value("solver", "var_type") or DEFAULT)
    _note_open_bound(scope, attributes, domain)
    reader = _Reader(scope, FormulaReader(rows.schema, variables.name))
    objective = reader.objective(statement.objective)
    restrictions = tuple(reader.restrictions(statement.constraints))
    if solver is not None and objective is not None and objective.degree > 1:
        _check_squares(scope, solver, domain, objective.span)
    if into is not None:
        _create(scope, statement, rows, variables, DOMAINS[domain])
    settings = attributes.values("solver")
    for name in ("variables", "var_type"):
        settings.pop(name, None)
    return Solve(
        statement,
        rows,
        Number(0) if objective is None else objective.formula,
        restrictions,
        variables.name,
        tuple(key.name for key in variables.keys),
        variables.column,
        domain,
        solver or _DEFAULT_SOLVER,
        settings,
        into,
    )


# --- variables ----------------------------------------------------------------------------


def _variables(
    scope: Scope, attributes: Attributes, schema: Schema, objective: Span
) -> Variables | None:
    given = attributes.find("solver", "variables")
    if given is None:
        hint = 'add `WITH variables = "x(column)"`'
        scope.fault("E0208", "nothing says what is to be chosen", objective, hint=hint)
        return None
    span = given.written.value.span
    written = _VARIABLES.fullmatch(str(given.value))
    if written is None:
        message = f"`variables` cannot be `{given.value}`"
        scope.fault("E0205", message, span, hint='write "x(column)", "x(a, b)" or "column"')
        return None
    keys = []
    for name in map(_plain, _KEY.findall(written[3] or written[2])):
        key = schema.find(name)
        if key is None:
            message = f"the query has no column `{name}` for `variables`"
            scope.fault("E0315", message, span, hint=schema.did_you_mean(name))
        else:
            keys.append(key)
    variables = Variables(_plain(written[3] or written[1]), tuple(keys))
    _check_name(scope, variables, schema, span)
    return variables


def _plain(name: str) -> str:
    """A name without its quotes."""
    return ".".join(parts(name.strip()))


def _check_name(scope: Scope, variables: Variables, schema: Schema, span: Span) -> None:
    """A name that could mean a column as well as the variable would mean the wrong one to some."""
    column = schema.known(variables.name)
    if column is not None and column not in variables.keys:
        scope.fault(
            "E0258",
            f"`{variables.name}` is the variable, and a column of the query",
            span,
            hint="give the variable another name, or leave the column out of the query",
        )


def _note_open_bound(scope: Scope, attributes: Attributes, domain: str) -> None:
    given = attributes.find("solver", "var_type")
    if given is not None and domain in ("PositiveReals", "NegativeReals"):
        message = "0 itself is allowed: a solver cannot keep real numbers just above or below it"
        scope.note(message, given.span)


# --- formulas -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads an objective and constraints; tells the scope what is wrong with them."""

    scope: Scope
    formulas: FormulaReader

    def objective(self, expression: ast.Expression) -> Term | None:
        try:
            term = self.formulas.read(expression)
            self._check_objective(term)
        except NotAFormula as problem:
            self.scope.faults.append(problem.diagnostic)
            return None
        return term

    def restrictions(self, constraints: tuple[ast.Constraint, ...]) -> Iterator[Restriction]:
        for constraint in constraints:
            try:
                yield self._restriction(constraint)
            except NotAFormula as problem:
                self.scope.faults.append(problem.diagnostic)

    def _check_objective(self, term: Term) -> None:
        if isinstance(term.formula, Number):  # any values that satisfy the constraints will do
            return
        if not term.is_aggregate:
            message = "the objective has a value in each row, where it needs a single one"
            hint = "write `SUM(…)` around it"
            raise NotAFormula("E0254", message, term.span, hint)
        self._check_bare(term)
        if not term.degree:
            raise self._nothing_chosen("the objective", term.span)

    def _restriction(self, constraint: ast.Constraint) -> Restriction:
        sides, relations = _compared(constraint)
        terms = [self.formulas.read(side) for side in sides]
        for term in terms:
            if term.degree > 1:
                message = f"a constraint cannot have the square of `{self.formulas.variable}`"
                hint = "squares may stand in the objective"
                raise NotAFormula("E0250", message, term.span, hint)
        if not any(term.degree for term in terms):
            raise self._nothing_chosen("this constraint", constraint.expression.span)
        if any(term.is_aggregate for term in terms):
            for term in terms:
                self._check_bare(term)
        elif constraint.group_by is not None:
            message = "GROUP BY needs an aggregate: without one, a constraint holds for each row"
            hint = f"write `SUM(…)`, or leave GROUP BY {constraint.group_by.text} out"
            raise NotAFormula("E0254", message, constraint.group_by.span, hint)
        return Restriction(
            tuple(term.formula for term in terms), relations, self._group(constraint.group_by)
        )

    def _check_bare(self, term: Term) -> None:
        """Beside an aggregate, which is over many rows, nobody knows which row's it would be."""
        if term.bare is not None:
            message = f"`{self.formulas.variable}` has a value in each row, and is beside a sum"
            hint = f"aggregate it: `SUM({self.formulas.variable})`"
            raise NotAFormula("E0254", message, term.bare, hint)

    def _nothing_chosen(self, what: str, span: Span) -> NotAFormula:
        hint = f"the variable is `{self.formulas.variable}`"
        return NotAFormula("E0257", f"{what} has no variable in it", span, hint)

    def _group(self, name: ast.Name | None) -> str | None:
        if name is None:
            return None
        column = self.formulas.schema.find(name.text)
        if column is None:
            message = f"the query has no column `{name.text}`"
            hint = self.formulas.schema.did_you_mean(name.text)
            raise NotAFormula("E0315", message, name.span, hint)
        return column.name


def _compared(
    constraint: ast.Constraint,
) -> tuple[tuple[ast.Expression, ...], tuple[Relation, ...]]:
    """The sides of a constraint, and what compares each with the next."""
    sides: tuple[ast.Expression, ...]
    operators: tuple[str, ...]
    match constraint.expression:
        case ast.Binary(operator=operator, left=left, right=right):
            sides, operators = (left, right), (operator,)
        case ast.Chain(operands=sides, operators=operators):
            pass
        case _:
            sides, operators = (), ("",)
    for operator in operators:
        if operator not in RELATIONS:
            message = _NO_RELATIONS.get(operator, "a constraint compares one thing with another")
            hint = "write `<=`, `>=` or `=`"
            raise NotAFormula("E0253", message, constraint.expression.span, hint)
    return sides, cast(tuple[Relation, ...], operators)


_STRICT = "a solver cannot tell `{0}` from `{0}=`"
_NO_RELATIONS = {
    "<": _STRICT.format("<"),
    ">": _STRICT.format(">"),
    "<>": "a solver cannot keep values apart",
}


# --- solver and result --------------------------------------------------------------------


def _solver_name(scope: Scope, statement: ast.Solve) -> str | None:
    """The solver to use; None where there is none, which has been told."""
    written = statement.using
    name = _DEFAULT_SOLVER if written is None else written.text.casefold()
    span = statement.objective.span if written is None else written.span
    if name in UNUSABLE:
        hint = f"leave USING out, or `USING scip`, which solves the same problems; {_installed()}"
        scope.fault("E0255", f"solver `{name}` cannot be used: {UNUSABLE[name]}", span, hint=hint)
        return None
    if name not in SOLVERS:
        known = ", ".join(f"`{each}`" for each in SOLVERS)
        hint = did_you_mean(name, SOLVERS) or f"leave USING out, or name one of {known}"
        scope.fault("E0255", f"there is no solver `{name}`", span, hint=f"{hint}; {_installed()}")
        return None
    solver = SOLVERS.load(name)
    if not solver.is_installed:
        hint = f"{solver.install}; {_installed()}"
        scope.fault("E0256", f"solver `{name}` is not installed", span, hint=hint)
        return None
    return name


def _installed() -> str:
    names = [f"`{name}`" for name in SOLVERS if SOLVERS.load(name).is_installed]
    return f"installed: {', '.join(names) or 'none'}"


def _check_squares(scope: Scope, name: str, domain: str, span: Span) -> None:
    abilities = SOLVERS.load(name).abilities
    if not abilities.quadratic:
        scope.fault(
            "E0259",
            f"solver `{name}` takes no squares in the objective",
            span,
            hint="`USING highs` does, where the values are real numbers",
        )
    elif DOMAINS[domain].whole and not abilities.quadratic_whole:
        scope.fault(
            "E0259",
            f"solver `{name}` takes squares of real numbers only",
            span,
            hint=f"the variables are {domain}: try `var_type = Reals`",
        )


def _create(
    scope: Scope, statement: ast.Solve, rows: Read, variables: Variables, domain: Domain
) -> None:
    assert statement.into is not None
    into = table_name(statement.into.parts)
    if rows.schema.is_wrong:
        scope.spoil(into)
        return
    refuse_overwriting(scope, statement.into, into, rows.sources, "the solution")
    solution = Column(variables.column, "BIGINT" if domain.whole else "DOUBLE")
    columns = (*variables.keys, solution)
    if not has_two_of_a_name(scope, statement.into, columns):
        scope.create(into, columns, statement.into.span)
