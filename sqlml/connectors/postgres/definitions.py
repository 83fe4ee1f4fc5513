"""What a statement would create, rename or drop: an object's kind and its new name."""

from dataclasses import dataclass

from sqlml.connectors.postgres.reserved import DATABASES, OURS, reserved
from sqlml.connectors.postgres.words import Words

_MODIFIERS = frozenset({
    "or", "replace", "temp", "temporary", "unlogged", "persistent", "unique", "global", "local",
    "recursive",
})  # fmt: skip
KINDS = frozenset({
    "table", "view", "index", "sequence", "type", "schema", "macro", "function", "on",
})  # fmt: skip
"""What who writes tables may create, alter and drop; `on` as in COMMENT ON."""


@dataclass(frozen=True, slots=True)
class Defined:
    """name: what it will be called, without its schema, in lower case."""

    kind: str
    name: str

    @property
    def is_reserved(self) -> bool:
        """Whether others' statements would find it in place of what they mean."""
        if self.name.startswith(OURS):
            return True
        match self.kind:
            case "macro" | "function":
                return self.name in reserved().functions
            case "table" | "view":
                return self.name in reserved().relations
            case "schema":
                return self.name in DATABASES
            case _:
                return False


def defined(words: Words) -> Defined:
    """The object of a CREATE, an ALTER or a DROP."""
    left = [*words.folded[1:], ""]
    while left[0] in _MODIFIERS:
        del left[0]
    kind = left.pop(0)
    if kind in ("macro", "function") and left[0] == "table":
        del left[0]
    for condition in (["if", "not", "exists"], ["if", "exists"]):
        if left[: len(condition)] == condition:
            del left[: len(condition)]
    renamed = [i for i, word in enumerate(left) if left[i : i + 2] == ["rename", "to"]]
    if renamed:
        return Defined(kind, left[renamed[0] + 2])
    name = next(iter(left), "")
    while left[1:2] == ["."]:
        left, name = left[2:], left[2]
    return Defined(kind, name)
