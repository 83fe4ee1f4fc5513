"""A statement with predictions in it, written for the database, or why it cannot be."""

from typing import Literal

from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.dialects import write


def written(
    tree: exp.Expr,
    from_dialect: str,
    to_dialect: str,
    functions: Literal["lower", False] = False,
) -> str:
    """As `write`. Raises: ProgramError: it cannot be written."""
    try:
        return write(tree, from_dialect, to_dialect, functions)
    except SqlglotError as error:
        message = f"this SQL, with a prediction in it, cannot be written for {to_dialect}"
        hint = "predict in a query of its own, such as a CTE or a view"
        told = Diagnostic("E0119", message, label=str(error), hint=hint, about="query")
        raise ProgramError(told) from error
    except RecursionError as error:
        raise ProgramError(too_deep()) from error


def too_deep() -> Diagnostic:
    message = "this statement is nested too deep for a prediction in it"
    hint = "predict in a statement of its own, such as a view"
    return Diagnostic("E0103", message, hint=hint, about="query")
