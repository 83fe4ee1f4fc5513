"""Program text without the passwords in it, for what is written down or shown."""

import re

from sqlml.grammar.tokens import scan

_SECRET = r"password|passwd|pwd|secret|token|credential|access_key|api_key"
_SUSPICIOUS = re.compile(rf"{_SECRET}|://", re.IGNORECASE)
_GIVEN = re.compile(rf"((?:{_SECRET})\s*=\s*)[^\s;&'\"]+", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"(://[^/:@\s'\"]*:)[^@\s'\"]+@")
_FIRST_WORDS = 6

HIDDEN = "***"


def without_secrets(text: str, dialect: str = "duckdb") -> str:
    """The text with `***` for strings of CREATE SECRET and of SET with a secret's name, and for
    passwords in connection strings and addresses, wherever they stand."""
    if not _SUSPICIOUS.search(text):
        return text
    parts: list[str] = []
    words: list[str] = []
    position = 0
    for token in scan(text, dialect):
        if token.text == ";" or (token.keyword == "AS" and "JOB" in words):
            words = []
        elif len(words) < _FIRST_WORDS:
            words.append(token.keyword)
        if token.kind in {"string", "quoted"}:
            shown = f"'{HIDDEN}'" if _tells_secrets(words) else _masked(token.text)
            parts += [text[position : token.start], shown]
            position = token.end
    return "".join([*parts, text[position:]])


def _tells_secrets(words: list[str]) -> bool:
    """Whether a statement that begins like this is about secrets."""
    match words:
        case ["BEGIN", *rest]:
            return _tells_secrets(rest)
        case ["CREATE", *rest]:
            return "SECRET" in rest
        case ["SET" | "PRAGMA", *rest]:
            return any(re.search(_SECRET, word, re.IGNORECASE) for word in rest)
        case _:
            return False


def _masked(text: str) -> str:
    return _IN_ADDRESS.sub(rf"\1{HIDDEN}@", _GIVEN.sub(rf"\1{HIDDEN}", text))
