"""What a query's sqlglot tree mentions: tables, files, functions whose value changes."""

import re
from collections.abc import Iterator

from sqlglot import exp

VOLATILE = frozenset({
    "age", "clock_timestamp", "currval", "gen_random_uuid", "get_current_time",
    "get_current_timestamp", "getdate", "getvariable", "lastval", "localtime", "localtimestamp",
    "nextval", "nextvaluefor", "now", "pg_backend_pid", "rand", "randn", "random",
    "session_user", "setseed", "statement_timestamp", "sysdate", "systimestamp", "timeofday",
    "today", "transaction_timestamp", "txid_current", "unix_timestamp", "user", "utc_date",
    "utc_time", "utc_timestamp", "uuid", "uuid_short", "uuidv4", "uuidv7",
})  # fmt: skip
"""Functions whose value is not given by their arguments, besides `current_…`."""

PURE_TABLE_FUNCTIONS = frozenset({"generate_subscripts", "repeat", "repeat_row", "unnest"})
SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "system"})
_SYSTEM_TABLE = re.compile(r"(duckdb|pg|pragma|sqlite|sqlml)_\w+", re.IGNORECASE)
_FILE = re.compile(
    r".*[*/\\].*|.*\.(csv|tsv|txt|parquet|json|jsonl|ndjson|arrow|feather|ipc|xlsx)(\.\w+)?",
    re.IGNORECASE | re.DOTALL,
)
_FILE_FUNCTION = re.compile(r"read_\w+|parquet_scan|sniff_csv|st_read|\w+_scan", re.IGNORECASE)


class Mentions:
    """One walk over a tree.

    `targets` are the table nodes that the statement changes; they are no reads.
    """

    def __init__(self, tree: exp.Expr, targets: tuple[exp.Expr, ...] = ()) -> None:
        self.reads: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.volatile = False
        self.system = False
        tables: list[exp.Table] = []
        shadows: set[str] = set()
        for node in tree.walk():
            if isinstance(node, exp.Table):
                tables.append(node)
            elif isinstance(node, exp.CTE):
                shadows.add(node.alias.casefold())
            elif isinstance(node, exp.TableSample):
                self.volatile |= not node.args.get("seed")
            elif isinstance(node, exp.Func):
                self.volatile |= _is_volatile(node)
            elif isinstance(node, exp.Parameter):  # a variable of the connection
                self.volatile = True
        ids = {id(target) for target in targets}
        for table in tables:
            if id(table) not in ids:
                self._mention(table, shadows)

    def _mention(self, table: exp.Table, shadows: set[str]) -> None:
        if isinstance(table.this, exp.Func):
            self._mention_function(table.this)
            return
        name = table_name(table)
        if not name or ("." not in name and name.casefold() in shadows and find_cte(table)):
            return
        if is_file(table):
            self.files[name] = None
            return
        if _SYSTEM_TABLE.fullmatch(table.name) or table.db.lower() in SYSTEM_SCHEMAS:
            self.system = True
        self.reads[name] = None

    def _mention_function(self, function: exp.Func) -> None:
        if reads_files(function):
            paths = list(_paths(function))
            self.files.update(dict.fromkeys(paths))
            self.volatile |= not paths
        elif (
            isinstance(function, exp.Anonymous)
            and function_name(function) not in PURE_TABLE_FUNCTIONS
        ):
            # Perhaps a table macro, which may read anything.
            self.system = True


def function_name(function: exp.Func) -> str:
    """A function's name in lower case, as written if sqlglot does not know it."""
    return function.name.lower() if isinstance(function, exp.Anonymous) else function.key


def reads_files(function: exp.Func) -> bool:
    """Whether a table function reads the files that its first argument names."""
    return isinstance(function, exp.ReadCSV | exp.ReadParquet) or (
        _FILE_FUNCTION.fullmatch(function_name(function)) is not None
    )


def table_name(table: exp.Table) -> str:
    """A table's name as written, without quotes."""
    return ".".join(part.name for part in table.parts)


def is_file(table: exp.Table) -> bool:
    """Whether a table is a file: `FROM 'x.csv'`."""
    name = table.this
    return (
        isinstance(name, exp.Identifier)
        and bool(name.args.get("quoted"))
        and not table.db
        and _FILE.fullmatch(name.name) is not None
    )


def find_cte(table: exp.Table) -> exp.CTE | None:
    """The CTE that an unqualified name means where it stands; None for a table of the database."""
    wanted = table.name.casefold()
    below: exp.Expr = table
    node = table.parent
    inside: exp.CTE | None = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        with_ = below if isinstance(below, exp.With) else node.args.get("with_")
        if isinstance(with_, exp.With):
            for cte in with_.expressions:
                if with_ is below and cte is inside and not with_.args.get("recursive"):
                    break
                if cte.alias.casefold() == wanted:
                    return cte  # type: ignore[no-any-return]
                if with_ is below and cte is inside:
                    break
        below, node = node, node.parent
    return None


def _is_volatile(function: exp.Func) -> bool:
    name = function_name(function)
    return name in VOLATILE or name.startswith("current")


def _paths(function: exp.Func) -> Iterator[str]:
    """The paths in the first argument of a function that reads files."""
    first = function.this if isinstance(function, exp.ReadCSV) else None
    if first is None:
        first = function.expressions[0] if function.expressions else None
    literals = first.expressions if isinstance(first, exp.Array) else [first]
    for literal in literals:
        if isinstance(literal, exp.Literal) and literal.is_string:
            yield literal.name
