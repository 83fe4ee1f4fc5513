"""Stored models: every training makes a version, and a version is whole or not there."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlml.store.bundle import (
    checksums,
    flush_folder,
    verify_files,
    write_manifest,
)
from sqlml.store.ledger import Ledger
from sqlml.store.naming import folded, folder_name
from sqlml.store.staging import Staging

_SELECT = (
    "SELECT name, version, manifest FROM model_versions JOIN model_names USING (folded)"
    " WHERE folded = ?"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version of a model. folder holds its files, manifest what is known about it."""

    name: str
    number: int
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.number}"


class Models:
    """Names are compared without case, and keep the spelling of their first version."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self._ledger = ledger
        self._folder = folder / "models"
        self._staging = Staging(folder / "staging")
        self._staging.clean()
        self._remove_leftovers()

    def publish(self, name: str, folder: Path, manifest: Mapping[str, Any], run: str) -> Version:
        """Make a finished folder the next version of a model. Its contents are moved away.

        Whatever happens meanwhile, the version is there with all of its files, or it is not there.
        Versions are counted from 1 without gaps, and numbers of dropped ones are not used again.
        """
        with self._staging.taken(folder) as staged:
            files, size = checksums(staged)
            created = datetime.now(UTC).isoformat(timespec="milliseconds")
            with self._ledger.transaction() as ledger:
                name, number = _next_version(ledger, name)
                whole = {
                    **manifest,
                    "name": name,
                    "version": number,
                    "created": created,
                    "run": run,
                    "files": files,
                }
                text = write_manifest(staged, whole)
                place = self._place(name, number)
                if place.exists():  # of a process that was killed before it could tell
                    shutil.rmtree(place)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.rename(staged, place)
                flush_folder(place.parent)
                ledger.execute(
                    "INSERT INTO model_versions VALUES (?, ?, ?, ?, ?, ?)",
                    (folded(name), number, created, run, size, text),
                )
        return Version(name, number, place, whole)

    def find(self, name: str, version: int | None = None) -> Version | None:
        """A version of a model, the newest if none is named."""
        if version is None:
            row = self._ledger.row(f"{_SELECT} ORDER BY version DESC LIMIT 1", (folded(name),))
        else:
            row = self._ledger.row(f"{_SELECT} AND version = ?", (folded(name), version))
        return self._version(*row) if row else None

    def versions(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The manifests of a model's versions, oldest first; empty when there is no such model."""
        rows = self._ledger.rows(f"{_SELECT} ORDER BY version", (folded(name),))
        return tuple(json.loads(manifest) for _, _, manifest in rows)

    def names(self) -> tuple[str, ...]:
        """The names of all models, in order."""
        rows = self._ledger.rows(
            "SELECT name FROM model_names WHERE folded IN (SELECT folded FROM model_versions)"
            " ORDER BY folded"
        )
        return tuple(name for (name,) in rows)

    def verify(self, version: Version) -> None:
        """Check that a version's files are as they were stored.

        Raises:
            StepError: E0503 a file has changed, E0504 one is missing.
        """
        verify_files(version.reference, version.folder, version.manifest["files"])

    def drop(self, name: str, version: int | None = None) -> int:
        """Forget one version of a model, or all of them; returns how many there were."""
        found = [
            manifest["version"]
            for manifest in self.versions(name)
            if version in (None, manifest["version"])
        ]
        with self._ledger.transaction() as ledger:
            for number in found:
                key = (folded(name), number)
                ledger.execute("DELETE FROM model_versions WHERE (folded, version) = (?, ?)", key)
                folder = str(self._place(name, number).relative_to(self._folder))
                ledger.execute("INSERT OR IGNORE INTO leftovers VALUES (?)", (folder,))
        self._remove_leftovers()
        return len(found)

    def _version(self, name: str, number: int, manifest: str) -> Version:
        return Version(name, number, self._place(name, number), json.loads(manifest))

    def _place(self, name: str, number: int) -> Path:
        return self._folder / folder_name(name) / str(number)

    def _remove_leftovers(self) -> None:
        """Remove the files of dropped versions, also of those whose dropper was killed."""
        for (folder,) in self._ledger.rows("SELECT folder FROM leftovers"):
            shutil.rmtree(self._folder / folder, ignore_errors=True)
            self._ledger.write("DELETE FROM leftovers WHERE folder = ?", (folder,))


def _next_version(ledger: Any, name: str) -> tuple[str, int]:
    """The model's spelling, and the number of its next version, which is now taken."""
    key = folded(name)
    ledger.execute(
        "INSERT INTO model_names VALUES (?, ?, 1)"
        " ON CONFLICT (folded) DO UPDATE SET last_version = last_version + 1",
        (key, name),
    )
    if not ledger.execute("SELECT 1 FROM model_versions WHERE folded = ?", (key,)).fetchone():
        ledger.execute("UPDATE model_names SET name = ? WHERE folded = ?", (name, key))
    found = ledger.execute("SELECT name, last_version FROM model_names WHERE folded = ?", (key,))
    spelled, number = found.fetchone()
    return spelled, number
