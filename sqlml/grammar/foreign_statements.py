"""Statements of other databases that DuckDB spells otherwise, or does with several of its own."""

from collections.abc import Iterator

from sqlglot import exp, parse_one

from sqlml.grammar.foreign_columns import mend_column, mend_key
from sqlml.grammar.foreign_settings import is_of_no_use, nothing, shown
from sqlml.quoting import identifier

_INCOMING = "sqlml_overwriting"


def mend_statement(tree: exp.Expr, dialect: str) -> list[exp.Expr]:
    """The statements of DuckDB that do what one of `dialect` does; the tree may be changed."""
    if is_of_no_use(tree, dialect):
        return [nothing()]
    match tree:
        case exp.Show() if dialect == "mysql":
            return [shown(tree)]
        case exp.Alter():
            for column in tree.find_all(exp.ColumnDef):
                mend_column(column)
        case exp.Create() | exp.Drop() if tree.args.get("kind") == "DATABASE":
            tree.set("kind", "SCHEMA")
            if isinstance(tree, exp.Drop) and dialect == "mysql":
                tree.set("cascade", True)
        case exp.Drop():
            tree.set("purge", False)
        case exp.Create() if isinstance(tree.this, exp.Schema):
            return _create_table(tree)
        case exp.Insert():
            return _overwrite(tree) if tree.args.get("overwrite") else _insert(tree)
    return [tree]


# --- tables -------------------------------------------------------------------------------


def _create_table(tree: exp.Create) -> list[exp.Expr]:
    """A table, and before it the sequences that number its rows."""
    schema = tree.this
    partitions = tree.find(exp.PartitionedByProperty)
    if partitions is not None and isinstance(partitions.this, exp.Schema):
        schema.set("expressions", [*schema.expressions, *partitions.this.expressions])
    kept = [one for one in schema.expressions if not isinstance(one, exp.IndexColumnConstraint)]
    schema.set("expressions", kept)
    sequences = []
    for column in kept:
        mend_key(column)
        if isinstance(column, exp.ColumnDef) and mend_column(column):
            sequence = identifier(f"{schema.this.name}_{column.name}_seq")
            guard = "IF NOT EXISTS " if tree.args.get("exists") else ""
            replace = "" if guard else "OR REPLACE "
            sequences.append(f"CREATE {replace}SEQUENCE {guard}{sequence}")
            following = exp.Anonymous(this="nextval", expressions=[exp.Literal.string(sequence)])
            default = exp.ColumnConstraint(kind=exp.DefaultColumnConstraint(this=following))
            column.set("constraints", [default, *column.args["constraints"]])
    return [*(parse_one(one, dialect="duckdb") for one in sequences), tree]


# --- rows ---------------------------------------------------------------------------------


def _insert(tree: exp.Insert) -> list[exp.Expr]:
    _into_partition(tree)
    conflict = tree.args.get("conflict")
    if tree.args.get("ignore"):
        tree.set("ignore", False)
        tree.set("alternative", "IGNORE")
    if conflict is not None and conflict.args.get("duplicate"):
        for value in list(conflict.find_all(exp.Anonymous)):
            if value.name.upper() == "VALUES":
                value.replace(exp.column(value.expressions[0].name, "excluded"))
        update = exp.OnConflict(expressions=conflict.expressions, action=exp.Var(this="DO UPDATE"))
        tree.set("conflict", update)
    return [tree]


def _into_partition(tree: exp.Insert) -> None:
    """Columns of a partition are columns of the table, whose values come last."""
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    fixed = [one.expression.copy() for one in _fixed(target.args.get("partition"))]
    query = tree.expression
    if fixed and isinstance(query, exp.Query):
        rows = query.copy().subquery("rows")
        tree.set("expression", exp.select("*", *fixed).from_(rows))
    target.set("partition", None)


def _overwrite(tree: exp.Insert) -> list[exp.Expr]:
    """`INSERT OVERWRITE`: all that was there, or in the partition, is gone; or nothing happens.

    The rows are read before, as they may come from the same table.
    """
    table, query = tree.this, tree.expression
    target = table.this if isinstance(table, exp.Schema) else table
    partition = target.args.get("partition")
    where = list(_fixed(partition))
    if where:
        query = exp.select("*", *(one.expression.copy() for one in where)).from_(
            query.copy().subquery("rows")
        )
    target.set("partition", None)
    incoming = exp.to_table(_INCOMING)
    written = exp.Insert(this=table.copy(), expression=exp.select("*").from_(incoming))
    delete = exp.Delete(this=target.copy())
    if where:
        delete.set("where", exp.Where(this=exp.and_(*(one.copy() for one in where))))
    made = exp.Create(this=incoming, kind="TABLE", expression=query, replace=True)
    made.set("properties", exp.Properties(expressions=[exp.TemporaryProperty()]))
    return [
        exp.Transaction(),
        made,
        delete,
        written,
        exp.Drop(tables=[incoming.copy()], kind="TABLE"),
        exp.Commit(),
    ]


def _fixed(partition: exp.Expr | None) -> Iterator[exp.Expr]:
    """The columns of a partition that are given a value: `dt = '2024-01-01'`."""
    for one in partition.expressions if partition is not None else ():
        if isinstance(one, exp.EQ):
            yield one
