"""Kinds of statements that the server does itself, or that DuckDB has not."""

_SAVEPOINTS = frozenset({"SAVEPOINT", "RELEASE"})  # only going back to one cannot be done
OF_SESSION = frozenset(
    {
        "SET",
        "RESET",
        "DISCARD",
        "DEALLOCATE",
        "PREPARE",
        "LISTEN",
        "UNLISTEN",
        "NOTIFY",
        *_SAVEPOINTS,
    }
)
ABSENT = {
    "LOCK": "transactions see one state",
    "DO": "", "GRANT": "roles are in the file of users", "REVOKE": "roles are in the file of users",
}  # fmt: skip
"""Statements of PostgreSQL that DuckDB does not have, with what there is instead."""
IN_TWO_PHASES = frozenset(
    {("PREPARE", "TRANSACTION"), ("COMMIT", "PREPARED"), ("ROLLBACK", "PREPARED")}
)
SILENT = frozenset({
    "COPY", "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", *ABSENT, *OF_SESSION,
})  # fmt: skip
