"""Stored models: every training makes a version, and a version is whole or not there."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.store.bundle import (
    checksums,
    digest_of_manifest,
    fault,
    flush_folder,
    write_manifest,
)
from sqlml.store.drivers import Drivers
from sqlml.store.ledger import Ledger
from sqlml.store.naming import folded, folder_name
from sqlml.store.staging import Staging

_SELECT = (
    "SELECT name, version, folder, manifest,"
    " (SELECT json_group_array(alias) FROM model_aliases AS a"
    "  WHERE a.folded = v.folded AND a.version = v.version),"
    " (SELECT json_group_object(tag, value) FROM model_tags AS t"
    "  WHERE t.folded = v.folded AND t.version = v.version)"
    " FROM model_versions AS v JOIN model_names USING (folded) WHERE folded = ?"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version of a model. folder holds its files, manifest what is known about it.

    Where a version has them, its `aliases` and `tags` stand in the manifest as they are now.
    digests: the SHA-256 of every file.
    """

    name: str
    number: int
    folder: Path
    manifest: Mapping[str, Any]
    digests: Mapping[str, str]

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.number}"


class Models:
    """Names are compared without case, and keep the spelling of their first version.

    changes: how often this process has changed what a name, with an alias or without, stands for.
    """

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self._ledger = ledger
        self._folder = folder / "models"
        self._staging = Staging(folder / "staging")
        self._staging.clean()
        self.changes = 0
        self._remove_leftovers()

    def publish(
        self,
        name: str,
        folder: Path,
        manifest: Mapping[str, Any],
        run: str,
        *,
        number: int | None = None,
        step: str = "",
    ) -> Version:
        """Make a finished folder the next version of a model. Its contents are moved away.

        number: of the version, if not the next; it must not be there. step: of the run; it leaves
        a receipt.

        Whatever happens meanwhile, the version is there with all of its files, or it is not there.
        Versions are counted from 1 without gaps, and numbers of dropped ones are not used again.
        """
        with self._staging.taken(folder) as staged:
            files, size = checksums(staged)
            created = datetime.now(UTC).isoformat(timespec="milliseconds")
            with self._ledger.transaction() as ledger:
                name, number = _next_version(ledger, name, number)
                whole = {
                    **manifest,
                    "name": name,
                    "version": number,
                    "created": created,
                    "run": run,
                    "files": files,
                    "bytes": size,
                }
                text = write_manifest(staged, whole)
                relative = f"{folder_name(name)}/{number}"
                place = self._folder / relative
                if place.exists():  # of a process that was killed before it could tell
                    shutil.rmtree(place)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.rename(staged, place)
                flush_folder(place.parent)
                ledger.execute(
                    "INSERT INTO model_versions VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (folded(name), number, created, run, size, text, relative),
                )
                if step:
                    Drivers(self._ledger).receipt(run, step, {"model": f"{name}@{number}"})
        self.changes += 1
        return Version(name, number, place, whole, {**files, **digest_of_manifest(text)})

    def find(self, name: str, version: int | str | None = None) -> Version | None:
        """A version of a model, by its number or an alias; the newest if none is named."""
        key = folded(name)
        match version:
            case None:
                row = self._ledger.row(f"{_SELECT} ORDER BY version DESC LIMIT 1", (key,))
            case int():
                row = self._ledger.row(f"{_SELECT} AND version = ?", (key, version))
            case str():
                number = self.aliases(name).get(folded(version))
                return None if number is None else self.find(name, number)
        return self._version(row) if row else None

    def manifest(self, name: str, version: int | None = None) -> Mapping[str, Any] | None:
        """What is known of a version, or of the newest; None where there is none."""
        found = self.find(name, version)
        return found.manifest if found else None

    def versions(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The manifests of a model's versions, oldest first; empty when there is no such model."""
        rows = self._ledger.rows(f"{_SELECT} ORDER BY version", (folded(name),))
        return tuple(self._version(row).manifest for row in rows)

    def names(self) -> tuple[str, ...]:
        """The names of all models, in order."""
        rows = self._ledger.rows(
            "SELECT name FROM model_names WHERE folded IN (SELECT folded FROM model_versions)"
            " ORDER BY folded"
        )
        return tuple(name for (name,) in rows)

    def sources(self, name: str, version: int) -> tuple[tuple[str, str, str], ...]:
        """What a version was trained from: kind (table, file, model), name, fingerprint."""
        rows = self._ledger.rows(
            "SELECT DISTINCT source.kind, source.name, source.fingerprint FROM lineage AS made"
            " JOIN lineage AS source USING (run, step)"
            " JOIN model_names ON made.name = model_names.name || '@' || ?"
            " WHERE made.direction = 'write' AND made.kind = 'model' AND folded = ?"
            " AND source.direction = 'read'",
            (version, folded(name)),
        )
        return tuple(rows)

    def aliases(self, name: str) -> Mapping[str, int]:
        """The folded aliases of a model, in order, and the versions that they stand for."""
        rows = self._ledger.rows(
            "SELECT alias, version FROM model_aliases WHERE folded = ? ORDER BY alias",
            (folded(name),),
        )
        return dict(rows)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """From now on, an alias of the model stands for that version, which is stored."""
        self._ledger.write(
            "INSERT INTO model_aliases VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET version = excluded.version",
            (folded(name), folded(alias), version),
        )
        self.changes += 1

    def drop_alias(self, name: str, alias: str) -> bool:
        """Forget an alias; returns whether there was one."""
        self.changes += 1
        key = (folded(name), folded(alias))
        return self._delete("model_aliases WHERE (folded, alias) = (?, ?)", key)

    def set_tag(self, name: str, version: int, tag: str, value: str) -> None:
        """Give a stored version a tag, or another value of it."""
        self._ledger.write(
            "INSERT OR REPLACE INTO model_tags VALUES (?, ?, ?, ?)",
            (folded(name), version, folded(tag), value),
        )

    def drop_tag(self, name: str, version: int, tag: str) -> bool:
        """Take a tag off a version; returns whether it had one."""
        key = (folded(name), version, folded(tag))
        return self._delete("model_tags WHERE (folded, version, tag) = (?, ?, ?)", key)

    def rename(self, name: str, to: str) -> bool:
        """Give a model another name, with all its versions, aliases and tags.

        False: the other name is, or was, another model's, whose numbers are not used again.
        """
        key, new = folded(name), folded(to)
        with self._ledger.transaction() as ledger:
            if new != key:
                known = "SELECT 1 FROM model_names WHERE folded = ?"
                if ledger.execute(known, (new,)).fetchone():
                    return False
                ledger.execute(
                    "INSERT INTO model_names SELECT ?, name, last_version FROM model_names"
                    " WHERE folded = ?",
                    (new, key),
                )
                ledger.execute("UPDATE model_versions SET folded = ? WHERE folded = ?", (new, key))
            ledger.execute("UPDATE model_names SET name = ? WHERE folded = ?", (to, new))
            ledger.execute("UPDATE metrics SET model = ? WHERE model = ?", (to, name))
            ledger.execute(
                "UPDATE lineage SET name = ? || substr(name, ?) WHERE kind = 'model'"
                " AND name IN (SELECT ? || '@' || version FROM model_versions WHERE folded = ?)",
                (to, len(name) + 1, name, new),
            )
        self.changes += 1
        return True

    def verify(self, version: Version) -> None:
        """Check that a version's files are as they were stored.

        Raises:
            StepError: E0503 a file has changed, E0504 one is missing.
        """
        if found := fault(version.folder, version.digests):
            code, what = found
            message = f"model `{version.reference}` is damaged: {what}"
            raise StepError(Diagnostic(code, message, hint=self._way_out(version), about="using"))

    def drop(self, name: str, version: int | None = None) -> int:
        """Forget one version of a model, or all of them; returns how many there were.

        Aliases go with the model; a version of its own that has one must not be asked for.
        """
        key = folded(name)
        with self._ledger.transaction() as ledger:
            if version is None:
                ledger.execute("DELETE FROM model_aliases WHERE folded = ?", (key,))
            gone = ledger.execute(
                "DELETE FROM model_versions WHERE folded = ? AND version = coalesce(?, version)"
                " RETURNING folder",
                (key, version),
            ).fetchall()
            ledger.executemany("INSERT OR IGNORE INTO leftovers VALUES (?)", gone)
        self.changes += 1
        if not self._ledger.in_transaction:  # else the version may come back
            self._remove_leftovers()
        return len(gone)

    def _way_out(self, damaged: Version) -> str:
        others = "SELECT max(version) FROM model_versions WHERE folded = ? AND version <> ?"
        found = self._ledger.row(others, (folded(damaged.name), damaged.number))
        other = found[0] if found else None
        instead = "" if other is None else f", or use another version: `{damaged.name}@{other}`"
        return f"restore the file from a copy, or train the model again{instead}"

    def _delete(self, what: str, key: Sequence[str | int]) -> bool:
        with self._ledger.transaction() as ledger:
            return ledger.execute(f"DELETE FROM {what}", key).rowcount > 0

    def _version(self, row: Sequence[Any]) -> Version:
        name, number, folder, manifest, aliases, tags = row
        content = {**json.loads(manifest), "name": name}
        given = {"aliases": sorted(json.loads(aliases)), "tags": json.loads(tags)}
        content |= {key: value for key, value in given.items() if value}
        digests = {**content["files"], **digest_of_manifest(manifest)}
        return Version(name, number, self._folder / folder, content, digests)

    def _remove_leftovers(self) -> None:
        """Remove the files of dropped versions, also of those whose dropper was killed."""
        for (folder,) in self._ledger.rows("SELECT folder FROM leftovers"):
            shutil.rmtree(self._folder / folder, ignore_errors=True)
            self._ledger.write("DELETE FROM leftovers WHERE folder = ?", (folder,))


def _next_version(ledger: Any, name: str, wanted: int | None) -> tuple[str, int]:
    """The model's spelling, and the number of its next version, which is now taken."""
    key = folded(name)
    ledger.execute(
        "INSERT INTO model_names VALUES (?, ?, coalesce(?, 1)) ON CONFLICT (folded)"
        " DO UPDATE SET last_version = max(coalesce(?, last_version + 1), last_version)",
        (key, name, wanted, wanted),
    )
    if not ledger.execute("SELECT 1 FROM model_versions WHERE folded = ?", (key,)).fetchone():
        ledger.execute("UPDATE model_names SET name = ? WHERE folded = ?", (name, key))
    found = ledger.execute("SELECT name, last_version FROM model_names WHERE folded = ?", (key,))
    spelled, number = found.fetchone()
    return spelled, wanted or number
