"""The variables of MySQL's users, `@x`, which are variables of DuckDB's connection."""

from collections.abc import Iterator

from sqlglot import exp

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.foreign_settings import is_setting_of_no_use

_READ = "getvariable"


def read_variable(node: exp.Expr) -> exp.Expr:
    """`@x` in an expression; in a SELECT list its column keeps the name."""
    value = exp.Anonymous(this=_READ, expressions=[exp.Literal.string(node.name.lower())])
    if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
        return exp.alias_(value, f"@{node.name}", quoted=True)
    return value


def read_setting(node: exp.Expr) -> exp.Expr:
    """`@@version` in a query, which is DuckDB's; SET may save what `@@unique_checks` was.

    Raises:
        ProgramError: another setting of the server's, which there is none of here.
    """
    if node.find_ancestor(exp.Set) is not None:
        return node
    if node.name.lower() != "version":
        message = f"`@@{node.name}` is a setting of MySQL's server, and there is none here"
        hint = "leave it out; `SELECT current_setting('threads')` reads a setting of DuckDB's"
        raise ProgramError(Diagnostic("E1074", message, hint=hint, about="query"))
    value = exp.Anonymous(this="version")
    if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
        return exp.alias_(value, "@@version", quoted=True)
    return value


def is_assigned(item: exp.Expr) -> bool:
    """Whether an item of SET is `@x = value`."""
    return isinstance(item.this, exp.EQ) and _is_variable(item.this.this)


def assignments(tree: exp.Set) -> Iterator[exp.Expr]:
    """`SET @x = value, @y = @@unique_checks, unique_checks = 0` as DuckDB's, one at a time."""
    for item in tree.expressions:
        if is_assigned(item):
            yield _assigned(item)
        elif not is_setting_of_no_use(item, "mysql"):
            yield exp.Set(expressions=[item.copy()])


def _assigned(item: exp.Expr) -> exp.Expr:
    name, value = item.this.this.expressions[0].name, item.this.expression
    if isinstance(value, exp.SessionParameter):
        value = exp.Null()
    pair = exp.EQ(this=exp.column(name), expression=_in_brackets(value.copy()))
    return exp.Set(expressions=[exp.SetItem(this=pair, kind="VARIABLE")])


def refuse_assignment(node: exp.Expr) -> exp.Expr:
    """Raises: ProgramError: `@x := value` in a query. DuckDB's entries of a STRUCT stay."""
    if not _is_variable(node.this):
        return node
    raise _refused(node.this, "row by row")


def refuse_target(node: exp.Expr) -> exp.Expr:
    """Raises: ProgramError: `SELECT … INTO @x`."""
    target = node.this.this
    if not _is_variable(target):
        return node
    raise _refused(target, "with INTO")


def refuse_list(tree: exp.Command) -> None:
    """Raises: ProgramError: a SET that sqlglot cannot read: `@x = (SELECT …), @y = 1`."""
    if str(tree.expression).lstrip().startswith("@"):
        message = "these variables cannot be set in one statement"
        hint = "write `SET @x = …;` for each of them"
        raise ProgramError(Diagnostic("E1070", message, hint=hint, about="query"))


def _is_variable(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Anonymous) and node.name == _READ


def _refused(variable: exp.Expr, how: str) -> ProgramError:
    name = variable.expressions[0].name
    hint = f"write `SET @{name} = (SELECT …)`"
    if how == "row by row":
        hint += "; `row_number() OVER (ORDER BY …)` numbers rows, `lag(x) OVER (…)` is a row before"
    message = f"a query cannot set `@{name}` {how}"
    return ProgramError(Diagnostic("E1070", message, hint=hint, about="query"))


def _in_brackets(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value) if isinstance(value, exp.Query) else value
