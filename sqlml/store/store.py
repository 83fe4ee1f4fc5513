"""The store: a folder beside the database with its models, runs and lineage."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlml.errors import Diagnostic, ProgramError
from sqlml.store import tables
from sqlml.store.artifacts import Artifacts
from sqlml.store.chains import Chains
from sqlml.store.doings import Doings
from sqlml.store.drivers import Drivers
from sqlml.store.jobs import Jobs
from sqlml.store.ledger import Ledger
from sqlml.store.models import Models
from sqlml.store.placements import Placements
from sqlml.store.repetitions import Repetitions
from sqlml.store.reuse import ReuseMemory
from sqlml.store.runs import Runs
from sqlml.store.waits import Waits

if TYPE_CHECKING:
    import pyarrow as pa


class Store:
    """What runs leave behind. Methods may be called from several threads and processes.

    results: where result sets are kept, files: where plots and other lasting files go; both are
    made by those who write there.
    """

    def __init__(self, folder: Path, temporary: TemporaryDirectory[str] | None = None) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.files = folder / "files"
        self._temporary = temporary
        self.waits = Waits(folder, is_lasting=temporary is None)
        self._ledger = Ledger(folder / "store.sqlite")
        self.models = Models(self._ledger, folder)
        self.runs = Runs(self._ledger)
        self.chains = Chains(self._ledger, self.runs)
        self.drivers = Drivers(self._ledger)
        self.placements = Placements(self._ledger)
        self.jobs = Jobs(self._ledger)
        self.reuse = ReuseMemory(self._ledger, self.results)
        self.doings = Doings(self._ledger)
        self.repetitions = Repetitions(self._ledger)
        self.artifacts = Artifacts(self._ledger, folder)

    @classmethod
    def open(cls, folder: Path | str | None) -> "Store":
        """Open the store in `folder`, made if need be; None: a temporary one, removed when closed.

        Raises:
            SqlmlError: E0506 made by a newer sqlml, E0507 damaged, E0510 cannot be written.
        """
        if folder is None:
            temporary = TemporaryDirectory(prefix="sqlml-", ignore_cleanup_errors=True)
            return cls(Path(temporary.name), temporary)
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProgramError(
                Diagnostic(
                    "E0510",
                    f"the store `{folder}` cannot be made",
                    label=error.strerror or str(error),
                    hint="models and runs are kept in a folder beside the database",
                )
            ) from error
        return cls(folder)

    def transaction(self) -> AbstractContextManager[object]:
        """What is written inside lasts as a whole, or not at all; no other thread writes."""
        return self._ledger.transaction()

    def tables(self, reader: str | None = None) -> Mapping[str, Callable[[], "pa.Table"]]:
        """SQL names and the functions that make their tables, as they are when called.

        reader: the only author of whose runs texts are shown; None: they all are.
        """
        return tables.tables(self._ledger, reader)

    def close(self) -> None:
        try:
            self.reuse.tidy()
            self.doings.tidy()
        finally:
            self._ledger.close()
            if self._temporary is not None:
                self._temporary.cleanup()
