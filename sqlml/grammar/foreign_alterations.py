"""ALTER TABLE, and statements about indexes, of other databases: one change at a time in DuckDB."""

from collections.abc import Callable, Iterator, Mapping

from sqlglot import exp, parse_one

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.foreign_columns import mend_column, mend_key
from sqlml.grammar.foreign_settings import nothing
from sqlml.grammar.numbered_columns import next_number
from sqlml.quoting import identifier

_DROPPED = {"INDEX", "KEY", "FOREIGN KEY"}


def altered(tree: exp.Alter) -> list[exp.Expr]:
    """The statements that together do what one ALTER TABLE does; all of them, or none.

    Raises:
        ProgramError: there is no such change in DuckDB.
    """
    found = [one for action in tree.args.get("actions") or () for one in _changes(tree, action)]
    if len(found) > 1:
        return [exp.Transaction(), *found, exp.Commit()]
    return found or [nothing()]


def _changes(tree: exp.Alter, action: exp.Expr) -> Iterator[exp.Expr]:
    change = _CHANGES.get(type(action))
    if change is None:
        yield _alone(tree, action)
    else:
        yield from change(tree, action)


def _unimportant(_tree: exp.Alter, _action: exp.Expr) -> Iterator[exp.Expr]:
    """A partition is there with its first row; SET TBLPROPERTIES is about files."""
    return iter(())


def _emptied(tree: exp.Alter, action: exp.Expr) -> Iterator[exp.Expr]:
    """DROP PARTITION: its rows are gone."""
    for partition in action.expressions:
        where = exp.Where(this=exp.and_(*(one.copy() for one in partition.expressions)))
        yield exp.Delete(this=tree.this.copy(), where=where)


def _refuse_key(_tree: exp.Alter, _action: exp.Expr) -> Iterator[exp.Expr]:
    raise ProgramError(_none_such("a primary key cannot be dropped", "make a new table"))


def _dropped(tree: exp.Alter, action: exp.Expr) -> Iterator[exp.Expr]:
    """A column; an index only says how rows are found, not which there are."""
    if action.args.get("kind") not in _DROPPED:
        yield _alone(tree, action)


def _added_all(tree: exp.Alter, action: exp.Expr) -> Iterator[exp.Expr]:
    for column in action.expressions:
        yield from _added(tree, column)


def _added(tree: exp.Alter, column: exp.Expr) -> Iterator[exp.Expr]:
    assert isinstance(column, exp.ColumnDef)
    _refuse_place(column)
    if mend_column(column):
        yield from next_number(tree.this, column)
    yield _alone(tree, column)


def _renamed(tree: exp.Alter, action: exp.Expr) -> Iterator[exp.Expr]:
    """`CHANGE COLUMN a b INT` of Hive."""
    old, new = action.this, action.args.get("rename_to") or action.this
    if old.name != new.name:
        yield _alone(tree, exp.RenameColumn(this=old.copy(), to=new.copy()))
    changed = action.copy()
    changed.set("this", new.copy())
    changed.set("rename_to", None)
    yield _alone(tree, changed)


def _modified(tree: exp.Alter, action: exp.Expr) -> Iterator[exp.Expr]:
    """A column as it is described anew: without what is not said again."""
    column = action.this
    _refuse_place(column)
    if mend_column(column):
        yield from next_number(tree.this, column, first=_first_number(tree))
    table = tree.this.sql(dialect="duckdb")
    name = identifier(column.name)
    old = action.args.get("rename_from")
    if old is not None and old.name != column.name:
        yield _parsed(f"ALTER TABLE {table} RENAME COLUMN {identifier(old.name)} TO {name}")
    kinds = [one.kind for one in column.args.get("constraints") or ()]
    default = next((k.this for k in kinds if isinstance(k, exp.DefaultColumnConstraint)), None)
    is_kept = any(isinstance(k, exp.NotNullColumnConstraint) and not k.args.get("allow_null")
                  for k in kinds)  # fmt: skip
    changes = [
        "DROP DEFAULT",
        f"SET DATA TYPE {column.args['kind'].sql(dialect='duckdb')}",
        f"{'SET' if is_kept else 'DROP'} NOT NULL",
    ]
    if default is not None:
        changes.append(f"SET DEFAULT {default.sql(dialect='duckdb')}")
    for change in changes:
        yield _parsed(f"ALTER TABLE {table} ALTER COLUMN {name} {change}")
    keys = {exp.PrimaryKeyColumnConstraint: "PRIMARY KEY", exp.UniqueColumnConstraint: "UNIQUE"}
    for kind in kinds:
        if type(kind) in keys:
            yield _parsed(f"ALTER TABLE {table} ADD {keys[type(kind)]} ({name})")


