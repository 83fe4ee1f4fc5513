"""Statements about how another database works, and questions to it."""

from sqlglot import exp, parse_one

_COMMANDS = frozenset({"LOCK TABLES", "UNLOCK TABLES", "MSCK REPAIR", "OPTIMIZE"})
_MYSQL = frozenset({
    "autocommit", "foreign_key_checks", "sql_mode", "sql_notes", "sql_safe_updates", "time_zone",
    "unique_checks",
})  # fmt: skip


def is_of_no_use(tree: exp.Expr, dialect: str) -> bool:
    """Whether a statement asks for nothing that there is here: `SET NAMES utf8`."""
    if isinstance(tree, exp.Command):
        return str(tree.this).upper() in _COMMANDS
    if isinstance(tree, exp.Analyze):
        return True
    if not isinstance(tree, exp.Set) or dialect not in ("mysql", "hive", "spark"):
        return False
    return all(is_setting_of_no_use(item, dialect) for item in tree.expressions)


def is_setting_of_no_use(item: exp.Expr, dialect: str) -> bool:
    """Whether an item of SET is about how the other database works."""
    setting = item.this.this if isinstance(item.this, exp.EQ) else None
    if setting is None:
        return item.args.get("kind") in ("NAMES", "CHARACTER SET")
    if isinstance(setting, exp.SessionParameter):  # `@@sql_mode`
        return True
    if isinstance(setting, exp.Dot):
        return dialect != "mysql"
    if not isinstance(setting, exp.Column):
        return False
    return dialect != "mysql" or setting.name.lower() in _MYSQL


def nothing() -> exp.Expr:
    return parse_one("SET VARIABLE sqlml_nothing = NULL", dialect="duckdb")


def asked_of_hive(tree: exp.Command) -> exp.Expr:
    """`SHOW DATABASES` and `SHOW TABLES IN days`, which MySQL has, too; other commands stay."""
    if str(tree.this).upper() != "SHOW":
        return tree
    asked = parse_one(f"SHOW {tree.expression.name}", dialect="mysql")
    return shown(asked) if isinstance(asked, exp.Show) else tree


def shown(tree: exp.Show) -> exp.Expr:
    """What is there, and `SHOW COLUMNS` and `SHOW CREATE TABLE` of MySQL, as DuckDB tells it."""
    target, schema = tree.args.get("target"), tree.args.get("db")
    if tree.name == "DATABASES":
        return _shown_schemas(tree)
    if tree.name == "TABLES" and (schema or tree.args.get("like")):
        return _shown_tables(tree)
    if target is None:
        return tree
    if tree.name == "COLUMNS":
        return exp.Describe(this=exp.Table(this=target.copy(), db=schema and schema.copy()))
    if tree.name != "CREATE TABLE":
        return tree
    of_table = exp.column("table_name").eq(target.name)
    found = exp.select('table_name AS "Table"', 'sql AS "Create Table"').from_("duckdb_tables()")
    where = exp.column("schema_name").eq(schema.name if schema else exp.func("current_schema"))
    return found.where(of_table, where, dialect="duckdb")


def _shown_schemas(tree: exp.Show) -> exp.Expr:
    found = exp.select('schema_name AS "Database"').from_("duckdb_schemas()")
    here = exp.column("database_name").eq(exp.func("current_database"))
    theirs = exp.column("schema_name").isin("information_schema", "pg_catalog").not_()
    return _like(found.where(here, theirs), tree, "schema_name")


def _shown_tables(tree: exp.Show) -> exp.Expr:
    schema = tree.args.get("db")
    found = exp.select("table_name AS name").from_("information_schema.tables")
    where = exp.column("table_schema").eq(schema.name if schema else exp.func("current_schema"))
    return _like(found.where(where), tree, "table_name")


def _like(found: exp.Select, tree: exp.Show, name: str) -> exp.Expr:
    like = tree.args.get("like")
    if like is not None:
        found = found.where(exp.ILike(this=exp.column(name), expression=like.copy()))
    return found.order_by(name)
