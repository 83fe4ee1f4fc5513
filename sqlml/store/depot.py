"""An artifact store at a URL: tables, models, and what the steps of runs gave.

`tables/NAME.parquet` holds a table's rows, `tables/NAME.view.json` a view's text, `models/` what
`store.exchange` writes, and `runs/RUN/STEP.json` what a step gave. Whatever replaces a file is
written beside it first.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlml.quoting import parts
from sqlml.store.exchange import Exchange, reaching
from sqlml.store.naming import folded, folder_name


@dataclass(frozen=True, slots=True)
class View:
    """A view: the statement that makes it, and the tables and views that it reads."""

    sql: str
    reads: tuple[str, ...]


class Depot:
    """`url` is a folder's path or any URL that fsspec knows; nothing is made before it is needed.

    All methods raise ProgramError, E0641, where the URL cannot be used.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.models = Exchange(f"{self.url}/models")
        with reaching(url):
            from fsspec.core import url_to_fs

            self._files, self._root = url_to_fs(self.url)

    def table(self, name: str, scratch: Path) -> Path | View | None:
        """A table as a local Parquet file, a view as its text; None where there is no such table.

        scratch: a folder for the file, where the store is not on this machine.
        """
        with reaching(self.url):
            path = self._table(name, "parquet")
            if self._files.isfile(path):
                if "file" in self._protocols:
                    return Path(path)
                target = scratch / f"{folder_name(_key(name))}.parquet"
                self._files.get_file(path, str(target))
                return target
            path = self._table(name, "view.json")
            if not self._files.isfile(path):
                return None
            told = json.loads(self._files.cat_file(path))
        return View(told["sql"], tuple(told["reads"]))

    def put_table(self, name: str, file: Path) -> None:
        """Make a local Parquet file the rows of a table."""
        with reaching(self.url):
            self._replace(self._table(name, "parquet"), file)
            self._remove(self._table(name, "view.json"))

    def put_view(self, name: str, sql: str, reads: Sequence[str]) -> None:
        """Make `name` the view that a statement makes."""
        with reaching(self.url):
            text = json.dumps({"sql": sql, "reads": [*reads]}, ensure_ascii=False)
            self._replace(self._table(name, "view.json"), text)
            self._remove(self._table(name, "parquet"))

    def drop_table(self, name: str) -> None:
        """Forget a table or view; nothing happens where there is none."""
        with reaching(self.url):
            self._remove(self._table(name, "parquet"))
            self._remove(self._table(name, "view.json"))

    def record(self, run: str, step: str, told: Mapping[str, Any], result: Path | None) -> None:
        """Keep what a step gave, and the Arrow file of its result set if it has one."""
        with reaching(self.url):
            if result is not None:
                self._replace(self._step(run, step, "arrow"), result)
            text = json.dumps(told, ensure_ascii=False)
            self._replace(self._step(run, step, "json"), text)

    def recorded(self, run: str, step: str) -> Mapping[str, Any] | None:
        """What a step of a run gave; None where it has not succeeded."""
        with reaching(self.url):
            path = self._step(run, step, "json")
            if not self._files.isfile(path):
                return None
            told: Mapping[str, Any] = json.loads(self._files.cat_file(path))
            return told

    def result(self, run: str, step: str, target: Path) -> bool:
        """Copy the result set of a step to a local Arrow file; whether it has one."""
        with reaching(self.url):
            path = self._step(run, step, "arrow")
            if not self._files.isfile(path):
                return False
            self._files.get_file(path, str(target))
            return True

    @property
    def _protocols(self) -> Sequence[str]:
        protocol = self._files.protocol
        return (protocol,) if isinstance(protocol, str) else protocol

    def _table(self, name: str, suffix: str) -> str:
        return f"{self._root}/tables/{folder_name(_key(name))}.{suffix}"

    def _step(self, run: str, step: str, suffix: str) -> str:
        return f"{self._root}/runs/{folder_name(run)}/{folder_name(step)}.{suffix}"

    def _replace(self, path: str, content: Path | str) -> None:
        beside = f"{path}.{secrets.token_hex(4)}.part"
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        if isinstance(content, str):
            self._files.pipe_file(beside, content.encode())
        else:
            self._files.put_file(str(content), beside)
        self._files.mv(beside, path)

    def _remove(self, path: str) -> None:
        if self._files.isfile(path):
            self._files.rm_file(path)


def _key(name: str) -> str:
    """A table's name as it is compared; the schema `main` is left out."""
    schema, table = (("", *parts(folded(name))))[-2:]
    return table if schema in ("", "main") else f"{schema}.{table}"
