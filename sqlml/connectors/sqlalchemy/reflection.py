"""What there is in a database, read from DuckDB's own catalog functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import reflection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import NoSuchTableError

from sqlml.connectors.sqlalchemy.types import read
from sqlml.quoting import parts as parts_of

_Found = list[dict[str, Any]]


class Reflection(DefaultDialect):
    """The part of a dialect that an Inspector asks.

    A schema is one of the current database; that of an attached one is `database.schema`. DuckDB
    keeps no names of constraints: it has its own for them.
    """

    @reflection.cache
    def get_schema_names(self, connection: Any, **kw: Any) -> list[str]:
        rows = _rows(
            connection,
            "SELECT schema_name AS name, database_name = current_database() AS here, database_name"
            " FROM duckdb_schemas() WHERE (NOT internal OR schema_name = 'main')"
            " AND database_name NOT IN ('system', 'temp', 'sqlml_pg')"
            " AND NOT starts_with(name, '__sqlml')",
        )
        named = [r["name"] if r["here"] else f"{r['database_name']}.{r['name']}" for r in rows]
        return sorted(named)

    @reflection.cache
    def get_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "table", schema)

    @reflection.cache
    def get_view_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "view", schema)

    @reflection.cache
    def get_temp_table_names(self, connection: Any, **kw: Any) -> list[str]:
        return _names(connection, "table", "temp.main")

    @reflection.cache
    def get_temp_view_names(self, connection: Any, **kw: Any) -> list[str]:
        return _names(connection, "view", "temp.main")

    @reflection.cache
    def get_sequence_names(
        self, connection: Any, schema: str | None = None, **kw: Any
    ) -> list[str]:
        return _names(connection, "sequence", schema)

    @reflection.cache
    def has_table(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> bool:
        self._ensure_has_table_connection(connection)
        return self._place(connection, table_name, schema, **kw) is not None

    @reflection.cache
    def has_sequence(
        self, connection: Any, sequence_name: str, schema: str | None = None, **kw: Any
    ) -> bool:
        return sequence_name in self.get_sequence_names(connection, schema, **kw)

    @reflection.cache
    def has_schema(self, connection: Any, schema_name: str, **kw: Any) -> bool:
        return schema_name in self.get_schema_names(connection, **kw)

    @reflection.cache
    def get_view_definition(
        self, connection: Any, view_name: str, schema: str | None = None, **kw: Any
    ) -> str:
        for row in self._of(connection, "duckdb_views()", "view_name", view_name, schema, **kw):
            return str(row["sql"])
        raise NoSuchTableError(f"{schema}.{view_name}" if schema else view_name)

    @reflection.cache
    def get_columns(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> _Found:
        rows = self._of(connection, "duckdb_columns()", "table_name", table_name, schema, **kw)
        return [_column(row) for row in sorted(rows, key=lambda row: row["column_index"])]

    @reflection.cache
    def get_pk_constraint(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> dict[str, Any]:
        for row in self._constraints(connection, "PRIMARY KEY", table_name, schema, **kw):
            columns = row["constraint_column_names"]
            return {"constrained_columns": columns, "name": row["constraint_name"]}
        return {"constrained_columns": [], "name": None}

    @reflection.cache
    def get_foreign_keys(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> _Found:
        return [
            {
                "name": row["constraint_name"],
                "constrained_columns": row["constraint_column_names"],
                "referred_schema": schema,
                "referred_table": row["referenced_table"],
                "referred_columns": row["referenced_column_names"],
                "options": {},
            }
            for row in self._constraints(connection, "FOREIGN KEY", table_name, schema, **kw)
        ]

    @reflection.cache
    def get_unique_constraints(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> _Found:
        return [
            {"name": row["constraint_name"], "column_names": row["constraint_column_names"]}
            for row in self._constraints(connection, "UNIQUE", table_name, schema, **kw)
        ]

    @reflection.cache
    def get_check_constraints(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> _Found:
        return [
            {"name": row["constraint_name"], "sqltext": _bare(row["expression"])}
            for row in self._constraints(connection, "CHECK", table_name, schema, **kw)
        ]

    @reflection.cache
    def get_indexes(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> _Found:
        rows = self._of(
            connection,
            "(SELECT *, CAST(expressions AS VARCHAR[]) AS listed FROM duckdb_indexes())",
            "table_name",
            table_name,
            schema,
            **kw,
        )
        return [_index(row) for row in rows if not row["is_primary"]]

    @reflection.cache
    def get_table_comment(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> dict[str, Any]:
        for kind in ("table", "view"):
            catalog, named = f"duckdb_{kind}s()", f"{kind}_name"
            for row in self._of(connection, catalog, named, table_name, schema, **kw):
                return {"text": row["comment"]}
        raise NoSuchTableError(table_name)

    def _place(
        self, connection: Any, table: str, schema: str | None, **kw: Any
    ) -> tuple[str, str] | None:
        """The database and schema of a table or view; temporary ones are found without a schema."""
        return self._places(connection, schema, **kw).get(table)

    @reflection.cache
    def _places(
        self, connection: Any, schema: str | None, **kw: Any
    ) -> Mapping[str, tuple[str, str]]:
        """Where the tables and views are that go by their name alone in a schema."""
        database, within = _split(schema)
        rows = _rows(
            connection,
            "SELECT database_name, schema_name, name FROM ("
            " SELECT database_name, schema_name, table_name AS name FROM duckdb_tables()"
            " UNION ALL SELECT database_name, schema_name, view_name FROM duckdb_views())"
            " WHERE database_name = coalesce(:database, current_database())"
            " AND schema_name = coalesce(:schema, system.main.current_schema())"
            " OR CAST(:schema AS VARCHAR) IS NULL AND database_name = 'temp'"
            " ORDER BY database_name = 'temp'",
            database=database,
            schema=within,
        )
        return {row["name"]: (row["database_name"], row["schema_name"]) for row in rows}

    def _of(
        self, connection: Any, catalog: str, named: str, table: str, schema: str | None, **kw: Any
    ) -> Sequence[Mapping[str, Any]]:
        """The rows of a catalog function about one table or view.

        Raises:
            NoSuchTableError: there is none.
        """
        place = self._place(connection, table, schema, **kw)
        if place is None:
            raise NoSuchTableError(f"{schema}.{table}" if schema else table)
        return self._about(connection, catalog, named, *place, **kw).get(table, [])

    @reflection.cache
    def _about(
        self, connection: Any, catalog: str, named: str, database: str, within: str, **kw: Any
    ) -> Mapping[str, list[Mapping[str, Any]]]:
        """The rows of a catalog function about all of a schema, by table or view.

        One question for many tables: each takes DuckDB as long as one about a single table.
        """
        found: dict[str, list[Mapping[str, Any]]] = {}
        rows = _rows(
            connection,
            f"SELECT * FROM {catalog} WHERE database_name = :database AND schema_name = :schema",
            database=database,
            schema=within,
        )
        for row in rows:
            found.setdefault(row[named], []).append(row)
        return found

    def _constraints(
        self, connection: Any, kind: str, table: str, schema: str | None, **kw: Any
    ) -> Sequence[Mapping[str, Any]]:
        rows = self._of(connection, "duckdb_constraints()", "table_name", table, schema, **kw)
        found = [row for row in rows if row["constraint_type"] == kind]
        return sorted(found, key=lambda row: row["constraint_index"])


def _column(row: Mapping[str, Any]) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": row["column_name"],
        "type": read(row["data_type"]),
        "nullable": row["is_nullable"],
        "default": row["column_default"],
        "comment": row["comment"],
    }
    if row["is_generated"]:
        column["default"] = None
        column["computed"] = {
            "sqltext": _generation(row["generation_expression"], row["data_type"])
        }
    elif (row["column_default"] or "").startswith("nextval("):
        column["autoincrement"] = True
    return column


def _generation(expression: str, kind: str) -> str:
    """An expression without the cast to the column's type that DuckDB adds."""
    return _bare(expression.removeprefix("CAST(").removesuffix(f" AS {kind})"))


