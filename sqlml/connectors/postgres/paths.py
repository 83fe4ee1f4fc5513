"""The schemas in which a client's names are looked for."""

from sqlml.connectors.dbapi import Connection
from sqlml.quoting import identifier, literal, parts

_KNOWN = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database()"


def on_path(connection: Connection, path: str) -> None:
    """Look for names in these schemas, in their order; what does not exist counts for nothing."""
    wanted = [_name(each.strip()) for each in path.split(",")]
    with connection.reporting(), connection.client.running("") as own:
        connection.settle()
        known = {name for (name,) in own.execute(_KNOWN).fetchall()}
        names = ["main" if each == "public" and each not in known else each for each in wanted]
        chosen = dict.fromkeys([name for name in names if name in known] or ["main"])
        own.execute(f"SET search_path = {literal(','.join(map(identifier, chosen)))}")
    connection.redefine()


def _name(written: str) -> str:
    """A schema's name; it may be in single quotes, too."""
    bare = written.strip("'")
    return parts(bare)[0] if bare.startswith('"') else bare if bare != written else bare.lower()
