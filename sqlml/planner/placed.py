"""What all operators of the logical plan have in common."""

from sqlml.grammar import ast
from sqlml.source import Span


class Placed:
    """An operator comes from a statement, and becomes steps."""

    __slots__ = ()
    statement: ast.Statement

    @property
    def span(self) -> Span:
        return self.statement.span

    def steps(self, name: str) -> tuple[str, ...]:
        """The steps that do it; the last one has its `name`."""
        return (name,)
