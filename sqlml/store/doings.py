"""What steps were made of, and have met, when they were last done: a plan says what is new."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.store.ledger import Ledger

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Doing:
    """made_of: the parts of what a step does, as short texts. met: digests of its sources.

    target: the table or model that it is there for. static_hash: of all its parts.
    """

    static_hash: str
    operation: str
    target: str
    step: str
    made_of: Mapping[str, str]
    met: Mapping[str, str]


class Doings:
    """One for each thing that was done: the last time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def note(self, doing: Doing) -> None:
        """Remember that something was done."""
        made_of, met = json.dumps(dict(doing.made_of)), json.dumps(dict(doing.met))
        self._ledger.write(
            "INSERT OR REPLACE INTO doings VALUES (?, ?, ?, ?, ?, ?, ?)",
            (doing.static_hash, doing.operation, doing.target, doing.step, made_of, met,
             time.time()),
        )  # fmt: skip

    def last(self, operation: str, target: str, step: str) -> Doing | None:
        """What was done last for a table or model; where there is none, by a step of that name."""
        return self._find(
            "operation = ? AND target = ? AND (target > '' OR step = ?) ORDER BY used DESC LIMIT 1",
            (operation, target, step),
        )

    def of(self, static_hash: str) -> Doing | None:
        """The last time that just this was done."""
        return self._find("static_hash = ?", (static_hash,))

    def tidy(self) -> None:
        """Forget the oldest ones beyond a bound."""
        self._ledger.write(
            "DELETE FROM doings WHERE used <="
            " (SELECT used FROM doings ORDER BY used DESC LIMIT 1 OFFSET ?)",
            (_MOST,),
        )

    def _find(self, where: str, values: tuple[str, ...]) -> Doing | None:
        found = self._ledger.row(
            f"SELECT static_hash, operation, target, step, made_of, met FROM doings WHERE {where}",
            values,
        )
        if found is None:
            return None
        static_hash, operation, target, step, made_of, met = found
        return Doing(static_hash, operation, target, step, json.loads(made_of), json.loads(met))
