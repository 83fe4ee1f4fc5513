"""SQLAlchemy's expressions, types and schemas in DuckDB's SQL."""

from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.sql import compiler

from sqlml.connectors.sqlalchemy.types import written_choices, written_fields


class SqlCompiler(compiler.SQLCompiler):
    """Queries, INSERT, UPDATE and DELETE."""

    # ON CONFLICT is PostgreSQL's, as its `insert()` builds it.
    visit_on_conflict_do_nothing = PGCompiler.visit_on_conflict_do_nothing
    visit_on_conflict_do_update = PGCompiler.visit_on_conflict_do_update
    _on_conflict_target = PGCompiler._on_conflict_target

    def limit_clause(self, select: Any, **kw: Any) -> str:
        text = ""
        if select._limit_clause is not None:
            text += "\n LIMIT " + self.process(select._limit_clause, **kw)
        if select._offset_clause is not None:
            text += "\n OFFSET " + self.process(select._offset_clause, **kw)
        return text

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        """Nobody waits for a row here: of two that change it, the second one fails."""
        return ""

    def visit_empty_set_expr(self, element_types: Any, **kw: Any) -> str:
        columns = ", ".join(
            f"CAST(NULL AS {self.dialect.type_compiler_instance.process(kind)})"
            if not isinstance(kind, sqltypes.NullType)
            else "NULL"
            for kind in element_types or [sqltypes.INTEGER()]
        )
        return f"SELECT {columns} WHERE 1 != 1"

    def visit_sequence(self, sequence: Any, **kw: Any) -> str:
        return f"nextval('{self.preparer.format_sequence(sequence)}')"

    def get_select_precolumns(self, select: Any, **kw: Any) -> str:
        """DISTINCT, or PostgreSQL's DISTINCT ON."""
        if not select._distinct:
            return ""
        if not select._distinct_on:
            return "DISTINCT "
        listed = ", ".join(self.process(column, **kw) for column in select._distinct_on)
        return f"DISTINCT ON ({listed}) "

    def update_from_clause(
        self, update_stmt: Any, from_table: Any, extra_froms: Any, from_hints: Any, **kw: Any
    ) -> str:
        kw["asfrom"] = True
        return "FROM " + ", ".join(
            table._compiler_dispatch(self, fromhints=from_hints, **kw) for table in extra_froms
        )

    def delete_extra_from_clause(
        self, update_stmt: Any, from_table: Any, extra_froms: Any, from_hints: Any, **kw: Any
    ) -> str:
        kw["asfrom"] = True
        return "USING " + ", ".join(
            table._compiler_dispatch(self, fromhints=from_hints, **kw) for table in extra_froms
        )

    def visit_bitwise_xor_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"xor({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"

    def visit_aggregate_strings_func(self, fn: Any, **kw: Any) -> str:
        return super().visit_aggregate_strings_func(fn, use_function_name="string_agg", **kw)

    # --- regular expressions ---

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regexp("regexp_matches", binary, binary.right, **kw)

    def visit_not_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return "NOT " + self.visit_regexp_match_op_binary(binary, operator, **kw)

    def visit_regexp_replace_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regexp("regexp_replace", binary, binary.right, **kw)

    def _regexp(self, function: str, binary: Any, pattern: Any, **kw: Any) -> str:
        arguments = [self.process(binary.left, **kw), self.process(pattern, **kw)]
        flags = binary.modifiers["flags"]
        if flags is not None:
            arguments.append(self.render_literal_value(flags, sqltypes.STRINGTYPE))
        return f"{function}({', '.join(arguments)})"

    # --- what is inside a value ---

    def visit_json_getitem_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        place = f"({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"
        if binary.type._type_affinity is sqltypes.JSON:
            return f"json_extract{place}"
        kind = self.dialect.type_compiler_instance.process(binary.type)
        return f"CAST(json_extract_string{place} AS {kind})"

    visit_json_path_getitem_op_binary = visit_json_getitem_op_binary

    def visit_getitem_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"{self.process(binary.left, **kw)}[{self.process(binary.right, **kw)}]"


