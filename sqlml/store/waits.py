"""Steps that wait for a person: a file stands for each, until someone takes it away."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote


@dataclass(frozen=True, slots=True)
class Wait:
    """told: how a person lets the step go on, as a command."""

    path: Path
    told: str

    @property
    def lasts(self) -> bool:
        return self.path.exists()

    def begin(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()

    def end(self) -> None:
        self.path.unlink(missing_ok=True)


class Waits:
    def __init__(self, folder: Path, *, is_lasting: bool) -> None:
        """folder: the store's. is_lasting: other processes find it."""
        self._folder = folder
        self._is_lasting = is_lasting

    def find(self, run: str, step: str) -> Wait:
        """The wait of a step, whether it has begun or not."""
        path = self._folder / "waiting" / run / step
        return Wait(path, f"sqlml continue {run}{self._db}" if self._is_lasting else f"rm {path}")

    def of(self, run: str) -> dict[str, Wait]:
        """By step, the waits of a run that have begun and not ended."""
        folder = self._folder / "waiting" / run
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        return {name: self.find(run, name) for name in names}

    @property
    def _db(self) -> str:
        path = str(self._folder).removesuffix(".sqlml")
        return "" if path == "sqlml.duckdb" else f" --db {quote(path)}"
