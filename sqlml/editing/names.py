"""The tables, columns and models that a program can name."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlml.databases.database import Column, Database
from sqlml.planner.tables import table_key
from sqlml.quoting import identifier
from sqlml.store.store import Store

_COLUMNS = """
SELECT CASE WHEN schema_name = current_schema() AND database_name = current_database()
                 OR database_name = 'temp' THEN table_name
            WHEN database_name = current_database() THEN schema_name || '.' || table_name
            ELSE database_name || '.' || schema_name || '.' || table_name END AS name,
       list(column_name ORDER BY column_index) AS columns,
       list(data_type ORDER BY column_index) AS types
FROM duckdb_columns() WHERE NOT internal GROUP BY name ORDER BY name
"""
_BARE = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Names:
    """tables: to their columns, as far as they are known. models: trained ones, to a few words."""

    tables: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns of a table; none where they, or it, are not known."""
        key = table_key(table)
        return next((found for name, found in self.tables.items() if table_key(name) == key), ())

    def with_more(self, tables: Iterable[str], models: Mapping[str, str]) -> "Names":
        """And those that a program makes."""
        more: dict[str, tuple[Column, ...]] = dict.fromkeys(tables, ())
        return Names({**more, **self.tables}, {**self.models, **models})


def read_names(database: Database, store: Store) -> Names:
    """The names as they are now."""
    rows = database.table(_COLUMNS).to_pylist()
    with database.rehearse() as rehearsal:
        tables: dict[str, tuple[Column, ...]] = dict.fromkeys(rehearsal.tables(), ())
    for row in rows:
        tables[row["name"]] = tuple(map(Column, row["columns"], row["types"]))
    models = {}
    for name in store.models.names():
        manifest = store.models.manifest(name)
        if manifest is not None:
            models[name] = f"{manifest.get('estimator', '')}, version {manifest['version']}"
            models |= {
                f"{name}@{alias}": f"version {version}"
                for alias, version in store.models.aliases(name).items()
            }
    return Names(tables, models)


def written(name: str) -> str:
    """A column's name as a statement would write it: in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else identifier(name)