class DdlCompiler(compiler.DDLCompiler):
    """Tables, indexes and sequences.

    DuckDB counts by sequences only: a key that counts by itself has one of its own, which comes and
    goes with the table.
    """

    def visit_create_table(self, create: Any, **kw: Any) -> str:
        table = create.element
        temporary = "TEMPORARY " if "TEMPORARY" in table._prefixes else ""
        sequences = [
            f"CREATE {temporary}SEQUENCE IF NOT EXISTS {self._sequence(column)}"
            f" {self.get_identity_options(column.identity) if column.identity else ''};"
            for column in _counting(table)
        ]
        return "".join(sequences) + super().visit_create_table(create, **kw)

    def visit_drop_table(self, drop: Any, **kw: Any) -> str:
        sequences = [
            f";\nDROP SEQUENCE IF EXISTS {self._sequence(column)}"
            for column in _counting(drop.element)
        ]
        return super().visit_drop_table(drop, **kw) + "".join(sequences)

    def get_column_specification(self, column: Any, **kwargs: Any) -> str:
        kind = self.dialect.type_compiler_instance.process(column.type, type_expression=column)
        parts = [self.preparer.format_column(column), kind]
        default = self.get_column_default_string(column)
        if column in _counting(column.table):
            default = f"nextval('{self._sequence(column)}')"
        if default is not None:
            parts.append(f"DEFAULT {default}")
        if column.computed is not None:
            parts.append(self.process(column.computed))
        if not column.nullable:
            parts.append("NOT NULL")
        return " ".join(parts)

    def visit_computed_column(self, generated: Any, **kw: Any) -> str:
        expression = self.sql_compiler.process(
            generated.sqltext, include_table=False, literal_binds=True
        )
        stored = " STORED" if generated.persisted else ""
        return f"GENERATED ALWAYS AS ({expression}){stored}"

    def _sequence(self, column: Any) -> str:
        """The sequence of a column that counts by itself."""
        name = self.preparer.quote(f"{column.table.name}_{column.name}_seq")
        schema = self.preparer.schema_for_object(column.table)
        return name if schema is None else f"{self.preparer.quote_schema(schema)}.{name}"


def _counting(table: Any) -> list[Any]:
    """The columns that count by themselves: without a sequence that is given."""
    if table is None:
        return []
    key = table._autoincrement_column
    is_free = (
        key is not None
        and key.server_default is None
        and (key.default is None or getattr(key.default, "optional", False))
    )
    return [column for column in table.columns if column.identity or (is_free and column is key)]


class TypeCompiler(compiler.GenericTypeCompiler):
    """Types as DuckDB calls them."""

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:
        """Without a precision, Python's."""
        is_single = type_.precision is not None and type_.precision <= 24
        return "REAL" if is_single else "DOUBLE"

    def visit_DOUBLE(self, type_: Any, **kw: Any) -> str:
        return "DOUBLE"

    visit_DOUBLE_PRECISION = visit_DOUBLE

    def visit_NUMERIC(self, type_: Any, **kw: Any) -> str:
        """Without a precision as wide as there is: DuckDB's own DECIMAL keeps three decimals."""
        if type_.precision is None:
            return "DECIMAL(38, 10)" if type_.scale is None else f"DECIMAL(38, {type_.scale})"
        return f"DECIMAL({type_.precision}, {type_.scale or 0})"

    visit_DECIMAL = visit_NUMERIC

    def visit_TIMESTAMP(self, type_: Any, **kw: Any) -> str:
        return "TIMESTAMP WITH TIME ZONE" if type_.timezone else "TIMESTAMP"

    visit_DATETIME = visit_TIMESTAMP

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        return "TIME WITH TIME ZONE" if type_.timezone else "TIME"

    def visit_BLOB(self, type_: Any, **kw: Any) -> str:
        return "BLOB"

    visit_BINARY = visit_BLOB
    visit_VARBINARY = visit_BLOB
    visit_large_binary = visit_BLOB

    def visit_TEXT(self, type_: Any, **kw: Any) -> str:
        return self._collated("VARCHAR", type_)

    visit_CLOB = visit_TEXT
    visit_NCLOB = visit_TEXT

    def visit_VARCHAR(self, type_: Any, **kw: Any) -> str:
        length = f"({type_.length})" if type_.length else ""
        return self._collated(f"VARCHAR{length}", type_)

    visit_NVARCHAR = visit_VARCHAR
    visit_CHAR = visit_VARCHAR
    visit_NCHAR = visit_VARCHAR

    def visit_enum(self, type_: Any, **kw: Any) -> str:
        if not type_.native_enum:
            return super().visit_enum(type_, **kw)
        choices = written_choices(type_.enums)
        is_format = self.dialect.paramstyle in ("format", "pyformat")
        return f"ENUM({choices.replace('%', '%%') if is_format else choices})"

    visit_ENUM = visit_enum

    def visit_JSON(self, type_: Any, **kw: Any) -> str:
        return "JSON"

    def visit_UUID(self, type_: Any, **kw: Any) -> str:
        return "UUID"

    def visit_INTERVAL(self, type_: Any, **kw: Any) -> str:
        return "INTERVAL"

    def visit_ARRAY(self, type_: Any, **kw: Any) -> str:
        return self.process(type_.item_type, **kw) + "[]" * (type_.dimensions or 1)

    def visit_STRUCT(self, type_: Any, **kw: Any) -> str:
        return f"STRUCT({written_fields(type_.fields, self.process)})"

    def visit_UNION(self, type_: Any, **kw: Any) -> str:
        return f"UNION({written_fields(type_.members, self.process)})"

    def visit_MAP(self, type_: Any, **kw: Any) -> str:
        return f"MAP({self.process(type_.key)}, {self.process(type_.value)})"

    def visit_duckdb_named(self, type_: Any, **kw: Any) -> str:
        return str(type_.name)

    def _collated(self, name: str, type_: Any) -> str:
        return f"{name} COLLATE {type_.collation}" if type_.collation else name
