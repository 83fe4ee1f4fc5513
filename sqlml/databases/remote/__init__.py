"""Tables of databases elsewhere, read as Arrow and kept here while they do not change."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.databases.remote.server import Driver

# By how addresses begin; what each opens is a Server.
DRIVERS: "Registry[Driver]" = Registry(
    "kind of remote database",
    "sqlml.remote_databases",
    "E1061",
    {
        "postgres": "sqlml.databases.remote.postgresql:PostgreSQL",
        "postgresql": "sqlml.databases.remote.postgresql:PostgreSQL",
        "sqlite": "sqlml.databases.remote.sqlite:SQLite",
    },
)
