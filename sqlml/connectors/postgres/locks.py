"""Locks on numbers that clients agree upon: PostgreSQL's advisory locks."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

_PAUSE = 0.02  # seconds


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a lock, and how. lasts: beyond the transaction."""

    owner: int
    is_shared: bool
    lasts: bool


@dataclass(slots=True)
class Locks:
    """Of one server. Whoever holds a lock may take it again, and gives it as often."""

    _held: dict[str, list[Held]] = field(default_factory=dict)
    _changing: Lock = field(default_factory=Lock)

    def take(self, key: str, wanted: Held) -> bool:
        """Whether it is the owner's now."""
        with self._changing:
            own = self._held.setdefault(key, [])
            others = [each for each in own if each.owner != wanted.owner]
            if others and not (wanted.is_shared and all(each.is_shared for each in others)):
                return False
            own.append(wanted)
            return True

    def wait(self, key: str, wanted: Held, is_over: Callable[[], bool]) -> None:
        """Take it once it is free, unless nobody wants it any more."""
        while not is_over() and not self.take(key, wanted):
            time.sleep(_PAUSE)

    def give(self, key: str, wanted: Held) -> bool:
        """Whether the owner has held it."""
        with self._changing:
            own = self._held.get(key, [])
            if wanted not in own:
                return False
            own.remove(wanted)
            return True

    def leave(self, owner: int, *, all_of_it: bool = False) -> None:
        """Give what an owner has taken for a transaction, which has ended, or all of it."""
        if not self._held:
            return
        with self._changing:
            for key, held in list(self._held.items()):
                left = [x for x in held if x.owner != owner or (x.lasts and not all_of_it)]
                self._held[key] = left
                if not left:
                    del self._held[key]
