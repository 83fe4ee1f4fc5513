"""The files that steps have made and later runs may use: bounded, and checked on use."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Protocol

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.store.bundle import digest
from sqlml.store.ledger import Ledger
from sqlml.store.readers import Reader, is_there

SHOWN = 12  # characters of a key that people see


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The files of one step. files: their checksums, by paths in the store. size: bytes.

    key: of what the step did and met. seconds: what it took. Times are since the epoch. uses: how
    often it was used, its making included. floor, score: as the cache's policy left them.
    """

    key: str
    workflow: str
    step: str
    run: str
    files: Mapping[str, str]
    size: int
    seconds: float
    added: float
    used: float
    uses: int = 1
    floor: float = 0.0
    score: float = 0.0
    pinned: bool = False


class Ruling(Protocol):
    """Whether a newcomer is to be kept, and the keys of what goes for it."""

    @property
    def admitted(self) -> bool: ...
    @property
    def victims(self) -> Sequence[str]: ...
    @property
    def floor(self) -> float: ...


Decide = Callable[[Kept, Sequence[Kept]], Ruling]

_COLUMNS = tuple(one.name for one in fields(Kept))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM artifacts"


class Artifacts:
    """What is kept. Methods may be called from several threads and processes."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        """folder: the store's."""
        self._ledger = ledger
        self._folder = folder
        self._readers = folder / "readers"

    def reader(self) -> Reader:
        """Someone for whom what is used stays; to be closed."""
        return Reader(self._readers)

    def all(self) -> tuple[Kept, ...]:
        """What is kept, the newest last."""
        return tuple(_kept(row) for row in self._ledger.rows(f"{_SELECT} ORDER BY added, key"))

    def use(self, key: str, reader: Reader) -> Kept | None:
        """What is kept under a key, which then stays until the reader ends; None: nothing.

        Raises:
            Damaged: a file is missing, or is not what was kept; then it is kept no longer.
        """
        with self._ledger.transaction() as ledger:
            row = ledger.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            self._note_reader(ledger, key, reader)
        kept = _kept(row)
        if fault := self.fault(kept):
            with self._ledger.transaction() as ledger:
                _delete(ledger, [key])
            self._remove(self._folder / name for name in kept.files)
            raise Damaged(fault)
        self._ledger.write(
            "UPDATE artifacts SET used = ?, uses = uses + 1 WHERE key = ?", (time.time(), key)
        )
        return kept

    def keep(self, newcomer: Kept, reader: Reader, decide: Decide) -> bool:
        """Keep something, if that is what is decided; what goes for it is found no more.

        What others are using, and what is pinned, is shown as pinned to `decide`. The reader's own
        may go; their files are removed when it ends. What others have made meanwhile, and are
        using, stays in the newcomer's place.
        """
        with self._ledger.transaction() as ledger:
            before = ledger.execute(f"{_SELECT} WHERE key = ?", (newcomer.key,)).fetchone()
            rows = ledger.execute(f"{_SELECT} WHERE key <> ?", (newcomer.key,)).fetchall()
            used = self._used(ledger)
            others = {key for key, readers in used.items() if readers - {reader.name}}
            if before is not None and newcomer.key in others:
                return False
            kept = [_kept(row) for row in rows]
            kept = [replace(one, pinned=one.pinned or one.key in others) for one in kept]
            ruling = decide(newcomer, kept)
            gone = [one for one in kept if one.key in set(ruling.victims)]
            _delete(ledger, [one.key for one in gone])
            if ruling.admitted:
                marks = ", ".join("?" * len(_COLUMNS))
                floor = max(newcomer.floor, ruling.floor)
                ledger.execute(
                    f"INSERT OR REPLACE INTO artifacts ({', '.join(_COLUMNS)}) VALUES ({marks})",
                    _values(replace(newcomer, floor=floor)),
                )
                self._note_reader(ledger, newcomer.key, reader)
        if before is not None and ruling.admitted:
            old = _kept(before)
            gone.append(replace(old, files=_without(old.files, newcomer.files)))
        for one in gone:
            paths = [self._folder / name for name in one.files]
            if one.key in used:
                reader.leftovers += paths
            else:
                self._remove(paths)
        return ruling.admitted

    def checksums(self, paths: Iterable[Path]) -> tuple[dict[str, str], int]:
        """The files of the store among some files and folders, by their paths in it; their size."""
        found: dict[str, str] = {}
        size = 0
        for path in paths:
            if not path.is_relative_to(self._folder):
                continue
            for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
                if file.is_file():
                    found[file.relative_to(self._folder).as_posix()] = digest(file)
                    size += file.stat().st_size
        return found, size

    def fault(self, kept: Kept) -> str:
        """What is wrong with the files of something that is kept; empty: nothing."""
        for name, expected in kept.files.items():
            try:
                found = digest(self._folder / name)
            except OSError:
                return f"`{self._folder / name}` is missing"
            if found != expected:
                return f"`{self._folder / name}` is not what was kept (wrong checksum)"
        return ""

    def rate(self, scores: Mapping[str, float]) -> None:
        """Note what things are worth, by their keys."""
        with self._ledger.transaction() as ledger:
            pairs = [(score, key) for key, score in scores.items()]
            ledger.executemany("UPDATE artifacts SET score = ? WHERE key = ?", pairs)

    def find(self, name: str) -> tuple[Kept, ...]:
        """What is kept under a key, or the beginning of one, or is by a step of that name.

        Raises:
            ProgramError: E0841 there is nothing of that name.
        """
        kept = self.all()
        found = tuple(one for one in kept if one.step == name or _is_key(one.key, name))
        if not found:
            known = {name for one in kept for name in (one.step, one.key[:SHOWN])}
            hint = did_you_mean(name, known) or "`sqlml cache show` lists what is kept"
            raise ProgramError(Diagnostic("E0841", f"nothing is kept as `{name}`", hint=hint))
        return found

    def pin(self, keys: Iterable[str], *, pinned: bool) -> None:
        """Never let things go, or let them go again."""
        with self._ledger.transaction() as ledger:
            pairs = [(int(pinned), key) for key in keys]
            ledger.executemany("UPDATE artifacts SET pinned = ? WHERE key = ?", pairs)

    def remove(self, keys: Iterable[str]) -> tuple[Kept, ...]:
        """Keep things no longer, unless someone is using them; those that are gone."""
        wanted = set(keys)
        with self._ledger.transaction() as ledger:
            wanted.difference_update(self._used(ledger))
            rows = ledger.execute(_SELECT).fetchall()
            gone = tuple(one for one in map(_kept, rows) if one.key in wanted)
            _delete(ledger, [one.key for one in gone])
        self._remove(self._folder / name for one in gone for name in one.files)
        return gone

    def _note_reader(self, ledger: Connection, key: str, reader: Reader) -> None:
        ledger.execute("INSERT OR IGNORE INTO artifact_readers VALUES (?, ?)", (key, reader.name))

    def _used(self, ledger: Connection) -> dict[str, set[str]]:
        """By the keys of what someone is using, who; readers that have ended are forgotten."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        there: dict[str, bool] = {}
        for key, reader in ledger.execute("SELECT key, reader FROM artifact_readers").fetchall():
            if reader not in there:
                there[reader] = is_there(self._readers, reader)
            if there[reader]:
                found[key].add(reader)
        ended = [(reader,) for reader, is_one in there.items() if not is_one]
        ledger.executemany("DELETE FROM artifact_readers WHERE reader = ?", ended)
        return dict(found)

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)
            self._remove_empty(path.parent)

    def _remove_empty(self, folder: Path) -> None:
        """Remove folders in which there is nothing any more, below those of the store."""
        while len(folder.relative_to(self._folder).parts) > 1:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


class Damaged(Exception):  # noqa: N818 - it is for the caller to say what becomes of it
    """What was kept cannot be used; why."""


def _is_key(key: str, name: str) -> bool:
    return len(name) >= 4 and key.startswith(name)


def _delete(ledger: Connection, keys: Sequence[str]) -> None:
    for table in ("artifacts", "reuse", "artifact_readers"):
        ledger.executemany(f"DELETE FROM {table} WHERE key = ?", [(key,) for key in keys])


def _without(files: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    return {name: checksum for name, checksum in files.items() if name not in others}


def _kept(row: Sequence[Any]) -> Kept:
    values = dict(zip(_COLUMNS, row, strict=True))
    pinned = bool(values["pinned"])
    return Kept(**values | {"files": json.loads(values["files"]), "pinned": pinned})


def _values(kept: Kept) -> list[Any]:
    values = {name: getattr(kept, name) for name in _COLUMNS}
    return list((values | {"files": json.dumps(kept.files), "pinned": int(kept.pinned)}).values())
