"""Copies of tables of remote databases, kept among what steps have made and by the same policy."""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

from sqlml.databases.remote.copies import Copy
from sqlml.optimizer.cache import POLICIES
from sqlml.optimizer.cache.keeper import of_others
from sqlml.optimizer.cache.policy import Holdings, Policy
from sqlml.optimizer.cache.steps import Steps
from sqlml.store.artifacts import Damaged, Kept, Ruling
from sqlml.store.readers import Reader
from sqlml.store.store import Store

_NO_STEPS = Steps((), (), (), ())


class Inputs:
    """Copies, as the database asks for them. What one process reads stays until it is closed."""

    def __init__(self, store: Store, policy: str, size: float) -> None:
        """size: bytes of all files that are kept."""
        self._store = store
        self._policy = policy
        self._size = size
        self._here: dict[str, Copy] = {}  # by table
        self._keys: dict[str, str] = {}  # of those that are kept, by table
        self._gone: list[str] = []
        self._refused: list[Path] = []
        self._has_reader = False

    def latest(self, table: str) -> Copy | None:
        if table not in self._here:
            memory = self._store.reuse.recall(table)
            if memory is None or not self._is_kept(memory.run):
                return None
            copy = Copy(**{**memory.outputs, "columns": tuple(memory.outputs["columns"])})
            self._here[table] = replace(copy, file=str(self._store.folder / copy.file))
            self._keys[table] = memory.run
        return self._here[table]

    def keep(self, table: str, name: str, write: Callable[[Path], Copy]) -> Copy:
        key, began = secrets.token_hex(32), time.perf_counter()
        path = self._store.folder / "inputs" / f"{key[:16]}.parquet"
        with self._beside(path) as unfinished:
            copy = replace(write(unfinished), file=str(path))
        seconds = time.perf_counter() - began
        files, size = self._store.artifacts.checksums([path])
        now, score = time.time(), seconds / max(size, 1)
        newcomer = Kept(
            key=key,
            workflow="",
            step=name,
            run="",
            files=files,
            size=size,
            seconds=seconds,
            added=now,
            used=now,
            score=score,
        )
        is_kept = self._store.artifacts.keep(newcomer, self._reader, self._decide)
        self._here[table] = copy
        if (before := self._keys.pop(table, None)) is not None:
            self._gone.append(before)
        if is_kept:
            self._keys[table] = key
            self.note(table, copy)
        else:
            self._refused.append(path)
        return copy

    def note(self, table: str, copy: Copy) -> None:
        self._here[table] = copy
        if table in self._keys:
            told = asdict(copy) | {"file": str(Path(copy.file).relative_to(self._store.folder))}
            self._store.reuse.remember(table, told, self._keys[table])

    def close(self) -> None:
        """Nobody reads any copy any more; those that are out of date go."""
        if self._has_reader:
            self._has_reader = False
            self._reader.close()
            self._store.artifacts.remove(self._gone)
        for path in self._refused:
            path.unlink(missing_ok=True)

    def _is_kept(self, key: str) -> bool:
        try:
            return self._store.artifacts.use(key, self._reader) is not None
        except Damaged:
            return False

    def _decide(self, newcomer: Kept, kept: Sequence[Kept]) -> Ruling:
        others = [of_others(one) for one in kept]
        policy: Policy = POLICIES.load(self._policy)()
        return policy.plan(of_others(newcomer), Holdings(_NO_STEPS, others, self._size))

    @contextmanager
    def _beside(self, path: Path) -> Iterator[Path]:
        """A file that takes the place of `path` once it is whole. Of a process that was killed, the
        next run removes it.
        """
        folder = self._store.folder / "scratch" / f"input-{secrets.token_hex(4)}-{os.getpid()}"
        folder.mkdir(parents=True)
        try:
            yield folder / path.name
            path.parent.mkdir(exist_ok=True)
            (folder / path.name).replace(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @cached_property
    def _reader(self) -> Reader:
        self._has_reader = True
        return self._store.artifacts.reader()
