"""The record of the runs that engines do: where each of them is."""

from dataclasses import astuple, dataclass, fields

from sqlml.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an engine has a run. namespace: of the cluster, or the URL of the engine's server.
    api_version, kind: of the cluster's object that is the run, as manifests have them."""

    run: str
    engine: str
    namespace: str
    api_version: str
    kind: str
    name: str


class Placements:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def put(self, placement: Placement) -> None:
        """Record where a run is, instead of what was recorded before."""
        self._ledger.write(
            "INSERT OR REPLACE INTO placements VALUES (?, ?, ?, ?, ?, ?)", astuple(placement)
        )

    def find(self, run: str) -> Placement | None:
        """Where a run is; None for one that is done here, or is not known."""
        columns = ", ".join(one.name for one in fields(Placement))
        row = self._ledger.row(f"SELECT {columns} FROM placements WHERE run = ?", (run,))
        return Placement(*row) if row else None
