"""Which steps must wait for which: from the tables and models that they read and write."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

ANY = ""  # a member that may be any of its kind


class Resource(NamedTuple):
    """Something that steps read and write: `member` of the `kind`.

    Members of one kind are independent of each other, but ANY may be any of them.
    """

    kind: tuple[str, str]
    member: str = ANY


@dataclass(slots=True)
class _Track:
    """The step that wrote something last, and those that have read it since."""

    writer: str | None
    readers: list[str] = field(default_factory=list)

    def steps(self) -> list[str]:
        return self.readers or ([self.writer] if self.writer else [])


@dataclass(slots=True)
class _Kind:
    """All of a kind. all: the step that last touched every member. members: touched since."""

    all: str | None = None
    members: dict[str, _Track] = field(default_factory=dict)


class Dependencies:
    """Told of steps in their order, it says for each what it has to wait for.

    A step that reads waits for the last one that wrote; a step that writes waits for those that
    have read since, too. The work for all steps is linear in what they touch.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._barrier: str | None = None
        self._since: dict[str, None] = {}  # steps since the barrier that no other waits for

    def add(
        self, step: str, reads: Iterable[Resource] = (), writes: Iterable[Resource] = ()
    ) -> tuple[str, ...]:
        """The steps that `step` waits for, each once."""
        found: dict[str, None] = {}
        written = dict.fromkeys(writes)
        for resource in written:
            found.update(dict.fromkeys(self._write(step, resource)))
        for resource in dict.fromkeys(reads):
            if resource not in written:
                found.update(dict.fromkeys(self._read(step, resource)))
        found.pop(step, None)
        if not found and self._barrier is not None:
            found[self._barrier] = None
        for name in found:
            self._since.pop(name, None)
        self._since[step] = None
        return tuple(found)

    def add_barrier(self, step: str) -> tuple[str, ...]:
        """As `add`, for a step that waits for all before it, and that all after it wait for."""
        found = tuple(self._since) or ((self._barrier,) if self._barrier else ())
        self._kinds.clear()
        self._since = {step: None}
        self._barrier = step
        return found

    def _read(self, step: str, resource: Resource) -> list[str]:
        kind = self._kinds.setdefault(resource.kind, _Kind())
        if _is_mixed(kind, resource.member):
            return self._write(step, resource)
        track = kind.members.setdefault(resource.member, _Track(kind.all))
        track.readers.append(step)
        return [track.writer] if track.writer else []

    def _write(self, step: str, resource: Resource) -> list[str]:
        kind = self._kinds.setdefault(resource.kind, _Kind())
        if _is_mixed(kind, resource.member):
            found = [name for track in kind.members.values() for name in track.steps()]
            self._kinds[resource.kind] = _Kind(step)
            return found
        track = kind.members.get(resource.member, _Track(kind.all))
        kind.members[resource.member] = _Track(step)
        return track.steps()


def _is_mixed(kind: _Kind, member: str) -> bool:
    """Whether a member may be the same as another one that is known under another name."""
    if member == ANY:
        return any(known != ANY for known in kind.members)
    return ANY in kind.members