def _bare(expression: str) -> str:
    """An expression without the brackets that are around all of it."""
    depth = 0
    for index, letter in enumerate(expression):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and index < len(expression) - 1:
            return expression
    return expression[1:-1]


def _index(row: Mapping[str, Any]) -> dict[str, Any]:
    names = [None if one.startswith("(") else parts_of(one)[0] for one in row["listed"]]
    index = {"name": row["index_name"], "unique": row["is_unique"], "column_names": names}
    if None in names:
        shown = zip(names, row["listed"], strict=True)
        index["expressions"] = [name or _bare(one) for name, one in shown]
    return index


def _rows(connection: Any, sql: str, **values: Any) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = connection.execute(text(sql), values).mappings().all()
    return found


def _names(connection: Any, what: str, schema: str | None) -> list[str]:
    """The names of tables, views or sequences in a schema, in order."""
    database, within = _split(schema)
    others = "" if what == "sequence" else " AND NOT internal"
    rows = _rows(
        connection,
        f"SELECT {what}_name AS name FROM duckdb_{what}s()"
        " WHERE database_name = coalesce(:database, current_database())"
        f" AND schema_name = coalesce(:schema, system.main.current_schema()){others} ORDER BY ALL",
        database=database,
        schema=within,
    )
    return [row["name"] for row in rows]


def _split(schema: str | None) -> tuple[str | None, str | None]:
    """The database and the schema in it; None for the current ones."""
    if schema is None:
        return None, None
    *database, within = parts_of(schema)
    return (database[0] if database else None), within
