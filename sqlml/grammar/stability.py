"""Whether a query gives the same rows in the same order each time it is executed."""

from sqlglot import exp

from sqlml.grammar.query_tree import find_cte, reads_files

_SELECT_PARTS = frozenset({"expressions", "from_", "where", "with_"})
_TABLE_PARTS = frozenset({"this", "db", "catalog", "alias"})
_SUBQUERY_PARTS = frozenset({"this", "alias", "with_"})
_REORDERS = (exp.AggFunc, exp.Window, exp.UDTF, exp.Explode, exp.Query, exp.Anonymous)
"""What may not stand in a projection or filter. An unknown function may be an aggregate."""


def is_stable(query: exp.Expr | None) -> bool:
    """Whether it is one scan with projections and filters: no join, group, order, limit, union …

    Functions whose value changes are not looked for, and a table is taken to be no view.
    """
    seen: set[int] = set()
    below: exp.Expr | bool | None = query
    while isinstance(below, exp.Expr):
        if id(below) in seen:  # a CTE that reads itself
            return False
        seen.add(id(below))
        below = _below(below)
    return below is True


def _below(query: exp.Expr) -> exp.Expr | bool:
    """The query that a stable one reads; otherwise whether it is stable."""
    match query:
        case exp.Values() | exp.Select() if _has_only(query, _SELECT_PARTS | {"alias"}):
            if any(isinstance(node, _REORDERS) for node in _expressions(query)):
                return False
            source = query.args.get("from_")
            return True if source is None else _source(source.this)
        case exp.Subquery() if _has_only(query, _SUBQUERY_PARTS):
            inner: exp.Expr = query.this
            return inner
        case _:
            return False


def _source(source: exp.Expr) -> exp.Expr | bool:
    if not isinstance(source, exp.Table):
        return source
    if not _has_only(source, _TABLE_PARTS):
        return False
    if isinstance(source.this, exp.Func):
        return reads_files(source.this) or not isinstance(source.this, exp.Anonymous)
    cte = None if source.db else find_cte(source)
    return True if cte is None else cte.this


def _has_only(node: exp.Expr, parts: frozenset[str]) -> bool:
    return all(key in parts for key, value in node.args.items() if value)


def _expressions(query: exp.Expr) -> list[exp.Expr]:
    """Every node of the projections and the filter."""
    roots = [*query.expressions, query.args.get("where")]
    return [node for root in roots if root is not None for node in root.walk()]
