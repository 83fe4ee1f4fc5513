"""Syntax tree to text, such that `parse(print_program(tree)) == tree`."""

from collections.abc import Sequence
from typing import assert_never

from sqlml.grammar import ast
from sqlml.grammar.literals import quoted_name, quoted_string


def print_program(program: ast.Program) -> str:
    """The program's text: a blank line between statements, a `;` behind each."""
    return "\n".join(f"{print_statement(statement)};\n" for statement in program.statements)


def print_statement(statement: ast.Statement) -> str:
    """A statement's text without a final `;`: the query as it was written, one clause per line."""
    match statement:
        case ast.Plain():
            return statement.sql
        case ast.ShowTrain():
            return f"SHOW TRAIN {_name(statement.model)}"
        case ast.ShowModels():
            return "SHOW MODELS"
        case ast.DescribeModel():
            return f"DESCRIBE MODEL {_name(statement.model)}"
        case ast.AlterModel():
            return f"ALTER MODEL {_name(statement.model)} {_change(statement.change)}"
        case ast.DropModel():
            condition = "IF EXISTS " if statement.if_exists else ""
            return f"DROP MODEL {condition}{_name(statement.model)}"
        case ast.CreateJob():
            return "\n".join(_job(statement))
        case ast.ShowJobs():
            return "SHOW JOBS"
        case ast.DropJob():
            condition = "IF EXISTS " if statement.if_exists else ""
            return f"DROP JOB {condition}{_name(statement.name)}"
        case _:
            return "\n".join([statement.query.sql, *_clauses(statement)])


def _job(job: ast.CreateJob) -> list[str]:
    replacing = "OR REPLACE " if job.replaces else ""
    lines = [f"CREATE {replacing}JOB {_name(job.name)}", f"SCHEDULE {_values(job.schedule)}"]
    lines += [f"TIMEZONE {_value(job.timezone)}"] if job.timezone else []
    lines += [f"IF {job.condition.sql}"] if job.condition else []
    statements = [f"{print_statement(one)};" for one in job.program.statements]
    return [*lines, "AS BEGIN", *statements, "END"]


def _change(change: ast.Change) -> str:
    match change:
        case ast.SetAlias():
            version = "" if change.version is None else f" = {_version(change.version)}"
            return f"SET ALIAS {_name(change.alias)}{version}"
        case ast.DropAlias():
            return f"DROP ALIAS {_name(change.alias)}"
        case ast.SetTag():
            return f"SET TAG {_name(change.tag)} = {_value(change.value)}"
        case ast.DropTag():
            return f"DROP TAG {_name(change.tag)}"
        case ast.Rename():
            return f"RENAME TO {_name(change.name)}"
        case _:
            assert_never(change)


_WithQuery = ast.Train | ast.Predict | ast.Evaluate | ast.Explain | ast.Check | ast.Run | ast.Solve


def _clauses(statement: _WithQuery) -> list[str]:
    lines = []
    match statement:
        case ast.Train():
            lines = [f"TO TRAIN {_name(statement.model)}", *_with(statement.attributes)]
            lines += [_column_clause(clause) for clause in statement.columns]
            lines += [*_names("LABEL", *statement.labels), *_names("USING", statement.using)]
            lines += _names("INTO", statement.into)
        case ast.Predict():
            target = f" {_name(statement.into)}" if statement.into else ""
            lines = [f"TO PREDICT{target}", *_with(statement.attributes)]
            lines += _names("USING", statement.using)
        case ast.Evaluate():
            lines = [f"TO EVALUATE {_name(statement.model)}", *_with(statement.attributes)]
            lines += [*_names("LABEL", *statement.labels), *_names("INTO", statement.into)]
        case ast.Explain():
            lines = [f"TO EXPLAIN {_name(statement.model)}", *_with(statement.attributes)]
            lines += [*_names("USING", statement.using), *_names("INTO", statement.into)]
        case ast.Check():
            lines = [f"TO CHECK {_name(statement.model)}", *_with(statement.attributes)]
            lines += _names("INTO", statement.into)
        case ast.Run():
            lines = [f"TO RUN {_name(statement.image)}"]
            lines += [f"CMD {_values(statement.command)}"] if statement.command else []
            lines += _names("INTO", *statement.into)
        case ast.Solve():
            lines = [f"TO {statement.direction.upper()} {_expression(statement.objective)}"]
            constraints = ",\n  ".join(_constraint(each) for each in statement.constraints)
            lines += [f"CONSTRAINT\n  {constraints}"] if constraints else []
            lines += [*_with(statement.attributes), *_names("USING", statement.using)]
            lines += _names("INTO", statement.into)
        case _:
            assert_never(statement)
    return lines


