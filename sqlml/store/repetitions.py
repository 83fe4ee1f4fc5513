"""The last runs of one workflow, as what they tell about the next one."""

from collections.abc import Sequence
from itertools import groupby

from sqlml.store.ledger import Ledger

_STEPS = """
SELECT runs.number, steps.name, key,
    CASE steps.outcome WHEN 'succeeded' THEN steps.finished - steps.started END
FROM (SELECT * FROM runs WHERE name = ? AND id <> ? ORDER BY number DESC LIMIT ?) AS runs
JOIN steps ON steps.run = runs.id WHERE key <> '' ORDER BY runs.number
"""


class Repetitions:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def of(
        self, workflow: str, most: int, *, before: str
    ) -> Sequence[Sequence[tuple[str, str, float | None]]]:
        """The last runs, oldest first: names, keys and seconds of their steps.

        before: a run that does not count. Seconds are None for what did not run, or not well.
        """
        rows = self._ledger.rows(_STEPS, (workflow, before, most))
        return [[row[1:] for row in run] for _, run in groupby(rows, key=lambda row: row[0])]