def _first_number(tree: exp.Alter) -> int:
    """What `AUTO_INCREMENT = 5` says, as dumps have it behind the rows."""
    found = tree.find(exp.AutoIncrementProperty)
    return 1 if found is None else int(found.name)


def _constrained(tree: exp.Alter, action: exp.Expr) -> Iterator[exp.Expr]:
    """Keys that must be unique; other indexes only say how rows are found."""
    for constraint in action.expressions:
        if isinstance(constraint, exp.IndexColumnConstraint):
            continue
        if constraint.find(exp.ForeignKey) is not None:
            hint = "leave it out, or write it in CREATE TABLE"
            raise ProgramError(_none_such("a foreign key cannot be added to a table", hint))
        mend_key(constraint)
        yield _alone(tree, exp.AddConstraint(expressions=[constraint.copy()]))


_CHANGES: Mapping[type[exp.Expr], Callable[[exp.Alter, exp.Expr], Iterator[exp.Expr]]] = {
    exp.AddConstraint: _constrained,
    exp.AddPartition: _unimportant,
    exp.AlterColumn: _renamed,
    exp.AlterSet: _unimportant,
    exp.ColumnDef: _added,
    exp.Drop: _dropped,
    exp.DropPartition: _emptied,
    exp.DropPrimaryKey: _refuse_key,
    exp.ModifyColumn: _modified,
    exp.Schema: _added_all,
}


def indexed(tree: exp.Create) -> exp.Expr:
    """CREATE INDEX of MySQL, whose names are those of one table; only a unique one matters."""
    if not tree.args.get("unique"):
        return nothing()
    index = tree.this
    index.set("this", _index(index.args["table"], index.name))
    for column in index.args["params"].args["columns"]:
        column.set("nulls_first", None)
        if isinstance(column.this, exp.Anonymous):  # `name(10)`: its first letters
            column.set("this", exp.column(column.this.name))
    return tree


def unindexed(tree: exp.Drop) -> exp.Expr:
    """DROP INDEX of MySQL, which names the table."""
    on = tree.args.get("cluster")
    if on is None:
        return tree
    index = _index(on.this, tree.args["tables"][0].name)
    return exp.Drop(tables=[exp.Table(this=index)], kind="INDEX", exists=True)


def _index(table: exp.Table, name: str) -> exp.Identifier:
    return exp.to_identifier(f"{table.name}_{name}", quoted=True)


def _alone(tree: exp.Alter, action: exp.Expr) -> exp.Expr:
    one = tree.copy()
    one.set("actions", [action.copy()])
    one.set("options", None)
    return one


def _refuse_place(column: exp.ColumnDef) -> None:
    if column.args.get("position") is not None:
        message = f"`{column.name}` cannot be given a place among the columns"
        hint = "leave FIRST or AFTER out, and name the columns in INSERT and SELECT"
        raise ProgramError(_none_such(message, hint))


def _none_such(message: str, hint: str) -> Diagnostic:
    return Diagnostic("E1072", message, hint=hint, about="query")


def _parsed(sql: str) -> exp.Expr:
    return parse_one(sql, dialect="duckdb")
