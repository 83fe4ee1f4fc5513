"""Which of several names a pattern means, in time that grows no faster than the names.

Patterns are those of RE2, as in DuckDB: Python's own could take for ever, and hold up all others
in the process.
"""

import re
from collections.abc import Sequence

_PIECES = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)
_LETTERS = r"\pL\pN_"


def matching(pattern: str, names: Sequence[str]) -> Sequence[bool]:
    """Whether each of the names is, as a whole and in any case, what the pattern describes.

    Raises:
        ValueError: it is no pattern.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = f"^(?:{_with_all_letters(pattern)})$"
    found = pc.match_substring_regex(pa.array(names, pa.string()), whole, ignore_case=True)
    return list(found.to_pylist())


def _with_all_letters(pattern: str) -> str:
    r"""The pattern with a `\w` that knows more letters than those of ASCII."""
    written, in_brackets = [], False
    for piece in _PIECES.findall(pattern):
        letters = _LETTERS if in_brackets else f"[{_LETTERS}]"
        written.append(letters if piece == r"\w" else piece)
        in_brackets = piece[0] == "[" or (in_brackets and piece != "]")
    return "".join(written)
