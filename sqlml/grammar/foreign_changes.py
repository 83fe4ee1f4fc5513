"""UPDATE and DELETE of MySQL, over several tables or of so many rows: by the number of each row."""

from collections.abc import Iterator

from sqlglot import exp

from sqlml.errors import Diagnostic, ProgramError

_CHANGED, _ROWS, _ROW = "sqlml_changed", "sqlml_rows", "sqlml_row"


def changed_tables(tree: exp.Update | exp.Delete) -> list[exp.Table]:
    """The tables that a statement changes, as they stand in its list of tables."""
    known = {table.alias_or_name.casefold(): table for table in _sources(tree)}
    named = dict.fromkeys(name.casefold() for name in _named(tree))
    return [known[name] for name in named if name in known] or [tree.this]


def change_by_row(tree: exp.Update | exp.Delete) -> exp.Expr:
    """The same for DuckDB, where one table alone can be changed, and all rows that WHERE allows.

    Raises:
        ProgramError: several tables are changed at once.
    """
    _unqualified(tree)
    of_some = any(tree.args.get(key) for key in ("order", "limit", "using"))
    if not (of_some or tree.this.args.get("joins")):
        return tree
    changed = changed_tables(tree)
    if len(changed) > 1:
        raise ProgramError(_several(tree, changed))
    rows = exp.select(exp.alias_(exp.column("rowid", changed[0].alias_or_name), _ROW))
    rows.set("from_", exp.From(this=_from(tree).copy()))
    for key in ("where", "order", "limit"):
        rows.set(key, part.copy() if (part := tree.args.get(key)) else None)
    table = exp.alias_(exp.Table(**_name_of(changed[0])), _CHANGED, table=True)
    number = exp.column("rowid", _CHANGED)
    with_ = tree.args.get("with_")
    if isinstance(tree, exp.Delete):
        where = exp.Where(this=number.isin(query=rows))
        return exp.Delete(this=table, where=where, with_=with_)
    values = []
    for place, pair in enumerate(tree.expressions):
        rows.append("expressions", exp.alias_(pair.expression.copy(), f"value_{place}"))
        value = exp.column(f"value_{place}", _ROWS)
        values.append(exp.EQ(this=pair.this.copy(), expression=value))
    where = exp.Where(this=number.eq(exp.column(_ROW, _ROWS)))
    source = exp.From(this=rows.subquery(_ROWS))
    return exp.Update(this=table, expressions=values, from_=source, where=where, with_=with_)


def _from(tree: exp.Update | exp.Delete) -> exp.Expr:
    """What the rows are taken from, with its joins."""
    using = tree.args.get("using")
    found: exp.Expr = using[0] if using else tree.this
    return found


def _sources(tree: exp.Update | exp.Delete) -> Iterator[exp.Table]:
    def listed(source: exp.Expr) -> Iterator[exp.Table]:
        if isinstance(source, exp.Table):
            yield source
        for join in source.args.get("joins") or ():
            yield from listed(join.this)

    return listed(_from(tree))


def _named(tree: exp.Update | exp.Delete) -> Iterator[str]:
    """The names of the tables that are to change; the first one's where a column has none."""
    if isinstance(tree, exp.Delete):
        listed = tree.args.get("tables") or ([tree.this] if tree.args.get("using") else [])
        yield from (table.name for table in listed)
        return
    for pair in tree.expressions:
        column = pair.this
        qualifier = column.meta.get(_CHANGED) or getattr(column, "table", "")
        yield qualifier or tree.this.alias_or_name


def _unqualified(tree: exp.Update | exp.Delete) -> None:
    """`SET t.x = 1` is `SET x = 1`; what `t` was is remembered."""
    if isinstance(tree, exp.Update):
        for pair in tree.expressions:
            column = pair.this
            if isinstance(column, exp.Column) and column.table:
                plain = exp.Column(this=column.this.copy())
                plain.meta[_CHANGED] = column.table
                column.replace(plain)


def _name_of(table: exp.Table) -> dict[str, exp.Expr]:
    return {key: part.copy() for key in ("this", "db", "catalog") if (part := table.args.get(key))}


def _several(tree: exp.Update | exp.Delete, tables: list[exp.Table]) -> Diagnostic:
    verb = tree.key.upper()
    names = " and ".join(f"`{table.alias_or_name}`" for table in tables)
    message = f"one {verb} changes one table, and this one changes {names}"
    hint = f"write one {verb} for each, between `BEGIN;` and `COMMIT;`"
    return Diagnostic("E1071", message, hint=hint, about="query")
