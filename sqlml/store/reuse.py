"""What steps have left behind, by the key of what they were given."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlml.store.ledger import Ledger

_RESULT_SECONDS = 24 * 3600  # how long a result set that no key leads to is kept


@dataclass(frozen=True, slots=True)
class Memory:
    """What was remembered, and the run that did the work."""

    outputs: Mapping[str, Any]
    run: str


class ReuseMemory:
    """Keys to outputs. The keys used longest ago are forgotten when there are too many."""

    def __init__(self, ledger: Ledger, results: Path, *, most: int = 10_000) -> None:
        """results: the folder of result sets. most: how many keys to keep."""
        self._ledger = ledger
        self._results = results
        self._most = most

    def remember(self, key: str, outputs: Mapping[str, Any], run: str) -> None:
        """outputs: anything that JSON can hold."""
        self._ledger.write(
            "INSERT OR REPLACE INTO reuse VALUES (?, ?, ?, ?)",
            (key, json.dumps(outputs), run, time.time()),
        )

    def recall(self, key: str) -> Memory | None:
        found = self._ledger.row("SELECT outputs, run FROM reuse WHERE key = ?", (key,))
        if found is None:
            return None
        self._ledger.write("UPDATE reuse SET used = ? WHERE key = ?", (time.time(), key))
        return Memory(json.loads(found[0]), found[1])

    def tidy(self) -> None:
        """Forget the oldest keys beyond the bound; remove old result sets that no key leads to."""
        (count,) = self._ledger.row("SELECT count(*) FROM reuse") or (0,)
        if count > self._most * 1.1:  # not every time
            self._ledger.write(
                "DELETE FROM reuse WHERE used <="
                " (SELECT used FROM reuse ORDER BY used DESC LIMIT 1 OFFSET ?)"
                " AND key NOT IN (SELECT key FROM artifacts)",
                (self._most,),
            )
        if not self._results.is_dir():
            return
        before = time.time() - _RESULT_SECONDS
        old = [path for path in self._results.iterdir() if path.stat().st_mtime < before]
        if old:
            kept = {
                self._result(text) for (text,) in self._ledger.rows("SELECT outputs FROM reuse")
            }
            for path in old:
                if path.name not in kept:
                    path.unlink(missing_ok=True)

    @staticmethod
    def _result(outputs: str) -> str | None:
        """The file of the result set that remembered outputs name."""
        content = json.loads(outputs)
        named = content.get("outputs", content) if isinstance(content, dict) else {}
        result: str | None = named.get("result")
        return result
