"""MAXIMIZE and MINIMIZE in a plain script: HiGHS, by its own modeller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isinf

from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Node, Solve
from sqlml.workflow.serial import thaw
from sqlml.zoo.solving.domain import DOMAINS, Domain
from sqlml.zoo.solving.formula import (
    Aggregate,
    Arithmetic,
    Column,
    Formula,
    Number,
    Restriction,
    Variable,
    aggregates,
    columns_of,
    from_json,
    restriction_from_json,
)

_SETTINGS = {"threads"}
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}


def write(program: Program, node: Node, solve: Solve) -> Iterator[str]:
    goal = from_json(thaw(solve.objective))
    limits = [restriction_from_json(thaw(told)) for told in solve.constraints]
    formulas = [goal, *(side for one in limits for side in one.sides)]
    _check(program, node, solve, formulas)
    if _is_loose(goal) or any(map(_is_mixed, limits)):
        program.refuse(node, "a variable stands beside an aggregate, not within it")
    if program.is_refused(node):
        return
    columns = dict.fromkeys(name for formula in formulas for name in columns_of(formula))
    terms = _Terms(program.name(solve.variable), {one: program.name(one) for one in columns})
    yield f"rows = fetch({program.rows(node)})"
    for column, name in terms.columns.items():
        yield f"{name} = {call('number', 'rows', literal(column))}"
    yield "highs = highspy.Highs()"
    yield "highs.silent()"
    yield f"{terms.variable} = {_variables(DOMAINS[solve.domain])}"
    for one in limits:
        yield from _constraint(one, terms)
    yield f"highs.{solve.direction}({replace(terms, is_one=True).written(goal)})"
    is_whole = literal(DOMAINS[solve.domain].whole)
    values = call("solution", "highs", terms.variable, is_whole)
    keys = f"rows.select({literal([*solve.keys])})"
    yield f"table = {keys}.append_column({literal(solve.column)}, {values})"
    yield f"keep(table, {literal(solve.into or '')})"


@dataclass(frozen=True, slots=True)
class _Terms:
    """What formulas are made of: variables of the script. group: which rows they are of."""

    variable: str
    columns: dict[str, str]
    group: str = ""
    is_one: bool = False  # of a group, columns outside of an aggregate are one number

    def written(self, formula: Formula, strength: int = 0) -> str:
        match formula:
            case Number(value):
                return literal(value)
            case Column(name):
                rows = f"[{self.group}]" if self.group else ""
                return f"{self.columns[name]}{rows}" + ("[0]" if self.is_one else "")
            case Variable():
                return f"{self.variable}[{self.group}]" if self.group else self.variable
            case Aggregate(function, operand):
                inner = replace(self, is_one=False).written(operand, 4)
                return f"{inner}.{'sum' if function == 'SUM' else 'mean'}()"
            case Arithmetic(operator, left, right):
                own = _STRENGTH[operator]
                text = f"{self.written(left, own)} {operator} {self.written(right, own + 1)}"
                return f"({text})" if own < strength else text


def _check(program: Program, node: Node, solve: Solve, formulas: Sequence[Formula]) -> None:
    if solve.solver != "highs":
        program.refuse(node, f"its solver is `{solve.solver}`")
    for name in sorted({*solve.settings} - _SETTINGS):
        program.refuse(node, f"it has the attribute `solver.{name}`")
    for formula in formulas:
        for part in _parts(formula):
            if isinstance(part, Aggregate) and part.function != "SUM":
                program.refuse(node, f"it has no words for `{part.function}`")
            if isinstance(part, Arithmetic) and _is_square(part):
                program.refuse(node, "its objective is not linear")


def _parts(formula: Formula) -> Iterator[Formula]:
    yield formula
    match formula:
        case Arithmetic(_, left, right):
            yield from _parts(left)
            yield from _parts(right)
        case Aggregate(_, operand):
            yield from _parts(operand)


def _is_square(formula: Arithmetic) -> bool:
    sides = (formula.left, formula.right)
    varies = [any(isinstance(part, Variable) for part in _parts(side)) for side in sides]
    return all(varies) if formula.operator == "*" else formula.operator == "**" and any(varies)


def _is_loose(formula: Formula) -> bool:
    """Whether a variable stands outside of an aggregate."""
    match formula:
        case Variable():
            return True
        case Arithmetic(_, left, right):
            return _is_loose(left) or _is_loose(right)
        case _:
            return False


def _is_mixed(one: Restriction) -> bool:
    together = one.group_by is not None or any(map(aggregates, one.sides))
    return together and any(map(_is_loose, one.sides))


def _variables(domain: Domain) -> str:
    named = {"lb": _bound(domain.lower), "ub": _bound(domain.upper)}
    if domain.whole:
        named["type"] = "highspy.HighsVarType.kInteger"
    return call("highs.addVariables", "len(rows)", **named, out_array="True")


def _bound(value: float) -> str:
    if isinf(value):
        return "highspy.kHighsInf" if value > 0 else "-highspy.kHighsInf"
    return literal(value)


def _constraint(one: Restriction, terms: _Terms) -> Iterator[str]:
    if one.group_by is not None:
        yield f"for group in group_rows(rows, {literal(one.group_by)}):"
        inner = replace(terms, group="group", is_one=True)
        for line in _comparisons(one, inner):
            yield f"    highs.addConstr({line})"
        return
    together = any(map(aggregates, one.sides))
    for line in _comparisons(one, replace(terms, is_one=together)):
        yield f"highs.{'addConstr' if together else 'addConstrs'}({line})"


def _comparisons(one: Restriction, terms: _Terms) -> Iterator[str]:
    for left, relation, right in zip(one.sides, one.relations, one.sides[1:], strict=False):
        sign = "==" if relation == "=" else relation
        yield f"{terms.written(left)} {sign} {terms.written(right)}"
