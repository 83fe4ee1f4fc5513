"""The statements that one client has prepared, by name."""

import re
from collections.abc import ItemsView

from sqlml.connectors.postgres.failures import NO_STATEMENT, SYNTAX, TOO_COMPLEX, Refused
from sqlml.connectors.postgres.limits import MOST_PREPARED, MOST_PREPARED_TEXT
from sqlml.connectors.postgres.portals import Prepared, Text
from sqlml.quoting import parts

_DEALLOCATE = re.compile(
    r'DEALLOCATE\s+(?:PREPARE\s+)?(?P<name>"(?:[^"]|"")+"|\w+)\s*;?', re.IGNORECASE
)


class PreparedStatements:
    """As many, and as long together, as a client may have."""

    def __init__(self) -> None:
        self._known: dict[str, Prepared] = {}
        self._length = 0

    def get(self, name: str) -> Prepared:
        """Raises:
        Refused: there is none of the name.
        """
        found = self._known.get(name)
        if found is None:
            raise Refused(NO_STATEMENT, f"there is no prepared statement `{name}`")
        return found

    def items(self) -> ItemsView[str, Prepared]:
        return self._known.items()

    def check_new(self, name: str, sql: str) -> None:
        """Raises:
        Refused: there is one of the name already, or there are too many. The one without a name
            is replaced by the next.
        """
        if not name:
            return
        if name in self._known:
            raise Refused("42P05", f"there is a prepared statement `{name}` already")
        full = len(self._known) >= MOST_PREPARED or self._length + len(sql) > MOST_PREPARED_TEXT
        if full:
            message = f"{len(self._known):,} statements are prepared already, which is too much"
            hint = "close some of them: DEALLOCATE name, or DEALLOCATE ALL"
            raise Refused(TOO_COMPLEX, message, hint=hint, code="E1041")

    def add(self, name: str, prepared: Prepared) -> None:
        self.drop(name)
        self._known[name] = prepared
        self._length += len(prepared.text.sql)

    def drop(self, name: str) -> None:
        """Forget one, if it is there."""
        found = self._known.pop(name, None)
        if found is not None:
            self._length -= len(found.text.sql)

    def deallocate(self, text: Text) -> None:
        """Do what DEALLOCATE or DISCARD says.

        Raises:
            Refused: there is none of the name.
        """
        if text.first == "DISCARD" or text.words[-1] == "ALL":
            self._known.clear()
            self._length = 0
            return
        found = _DEALLOCATE.fullmatch(text.sql.strip())
        if found is None:
            raise Refused(SYNTAX, "syntax error in DEALLOCATE")
        name = found["name"]
        name = parts(name)[0] if name.startswith('"') else name.lower()
        self.get(name)
        self.drop(name)
