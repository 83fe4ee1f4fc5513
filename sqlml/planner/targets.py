"""INTO: the tables that statements make, and what is odd about them."""

from collections.abc import Sequence

from sqlml.databases.database import Column
from sqlml.grammar import ast
from sqlml.planner.scope import Scope
from sqlml.planner.tables import table_key


def has_two_of_a_name(scope: Scope, target: ast.Name, columns: Sequence[Column]) -> bool:
    """Whether columns cannot stand in one table, which is told to the scope."""
    seen: set[str] = set()
    for column in columns:
        name = column.name.casefold()
        if name in seen:
            scope.fault(
                "E0314",
                f"the table would have two columns `{column.name}`",
                target.span,
                hint="give each a name of its own in the query, with AS",
            )
            return True
        seen.add(name)
    return False


def refuse_overwriting(
    scope: Scope, target: ast.Name, into: str, sources: Sequence[str], what: str
) -> None:
    """Tell that a table is read and would be replaced by something that holds none of its rows."""
    if table_key(into) in map(table_key, sources):
        scope.fault(
            "E0320",
            f"`{into}`, which the query reads, would be replaced by {what}",
            target.span,
            hint="write into a table of another name",
        )
