"""The words that the grammar gives a meaning, where a decision is taken before it is asked."""

from collections.abc import Iterable

CLAUSES = {
    "TRAIN": ("WITH", "COLUMN", "LABEL", "USING", "INTO"),
    "PREDICT": ("WITH", "USING"),
    "EVALUATE": ("WITH", "LABEL", "INTO"),
    "EXPLAIN": ("WITH", "USING", "INTO"),
    "CHECK": ("WITH", "INTO"),
    "RUN": ("CMD", "INTO"),
    "MAXIMIZE": ("CONSTRAINT", "WITH", "USING", "INTO"),
    "MINIMIZE": ("CONSTRAINT", "WITH", "USING", "INTO"),
}
"""The clauses that each verb takes; the verb is what stands after TO."""

VERBS = frozenset(CLAUSES)
CLAUSE_WORDS = frozenset(word for words in CLAUSES.values() for word in words)

QUERY_STARTS = frozenset({"SELECT", "WITH", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT", "("})
"""How a statement begins that may have a TO clause behind it."""

TO_IS_SQL = frozenset({
    "ALTER", "BACKUP", "COMMENT", "COPY", "EXPORT", "GRANT", "IMPORT", "PREPARE", "RENAME", "RESET",
    "REVOKE", "ROLLBACK", "SET",
})  # fmt: skip
"""How a statement begins in which TO belongs to SQL, whatever follows it."""

INTERVAL_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})

SESSION_STARTS = frozenset({
    "ABORT", "ATTACH", "BEGIN", "CLOSE", "COMMIT", "DEALLOCATE", "DECLARE", "DETACH", "END",
    "EXECUTE", "FETCH", "INSTALL", "LOAD", "PRAGMA", "PREPARE", "RELEASE", "RESET", "ROLLBACK",
    "SAVEPOINT", "SET", "START", "USE",
})  # fmt: skip
"""How a statement begins that changes the state of a connection, or depends on it."""

STATEMENT_STARTS = frozenset({
    "ALTER", "ANALYZE", "ATTACH", "BEGIN", "CALL", "CHECKPOINT", "COMMIT", "COPY", "CREATE",
    "DELETE", "DESC", "DESCRIBE", "DETACH", "DROP", "EXPLAIN", "EXPORT", "FROM", "GRANT", "INSERT",
    "INSTALL", "LOAD", "MERGE", "PIVOT", "PRAGMA", "REVOKE", "ROLLBACK", "SELECT", "SET", "SHOW",
    "SUMMARIZE", "TABLE", "TRUNCATE", "UNPIVOT", "UPDATE", "USE", "VACUUM", "VALUES",
})  # fmt: skip
"""Words whose sight behind a clause means that a `;` is missing in front of them."""


def one_of(words: Iterable[str]) -> str:
    """Words as a sentence lists them: `A, B or C`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
