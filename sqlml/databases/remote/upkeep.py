"""Copies that are as their tables are: kept while these do not change, and read when they do."""

import time
from dataclasses import dataclass, replace

from sqlml.databases.connections import Connections
from sqlml.databases.remote.copies import Copies, Copy
from sqlml.databases.remote.found import Found
from sqlml.databases.remote.server import Look
from sqlml.databases.remote.transfer import Transfer


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Of the tables that one DuckDB sees. Raises RemoteProblem where a server cannot be asked."""

    connections: Connections
    copies: Copies

    def copy(self, found: Found) -> Copy:
        """A copy that is as the table is now, with the columns that are wanted of it."""
        latest = self.copies.latest(found.identity)
        with found.database.server.look(found.table) as look:
            told = _Told.of(look, latest)
            if told.standing is not None and found.wanted <= set(told.standing.columns):
                self.copies.note(found.identity, told.standing)
                return told.standing
            kept = found.wanted.union(latest.columns if latest else ())
            columns = [column for column in found.table.columns if column.name in kept]
            transfer = Transfer(look, columns, told.state or look.state(), latest)
            return self.copies.keep(
                found.identity, found.name, lambda path: transfer.write(self.connections, path)
            )

    def fingerprint(self, found: Found) -> str | None:
        """That of the copy, if it is as the table is now."""
        latest = self.copies.latest(found.identity)
        with found.database.server.look(found.table) as look:
            told = _Told.of(look, latest)
        return told.standing.fingerprint if told.standing else None

    def remark(self, found: Found) -> str:
        """Whether a table would be read now, and why, in words."""
        latest = self.copies.latest(found.identity)
        if latest is None:
            return "is not here yet: it will be read"
        with found.database.server.look(found.table) as look:
            told = _Told.of(look, latest)
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(latest.time))
        if told.standing is None:
            has = "has" if told.state else "may have"
            return f"{has} changed since {since}: it will be read again"
        if missing := sorted(found.wanted - set(latest.columns)):
            return f"is here without `{missing[0]}`: it will be read again"
        return f"has not changed since {since}: it will not be read again"


@dataclass(frozen=True, slots=True)
class _Told:
    """What a look has told. standing: the copy, if that is as the table is now."""

    state: str
    standing: Copy | None

    @classmethod
    def of(cls, look: Look, latest: Copy | None) -> "_Told":
        settled = look.settled()
        if latest is None:
            return cls("", None)
        now = time.time()
        if settled and settled == latest.settled:
            return cls(latest.state, replace(latest, time=now))
        state = look.state()
        is_same = bool(state) and state == latest.state
        return cls(state, replace(latest, settled=settled, time=now) if is_same else None)
