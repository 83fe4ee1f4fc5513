"""Statements of other databases that DuckDB spells otherwise, or does with several of its own."""

from collections.abc import Iterator

from sqlglot import exp

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.foreign_alterations import altered, indexed, unindexed
from sqlml.grammar.foreign_changes import change_by_row
from sqlml.grammar.foreign_columns import mend_column, mend_key
from sqlml.grammar.foreign_settings import asked_of_hive, is_of_no_use, nothing, shown
from sqlml.grammar.numbered_columns import next_number
from sqlml.grammar.user_variables import assignments, is_assigned, refuse_list

_INCOMING = "sqlml_overwriting"


def mend_statement(tree: exp.Expr, dialect: str) -> list[exp.Expr]:
    """The statements of DuckDB that do what one of `dialect` does; the tree may be changed."""
    if is_of_no_use(tree, dialect):
        return [nothing()]
    own = _OWN.get(dialect)
    if own is not None and (mended := own(tree)):
        return mended
    match tree:
        case exp.Alter():
            return altered(tree)
        case exp.Create() | exp.Drop() if tree.args.get("kind") == "DATABASE":
            tree.set("kind", "SCHEMA")
            if isinstance(tree, exp.Drop) and dialect == "mysql":
                tree.set("cascade", True)
        case exp.Drop():
            return _drops(tree)
        case exp.Describe():
            tree.set("style", None)
        case exp.Create() if isinstance(tree.this, exp.Schema):
            return _create_table(tree)
        case exp.Insert():
            return _overwrite(tree) if tree.args.get("overwrite") else _insert(tree)
    return [tree]


def _of_mysql(tree: exp.Expr) -> list[exp.Expr]:
    """The statements for one that MySQL alone has; none where it is no such."""
    is_index = tree.args.get("kind") == "INDEX"
    match tree:
        case exp.Show():
            return [shown(tree)]
        case exp.Command() if str(tree.this).upper() == "SET":
            refuse_list(tree)
        case exp.Set() if any(is_assigned(item) for item in tree.expressions):
            return list(assignments(tree))
        case exp.Update() | exp.Delete():
            return [change_by_row(tree)]
        case exp.Create() if is_index:
            return [indexed(tree)]
        case exp.Drop() if is_index:
            return [unindexed(tree)]
    return []


def _of_hive(tree: exp.Expr) -> list[exp.Expr]:
    return [asked_of_hive(tree)] if isinstance(tree, exp.Command) else []


_OWN = {"mysql": _of_mysql, "hive": _of_hive}


# --- tables -------------------------------------------------------------------------------


def _drops(tree: exp.Drop) -> list[exp.Expr]:
    """`DROP TABLE a, b`: one at a time."""
    tree.set("purge", False)
    drops: list[exp.Expr] = []
    for table in tree.args.get("tables") or ():
        drops.append(tree.copy())
        drops[-1].set("tables", [table.copy()])
    return drops or [tree]


def _create_table(tree: exp.Create) -> list[exp.Expr]:
    """A table, and before it the sequences that number its rows."""
    schema = tree.this
    if (place := tree.find(exp.LocationProperty)) is not None:
        raise ProgramError(_elsewhere(schema.this, place))
    partitions = tree.find(exp.PartitionedByProperty)
    if partitions is not None and isinstance(partitions.this, exp.Schema):
        schema.set("expressions", [*schema.expressions, *partitions.this.expressions])
    kept = [one for one in schema.expressions if not isinstance(one, exp.IndexColumnConstraint)]
    schema.set("expressions", kept)
    sequences: list[exp.Expr] = []
    for column in kept:
        mend_key(column)
        if isinstance(column, exp.ColumnDef) and mend_column(column):
            sequences += next_number(schema.this, column, exists=bool(tree.args.get("exists")))
    return [*sequences, tree]


def _elsewhere(table: exp.Table, place: exp.LocationProperty) -> Diagnostic:
    path = place.this.name.removeprefix("file://").rstrip("/")
    hint = f"`CREATE VIEW {table.name} AS SELECT * FROM '{path}/*.csv'` reads files where they are"
    message = "a table keeps its rows in the database, not at a LOCATION"
    return Diagnostic("E1073", message, hint=hint, about="query")


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
