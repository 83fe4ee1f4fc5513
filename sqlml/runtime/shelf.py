"""The stored models: found by name, described, compared, taken out and put in."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlml.config import Settings, in_force
from sqlml.databases.database import Database, QueryProblem
from sqlml.databases.names import quoted
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.store.bundle import MANIFEST
from sqlml.store.exchange import Entry, Exchange, damaged
from sqlml.store.models import Version
from sqlml.store.store import Store
from sqlml.zoo.adopt import adopt
from sqlml.zoo.bundle import read_manifest
from sqlml.zoo.export.contract import Export
from sqlml.zoo.export.write import write

if TYPE_CHECKING:
    import pyarrow as pa


class Shelf:
    """The models beside a database. A model is named `m`, `m@3` or `m@champion`."""

    def __init__(self, store: Store, database: Database, settings: Settings) -> None:
        self._store = store
        self._database = database
        self._settings = settings

    def find(self, reference: str) -> Version | None:
        """The version of that name, if there is one."""
        models = self._store.models
        name, at, version = reference.rpartition("@")
        return models.find(reference) or (
            models.find(name, int(version) if version.isdecimal() else version) if at else None
        )

    def get(self, reference: str) -> Version:
        """The version of that name.

        Raises:
            ProgramError: E0712 there is none.
        """
        found = self.find(reference)
        if found is None:
            models = self._store.models
            name = reference.rpartition("@")[0]
            aliases = (f"{name}@{alias}" for alias in models.aliases(name))
            hint = did_you_mean(reference, [*models.names(), *aliases])
            hint = hint or "`sqlml models` lists the models"
            message = f"there is no model `{reference}`"
            raise ProgramError(Diagnostic("E0712", message, hint=hint))
        return found

    def overview(self) -> "pa.Table":
        """The newest version of each model, as SHOW MODELS has them."""
        from sqlml.zoo.steps.describe import overview

        return overview(self._store.models)

    def describe(self, model: str) -> "pa.Table":
        """What is known about a model, as DESCRIBE MODEL has it.

        Raises:
            ProgramError: there is no such model.
        """
        from sqlml.zoo.steps.describe import describe

        return describe(self._store.models, read_manifest(self.get(model).manifest))

    def compare(self, one: str, other: str) -> "pa.Table":
        """What is known about two models, side by side.

        Raises:
            ProgramError: there is no such model.
        """
        from sqlml.zoo.steps.compare import compare

        first, second = (read_manifest(self.get(name).manifest) for name in (one, other))
        return compare(self._store.models, first, second)

    def adopt(
        self,
        file: str | Path,
        name: str,
        *,
        features: Sequence[str] = (),
        label: str = "label",
        classes: Sequence[str] = (),
    ) -> str:
        """Make the next version of a model from a booster's file; returns `name@version`.

        features: the names of its columns, where the file has none. label: what it predicts.
        classes: what the classes are called; by default 0, 1 …

        Raises:
            ProgramError: the file is no booster, or names or classes do not fit it.
        """
        with TemporaryDirectory(prefix="import-", dir=self._store.folder) as scratch:
            folder = Path(scratch) / "model"
            folder.mkdir()
            found = adopt(Path(file), folder, features=features, label=label, classes=classes)
            return self._store.models.publish(name, folder, found.to_json(), "").reference

    def receive(self, exchange: Exchange, entry: Entry, *, number: int | None = None) -> str:
        """Make a published model the next version of its name; returns `name@version`.

        number: the version's number, if not the next; it must be larger than those that are there.

        Raises:
            SqlmlError: its files cannot be had, are not what was published, or are no model.
        """
        with TemporaryDirectory(prefix="receive-", dir=self._store.folder) as scratch:
            folder = Path(scratch) / "model"
            folder.mkdir()
            exchange.fetch(entry, folder)
            try:
                manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
                read_manifest(manifest)
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise damaged(entry, f"its `{MANIFEST}` is none of a model") from error
            models = self._store.models
            return models.publish(entry.name, folder, manifest, "", number=number).reference

    def export(
        self,
        model: str,
        format: str = "native",
        to: str | Path | None = None,
        *,
        table: str | None = None,
        replace: bool = False,
    ) -> Path:
        """Write a model as `native` files, `onnx` or `sql`; returns where.

        to: by default a name made of the model's in the current folder. table: what an SQL export
        reads; its columns are kept where it is there now. replace: what is there.

        Raises:
            ProgramError: there is no such model or format, or the path is taken.
            StepError: the format cannot say what the model is.
        """
        version = self.get(model)
        self._store.models.verify(version)
        source = quoted(table or "data")
        columns = self._columns(source) if table else ()
        order = Export(version.reference, version.folder, source, columns)
        with in_force(self._settings):
            return write(order, format, Path(to) if to else None, replace=replace)

    def _columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table; none where there is no such table."""
        try:
            return tuple(self._database.table(f"SELECT * FROM {table} LIMIT 0").column_names)
        except QueryProblem:
            return ()
