"""Stored models as they were before a run renamed and dropped some: what going on from it plans by.

Of a dropped model there is what DROP MODEL has kept of it: of one version, even if there were more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Changes = Sequence[Mapping[str, str]]  # outputs of ALTER MODEL and DROP MODEL, in their order


class Stored(Protocol):
    """What is asked of the store's models."""

    def manifest(self, name: str, version: int | None) -> Mapping[str, Any] | None: ...

    def aliases(self, name: str) -> Mapping[str, int]: ...

    def names(self) -> tuple[str, ...]: ...


@dataclass(slots=True)
class _Entry:
    """A model by the name it had. now: its name in the store; empty for one that was dropped.

    dropped: what is known of versions that are no more; of all of them where the key is None.
    """

    name: str
    now: str = ""
    dropped: dict[int | None, Mapping[str, Any]] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)  # that it has no more


class ModelsBefore:
    """The models of a store, the changes undone."""

    def __init__(self, stored: Stored, changes: Changes) -> None:
        self._stored = stored
        self._entries = {name.casefold(): _Entry(name, name) for name in stored.names()}
        for change in reversed(changes):
            self._undo(change)

    def manifest(self, name: str, version: int | None) -> Mapping[str, Any] | None:
        entry = self._entries.get(name.casefold())
        if entry is None:
            return None
        found = self._stored.manifest(entry.now, version) if entry.now else None
        return found or entry.dropped.get(version) or entry.dropped.get(None)

    def aliases(self, name: str) -> Mapping[str, int]:
        entry = self._entries.get(name.casefold())
        if entry is None:
            return {}
        left = self._stored.aliases(entry.now) if entry.now else {}
        return {**left, **dict.fromkeys(entry.aliases, 1)}

    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self._entries.values())

    def _undo(self, change: Mapping[str, str]) -> None:
        match change:
            case {"renamed": name, "to": to}:
                entry = self._entries.pop(to.casefold(), _Entry(to))
                entry.name = name
                self._entries[name.casefold()] = entry
            case {"dropped": reference, "known": known}:
                name, _, version = reference.partition("@")
                if not version:
                    self._entries[name.casefold()] = _Entry(name)
                self._entry(name).dropped[int(version) if version else None] = json.loads(known)
            case {"dropped_alias": reference}:
                name, _, alias = reference.partition("@")
                self._entry(name).aliases.add(alias.casefold())

    def _entry(self, name: str) -> _Entry:
        return self._entries.setdefault(name.casefold(), _Entry(name))
