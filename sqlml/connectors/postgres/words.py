"""The words of a statement, as DuckDB's own tokenizer divides it: ours could see others."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb

_COMMENT = duckdb.token_type.comment
_NAMED = (duckdb.token_type.identifier, duckdb.token_type.keyword)


@dataclass(frozen=True)
class Words:
    """tokens: without comments. is_name: whether each of them is a name or a keyword."""

    tokens: Sequence[str]
    is_name: Sequence[bool]
    _content: bytes
    _starts: Sequence[int]

    @classmethod
    def of(cls, sql: str) -> "Words":
        """Raises duckdb.Error where the text has no tokens, as a string without an end."""
        content = sql.encode()
        found = duckdb.tokenize(sql)
        ends = [start for start, _ in found[1:]] + [len(content)]
        told = [
            (content[start:end].strip().decode(), kind in _NAMED, start)
            for (start, kind), end in zip(found, ends, strict=True)
            if kind != _COMMENT
        ]
        tokens, is_name, starts = zip(*told, strict=True) if told else ((), (), ())
        return cls(tokens, is_name, content, starts)

    def rest(self, index: int) -> str:
        """The text from a token on."""
        return self._content[self._starts[index] :].decode()

    @cached_property
    def folded(self) -> Sequence[str]:
        """Names as they are compared, without their quotes; other tokens as they are."""
        return [
            unquoted(token) if named else token
            for token, named in zip(self.tokens, self.is_name, strict=True)
        ]

    @property
    def names(self) -> frozenset[str]:
        """All names and keywords."""
        return frozenset(
            name for name, named in zip(self.folded, self.is_name, strict=True) if named
        )

    @property
    def called(self) -> frozenset[str]:
        """Names with a bracket behind them: functions, and some that are none."""
        behind = self.folded[1:]
        named = zip(self.folded, self.is_name, behind, strict=False)
        return frozenset(name for name, is_name, after in named if is_name and after[:1] == "(")

    @property
    def is_one(self) -> bool:
        """Whether it is one statement; a `;` may stand at its end."""
        return not any(";" in token for token in self.tokens[:-1] if token[:1] not in "'\"$eE")


def unquoted(name: str) -> str:
    """A name as it is compared."""
    plain = name[1:-1].replace('""', '"') if name.startswith('"') else name
    return plain.casefold()
