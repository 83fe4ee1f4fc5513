"""What a text of a manifest may refer to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """The tags that can be resolved somewhere, those of the parent included.

    prefixes: of those whose ends are not known.
    """

    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    parent: "Scope | None" = None

    def plus(self, names: Iterable[str], prefixes: Iterable[str] = ()) -> "Scope":
        return Scope(frozenset(names), tuple(prefixes), self)

    def holds(self, tag: str) -> bool:
        if tag in self.names or tag.startswith(self.prefixes):
            return True
        return self.parent is not None and self.parent.holds(tag)

    def known(self) -> Iterator[str]:
        yield from self.names
        if self.parent:
            yield from self.parent.known()
