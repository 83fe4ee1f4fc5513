"""SQL that the database does not take, and that is well written in another system's dialect."""

from collections.abc import Callable

from sqlml.databases.database import QueryProblem
from sqlml.errors import ProgramError
from sqlml.grammar.queries import translate
from sqlml.planner.scope import Scope

_NAMES = {"mysql": "MySQL", "hive": "Hive"}
_OF_HIVE = ("OVERWRITE", "PARTITIONED", "ROW", "STORED", "LATERAL", "LIFECYCLE", "FORMATTED")


def dialect_hint(
    scope: Scope, sql: str, problem: QueryProblem, attempt: Callable[[str], object]
) -> str:
    """A hint at the dialect in which `sql` can be read; empty where there is none such.

    attempt: does with a statement in the database's own dialect what failed with this one; what it
    does to the catalog stays, so that later statements are not at fault, too.
    """
    if scope.dialect != scope.catalog.dialect:
        return ""
    if problem.kind == "column":
        return _text_hint(scope, sql, problem, attempt)
    if problem.kind != "syntax" or "end of input" in str(problem):  # unfinished, not foreign
        return ""
    is_hive = any(f"`{word}`" in str(problem).upper() for word in _OF_HIVE)
    for dialect in sorted(_NAMES, reverse=not is_hive):
        try:
            attempt(translate(sql, dialect, scope.catalog.dialect))
        except ProgramError:
            continue
        except QueryProblem as other:
            if other.kind == "syntax":
                continue
        return f"this reads as SQL of {_NAMES[dialect]}: run the program with `--dialect {dialect}`"
    return ""


def _text_hint(
    scope: Scope, sql: str, problem: QueryProblem, attempt: Callable[[str], object]
) -> str:
    """What to write for `"text"`, which names a column here; empty where that is not at fault."""
    start = len(sql) if problem.offset is None else problem.offset
    quoted = sql[start : start + problem.length]
    if not quoted.startswith('"'):
        return ""
    try:
        attempt(translate(sql, "mysql", scope.catalog.dialect))
    except (ProgramError, QueryProblem):
        return ""
    text = quoted.strip('"')
    return f"`{quoted}` is a name here: write '{text}', or run the program with `--dialect mysql`"
