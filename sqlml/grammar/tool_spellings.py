"""How tools write calls of PREDICT: `PREDICT(MODEL 'm', TABLE t)`.

sqlglot up to 28, through which Superset sends all SQL, takes PREDICT for the function of BigQuery.
"""

import re

from sqlml.grammar.tokens import Token, scan
from sqlml.source import Source

_MAY_BE = re.compile(r"\bPREDICT\s*\(\s*MODEL\b", re.IGNORECASE)


def without_tool_spellings(source: Source, dialect: str = "duckdb") -> Source:
    """The program with blanks for MODEL and TABLE in such calls: all else stays at its place."""
    if not _MAY_BE.search(source.text):
        return source
    text, tokens = source.text, list(scan(source.text, dialect))
    for index in range(len(tokens)):
        for word in _superfluous(tokens[index : index + 6]):
            text = text[: word.start] + " " * len(word.text) + text[word.end :]
    return source if text == source.text else Source(source.name, text, source)


def _superfluous(tokens: list[Token]) -> list[Token]:
    words = [token.keyword or token.kind for token in tokens]
    match words:
        case ["PREDICT", "(", "MODEL", "string", ",", "TABLE"]:
            return [tokens[2], tokens[5]]
        case ["PREDICT", "(", "MODEL", "string", *_]:
            return [tokens[2]]
        case _:
            return []