def _with(attributes: Sequence[ast.Attribute]) -> list[str]:
    if not attributes:
        return []
    return ["WITH " + ", ".join(f"{_name(a.name)} = {_value(a.value)}" for a in attributes)]


def _column_clause(clause: ast.ColumnClause) -> str:
    target = f" FOR {_name(clause.target)}" if clause.target else ""
    return f"COLUMN {_values(clause.items)}{target}"


def _names(keyword: str, *names: ast.Name | None) -> list[str]:
    given = [_name(name) for name in names if name is not None]
    return [f"{keyword} {', '.join(given)}"] if given else []


def _name(name: ast.Name) -> str:
    version = "" if name.version is None else f"@{_version(name.version)}"
    text = ".".join(map(quoted_name, name.parts)) if name.quoted else name.text
    return text + version


def _version(version: int | str) -> str:
    if isinstance(version, int):
        return str(version)
    return version if version.isidentifier() else quoted_name(version)


def _values(values: Sequence[ast.Value | ast.ColumnItem]) -> str:
    return ", ".join(_value(value) for value in values)


def _value(value: ast.Value | ast.ColumnItem) -> str:
    match value:
        case ast.Literal_():
            return _literal(value.value)
        case ast.Word():
            return value.text
        case ast.Name():
            return _name(value)
        case ast.Star():
            return "*"
        case ast.List_():
            return f"[{_values(value.items)}]"
        case ast.Call():
            return f"{value.function}({_values(value.arguments)})"
        case _:
            assert_never(value)


def _literal(value: str | int | float | bool | None) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case str():
            return quoted_string(value)
        case _:
            return repr(value)


# --- expressions: brackets only where the tree needs them ---------------------------------

_COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(6)
_STRENGTH = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


def _constraint(constraint: ast.Constraint) -> str:
    group = f" GROUP BY {_name(constraint.group_by)}" if constraint.group_by else ""
    return _expression(constraint.expression) + group


def _expression(expression: ast.Expression, at_least: int = _COMPARISON) -> str:
    """An expression's text, in brackets if it binds more weakly than its place asks for."""
    match expression:
        case ast.Name():
            return _name(expression)
        case ast.Literal_():
            return _literal(expression.value)
        case ast.FunctionCall():
            arguments = ", ".join(map(_expression, expression.arguments))
            return f"{expression.function}({arguments})"
        case ast.Unary():
            strength = _SIGN
            operand = _expression(expression.operand, _SIGN)
            # Without the space, `- -x` would begin a comment.
            space = " " if operand[0] in "+-" else ""
            text = f"{expression.operator}{space}{operand}"
        case ast.Chain():
            strength = _COMPARISON
            text = _expression(expression.operands[0], _SUM)
            following = expression.operands[1:]
            for operator, right in zip(expression.operators, following, strict=True):
                text += f" {operator} {_expression(right, _SUM)}"
        case ast.Binary():
            strength = _STRENGTH.get(expression.operator, _COMPARISON)
            at_left, at_right = _sides(expression.operator, strength)
            text = _expression(expression.left, at_left)
            text += f" {expression.operator} {_expression(expression.right, at_right)}"
        case _:
            assert_never(expression)
    return text if strength >= at_least else f"({text})"


def _sides(operator: str, strength: int) -> tuple[int, int]:
    """How strongly the two sides of an operator must bind to stand without brackets."""
    if operator == "**":
        return _ATOM, _SIGN
    if strength == _COMPARISON:
        return _SUM, _SUM
    return strength, strength + 1
