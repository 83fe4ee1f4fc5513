"""The names that DuckDB and sqlml have themselves, which other clients' statements rely on."""

import atexit
from dataclasses import dataclass
from functools import cache

import duckdb

OURS = ("sqlml", "__sqlml")
"""What all names begin with that are sqlml's own."""

DATABASES = frozenset({"system", "temp", "memory", "main", "pg_catalog", "information_schema"})
"""What no schema may be called: names would be ambiguous."""

_MODELS = frozenset({"predict", "predict_proba"})
_HARMLESS = frozenset({
    "random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "currval", "stats", "current_query",
    "current_connection_id", "current_query_id", "current_transaction_id", "range", "unnest",
    "generate_series", "json_each", "json_tree", "histogram", "histogram_values", "repeat",
    "pragma_table_info", "pragma_show", "pragma_version", "pragma_database_size", "summary",
    "pg_timezone_names", "duckdb_columns", "duckdb_constraints", "duckdb_databases",
    "duckdb_dependencies", "duckdb_functions", "duckdb_indexes", "duckdb_keywords",
    "duckdb_schemas", "duckdb_sequences", "duckdb_tables", "duckdb_types", "duckdb_views",
})  # fmt: skip
SERVICE = "sqlml_served"
"""The function that those of PostgreSQL's stand upon which the server itself does."""

TELLING = frozenset({"duckdb_logs"})
"""Views of what other clients do."""

_SUSPECT = (
    "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
    " WHERE has_side_effects OR function_type IN ('table', 'table_macro')"
)
_FUNCTIONS = "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
_SCALARS = f"{_FUNCTIONS} WHERE function_type IN ('scalar', 'macro')"
_TABLES = f"{_FUNCTIONS} WHERE function_type IN ('table', 'table_macro')"
_RELATIONS = "SELECT DISTINCT lower(view_name) FROM duckdb_views()"


@dataclass(frozen=True, slots=True)
class Reserved:
    """In lower case. suspect: functions and views that change something or tell of the machine.

    functions: operators, too. scalars: what gives one value, whatever it is called for.
    """

    suspect: frozenset[str]
    functions: frozenset[str]
    relations: frozenset[str]
    scalars: frozenset[str]


@cache
def parser() -> duckdb.DuckDBPyConnection:
    """A database of nobody's, whose parser no client can mislead; threads use its cursors."""
    atexit.register(parser.cache_clear)  # DuckDB complains of what is still held at the end
    return duckdb.connect(":memory:", config={"threads": "1"})


@cache
def reserved() -> Reserved:
    """What a database has that nobody has changed."""
    with parser().cursor() as own:

        def listed(query: str) -> frozenset[str]:
            return frozenset(name for (name,) in own.execute(query).fetchall())

        return Reserved(
            (listed(_SUSPECT) | TELLING | {SERVICE}) - _HARMLESS,
            listed(_FUNCTIONS) | _MODELS,
            listed(_RELATIONS),
            listed(_SCALARS) - listed(_TABLES),
        )
