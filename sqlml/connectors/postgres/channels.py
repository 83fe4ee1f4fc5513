"""LISTEN and NOTIFY: what a client tells those who listen, once its transaction ends well."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from sqlml.connectors.postgres import messages
from sqlml.connectors.postgres.failures import SYNTAX, Refused
from sqlml.quoting import parts

_LARGEST = 8000  # bytes of a message
_LISTEN = re.compile(r'(?:UN)?LISTEN\s+(?P<name>"(?:[^"]|"")+"|\w+|\*)', re.IGNORECASE)
_NOTIFY = re.compile(
    r"""NOTIFY\s+(?P<name>"(?:[^"]|"")+"|\w+)\s*(?:,\s*(?:E)?'(?P<text>(?:[^']|'')*)')?""",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Listener:
    write: Callable[[bytes], None]
    names: set[str] = field(default_factory=set)
    unsent: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Channels:
    """Of one server."""

    _listeners: dict[int, _Listener] = field(default_factory=dict)
    _changing: Lock = field(default_factory=Lock)

    def enter(self, number: int, write: Callable[[bytes], None]) -> None:
        """A client comes. write: sends it a message, from any thread."""
        self._listeners[number] = _Listener(write)

    def leave(self, number: int) -> None:
        self._listeners.pop(number, None)

    def change(self, number: int, sql: str) -> None:
        """Do what LISTEN or UNLISTEN says.

        Raises:
            Refused: E0900 it is no such statement.
        """
        found = _LISTEN.fullmatch(sql.strip())
        if found is None:
            raise Refused(SYNTAX, "syntax error in LISTEN", hint="LISTEN name")
        own, name = self._listeners[number].names, _folded(found["name"])
        if name == "*":
            own.clear()
        elif sql.lstrip()[:1] in "uU":
            own.discard(name)
        else:
            own.add(name)

    def say(self, number: int, sql: str) -> None:
        """Do what NOTIFY says, when the transaction ends.

        Raises:
            Refused: E0900 it is no such statement, or too long.
        """
        found = _NOTIFY.fullmatch(sql.strip())
        if found is None:
            raise Refused(SYNTAX, "syntax error in NOTIFY", hint="NOTIFY name, 'text'")
        text = (found["text"] or "").replace("''", "'")
        if len(text.encode()) >= _LARGEST:
            raise Refused("22023", f"a message has less than {_LARGEST:,} bytes")
        self.keep(number, _folded(found["name"]), text)

    def keep(self, number: int, name: str, text: str) -> None:
        """Say something when the transaction ends; the same only once."""
        unsent = self._listeners[number].unsent
        if (name, text) not in unsent:
            unsent.append((name, text))

    def flush(self, number: int, *, well: bool) -> Sequence[bytes]:
        """Say what a transaction has kept. What its own client hears is given."""
        own = self._listeners.get(number)
        if own is None or not own.unsent:
            return ()
        said, own.unsent, heard = own.unsent, [], list[bytes]()
        for name, text in said if well else ():
            told = messages.notification(number, name, text)
            with self._changing:
                others = [
                    each for each in list(self._listeners.values())
                    if name in each.names and each is not own
                ]  # fmt: skip
                for each in others:
                    each.write(told)
            heard += [told] if name in own.names else []
        return heard


def _folded(name: str) -> str:
    return parts(name)[0] if name.startswith('"') else name.lower()
