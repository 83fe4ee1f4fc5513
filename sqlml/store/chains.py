"""Runs that went on from one another."""

from collections.abc import Mapping
from typing import Any

from sqlml.store.ledger import Ledger
from sqlml.store.runs import Runs

_CHAIN = """
WITH RECURSIVE later (id) AS (
    SELECT ? UNION SELECT runs.id FROM runs JOIN later ON resumed = later.id
), earlier (id) AS (
    SELECT ? UNION SELECT resumed FROM runs JOIN earlier USING (id) WHERE resumed <> ''
)
SELECT id FROM runs WHERE id IN (SELECT id FROM later UNION SELECT id FROM earlier)
ORDER BY number DESC
"""


class Chains:
    def __init__(self, ledger: Ledger, runs: Runs) -> None:
        self._ledger = ledger
        self._runs = runs

    def of(self, run: str) -> tuple[str, ...]:
        """The runs that went on from one another, this one among them; the newest first.

        Raises:
            ProgramError: E0508 there is no such run.
        """
        self._runs.check(run)
        return tuple(one for (one,) in self._ledger.rows(_CHAIN, (run, run)))

    def changes_of_models(self, run: str) -> tuple[Mapping[str, Any], ...]:
        """What the runs of a chain have renamed and dropped of models: their steps' outputs.

        Raises:
            ProgramError: E0508 there is no such run.
        """
        return tuple(
            step.outputs
            for one in reversed(self.of(run))
            for step in self._runs.steps(one)
            if step.operation in ("alter", "manage") and step.outcome == "succeeded"
        )
