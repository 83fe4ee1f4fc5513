"""Table and column names as SQL text."""

from sqlml.quoting import identifier, parts

__all__ = ["parts", "quoted"]


def quoted(name: str) -> str:
    """A table's name with every part in double quotes: `db.t` and `"db".t` become `"db"."t"`."""
    return ".".join(identifier(part) for part in parts(name))
