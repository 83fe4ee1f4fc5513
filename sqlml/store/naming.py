"""How a model's name is compared, and how it is spelled on disk."""

import hashlib
import re
import unicodedata

_LONGEST = 120


def folded(name: str) -> str:
    """The name as it is compared: case and Unicode composition do not matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folder_name(name: str) -> str:
    """A folder name that every file system takes; different for names that differ when folded."""
    plain = folded(name)
    safe = re.sub(r"[^a-z0-9_.-]|^\.|\.$", _escaped, plain)
    if len(safe) <= _LONGEST:
        return safe
    return f"{safe[:_LONGEST]}-{hashlib.sha256(plain.encode()).hexdigest()[:16]}"


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02x}" for byte in match[0].encode(errors="surrogatepass"))
