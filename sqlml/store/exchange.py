"""Sharing models over a folder or a URL: `NAME/VERSION/` holds files, and an index written last."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Literal

from sqlml.errors import Diagnostic, ProgramError, SqlmlError, StepError, did_you_mean
from sqlml.store.bundle import digest
from sqlml.store.naming import folder_name

INDEX = "index.json"
FORMAT = 1

Kind = Literal["code", "model"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A published version. files: paths inside its folder, and their SHA-256. bytes: of them all.

    kind: `code` is Python files for a zoo folder, `model` is a stored model's folder.
    published: an ISO time.
    """

    name: str
    version: int
    kind: Kind
    description: str
    published: str
    bytes: int
    files: Mapping[str, str]

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"


class Exchange:
    """Where models are published; `url` is a folder's path or any URL that fsspec knows.

    A version without an index is none: it is being published, or its publisher was killed. Numbers
    count from 1, and no published version is changed.
    """

    def __init__(self, url: str) -> None:
        """Raises: ProgramError: E0641, no such kind of URL, or its package is not installed."""
        with reaching(url):
            from fsspec.core import url_to_fs

            self._files, self._root = url_to_fs(url)
        self._url = url

    def publish(
        self,
        name: str,
        kind: Kind,
        files: Mapping[str, Path],
        description: str = "",
        *,
        number: int | None = None,
    ) -> Entry:
        """Make local files, by their paths in the folder to be, the next version of `name`.

        number: of the version, if not the next; it must not be there.

        Raises:
            ProgramError: E0641, the URL cannot be written.
        """
        with reaching(self._url):
            digests = {_inside(path): digest(source) for path, source in files.items()}
            size = sum(source.stat().st_size for source in files.values())
            number, place = self._claim(name, number)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            entry = Entry(name, number, kind, description, now, size, digests)
            try:
                self._write(place, entry, files)
            except BaseException:
                with suppress(OSError):
                    self._files.rm(place, recursive=True)
                raise
        return entry

    def published(self) -> tuple[Entry, ...]:
        """What is published; nothing where nothing has been yet.

        Raises: as `entries`.
        """
        with reaching(self._url):
            is_there = self._files.isdir(self._root)
        return self.entries() if is_there else ()

    def withdraw(self, entry: Entry) -> None:
        """Remove a published version; its number is not used again while newer ones are there."""
        with reaching(self._url):
            self._files.rm(self._place(folder_name(entry.name), entry.version), recursive=True)

    def entries(self) -> tuple[Entry, ...]:
        """What is published, by name and version.

        Raises:
            ProgramError: E0641 the URL cannot be read, E0644 an index is wrong.
        """
        with reaching(self._url):
            if not self._files.isdir(self._root):
                raise FileNotFoundError("there is no such folder")
            folders = sorted(map(_last, self._files.ls(self._root, detail=False)))
            found = [
                self._entry(folder, number)
                for folder in folders
                for number in sorted(self._numbers(folder))
            ]
        return tuple(entry for entry in found if entry is not None)

    def find(self, reference: str) -> Entry:
        """The entry `name@version`, or the newest of `name`.

        Raises:
            ProgramError: E0642 there is none, and what `entries` raises.
        """
        name, _, version = reference.rpartition("@")
        name, number = (name, int(version)) if name and version.isdecimal() else (reference, None)
        known = self.entries()
        same = [entry for entry in known if folder_name(entry.name) == folder_name(name)]
        found = [entry for entry in same if number in (None, entry.version)]
        if not found:
            names = [*(entry.name for entry in known), *(entry.reference for entry in same)]
            hint = did_you_mean(reference, names) or f"`sqlml zoo list {self._url}` lists them"
            message = f"nothing is published as `{reference}` at `{self._url}`"
            raise ProgramError(Diagnostic("E0642", message, hint=hint))
        return found[-1]

    def fetch(self, entry: Entry, folder: Path) -> None:
        """Copy an entry's files into a local folder, and check them.

        Raises:
            ProgramError: E0641 the URL cannot be read.
            StepError: E0643 a file is missing, or is not what was published.
        """
        place = self._place(folder_name(entry.name), entry.version)
        with reaching(self._url):
            for path, expected in entry.files.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    self._files.get_file(f"{place}/{path}", str(target))
                except FileNotFoundError as error:
                    raise damaged(entry, f"its file `{path}` is missing") from error
                if digest(target) != expected:
                    raise damaged(entry, f"its file `{path}` is not what was published")

    def fetch_code(self, entry: Entry, folder: Path, *, replace: bool = False) -> None:
        """Copy an entry's files into a zoo folder: all of them after all have been checked.

        Raises:
            ProgramError: E0645 a file is there and differs, and what `fetch` raises.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".get-", dir=folder) as scratch:
                self.fetch(entry, Path(scratch))
                if not replace:
                    _check_free(folder, entry.files)
                for path in entry.files:
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    os.replace(Path(scratch) / path, folder / path)
        except OSError as error:
            raise _in_the_way(f"`{folder}` cannot take the files: {error}") from error

    def _claim(self, name: str, asked: int | None) -> tuple[int, str]:
        """The number of the next version of `name`, and its folder, which is made."""
        folder = folder_name(name)
        if asked is not None:
            place = self._place(folder, asked)
            self._files.makedirs(place, exist_ok=False)
            return asked, place
        self._files.makedirs(f"{self._root}/{folder}", exist_ok=True)
        number = max(self._numbers(folder), default=0) + 1
        while True:
            place = self._place(folder, number)
            try:
                self._files.makedirs(place, exist_ok=False)
                return number, place
            except FileExistsError:  # somebody else publishes too
                number += 1

    def _write(self, place: str, entry: Entry, files: Mapping[str, Path]) -> None:
        for path, source in files.items():
            target = f"{place}/{path}"
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(source), target)
        text = json.dumps({"format": FORMAT, **asdict(entry)}, ensure_ascii=False, indent=1)
        self._files.pipe_file(f"{place}/{INDEX}.part", text.encode())
        self._files.mv(f"{place}/{INDEX}.part", f"{place}/{INDEX}")

    def _numbers(self, folder: str) -> set[int]:
        """The versions of a folder, those without an index too."""
        place = f"{self._root}/{folder}"
        listed = self._files.ls(place, detail=False) if self._files.isdir(place) else ()
        return {int(name) for name in map(_last, listed) if name.isdecimal()}

    def _entry(self, folder: str, number: int) -> Entry | None:
        path = f"{self._place(folder, number)}/{INDEX}"
        try:
            text = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        try:
            return _read(json.loads(text), folder, number)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = f"`{path}` is not the index of a published model"
            hint = "take another version, or have its publisher publish it again"
            raise ProgramError(Diagnostic("E0644", message, label=str(error), hint=hint)) from error

    def _place(self, folder: str, number: int) -> str:
        return f"{self._root}/{folder}/{number}"


def _read(index: Mapping[str, Any], folder: str, number: int) -> Entry:
    """The entry that an index describes.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is none of that folder, or leaves it.
    """
    if index["format"] != FORMAT:
        raise ValueError("it was made by a newer sqlml")
    if folder_name(index["name"]) != folder or index["version"] != number:
        raise ValueError("it belongs to another folder")
    if index["kind"] not in ("code", "model"):
        raise ValueError(f"its kind is {index['kind']!r}")
    datetime.fromisoformat(index["published"])
    files = {_inside(path): str(digest) for path, digest in index["files"].items()}
    return Entry(
        index["name"],
        number,
        index["kind"],
        str(index["description"]),
        index["published"],
        int(index["bytes"]),
        files,
    )


def _inside(path: str) -> str:
    """A relative path that stays in its folder on every system, as it is.

    Raises:
        ValueError: it is none.
    """
    parts = PurePosixPath(path).parts
    if path != "/".join(parts) or not parts or ".." in parts or not path.isprintable():
        raise ValueError(f"the path {path!r} leaves the folder")
    if path == INDEX or parts[0] == "/" or "\\" in path or ":" in path:
        raise ValueError(f"the path {path!r} leaves the folder")
    return path


def _check_free(folder: Path, files: Mapping[str, str]) -> None:
    for path, expected in files.items():
        target = folder / path
        if target.exists() and not (target.is_file() and digest(target) == expected):
            raise _in_the_way(f"`{target}` is there, and differs from what is published")


def _in_the_way(message: str) -> ProgramError:
    hint = "`--to` names another folder; `--force` replaces files"
    return ProgramError(Diagnostic("E0645", message, hint=hint))


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Whatever goes wrong with a file system is told as E0641."""
    try:
        yield
    except SqlmlError:
        raise
    except Exception as error:  # every file system has errors of its own
        message = f"`{url}` cannot be used: {error}"
        hint = "name a folder, or a URL such as `s3://bucket/zoo` with its fsspec package installed"
        raise ProgramError(Diagnostic("E0641", message, hint=hint)) from error


def damaged(entry: Entry, message: str) -> StepError:
    """E0643: what is published cannot be used."""
    hint = "nothing was put in place; try again, or take another version"
    return StepError(Diagnostic("E0643", f"`{entry.reference}` is damaged: {message}", hint=hint))


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
