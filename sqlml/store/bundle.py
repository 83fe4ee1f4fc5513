"""A model's folder on disk: its manifest, its checksums, and that they have reached the disk."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


def checksums(folder: Path) -> tuple[dict[str, str], int]:
    """The SHA-256 of every file but the manifest, and their size in bytes; flushes them to disk."""
    digests: dict[str, str] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            flush_folder(path)
        elif path.relative_to(folder).as_posix() != MANIFEST:
            digests[path.relative_to(folder).as_posix()] = digest(path, flush=True)
            size += path.stat().st_size
    return digests, size


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Write a manifest, and see to it that it and the folder are on disk; returns its text."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    flush_folder(folder)
    return text


def digest_of_manifest(text: str) -> dict[str, str]:
    """The name of the manifest's file and its SHA-256, as of those of `checksums`."""
    return {MANIFEST: hashlib.sha256(text.encode()).hexdigest()}


def fault(folder: Path, digests: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a stored folder, by its checksums: a code and words; None: nothing.

    E0503 a file has changed, E0504 a file is missing.
    """
    for name, expected in digests.items():
        file = folder / name
        try:
            found = digest(file)
        except OSError:
            return "E0504", f"its file `{file}` is missing"
        if found != expected:
            return "E0503", f"its file `{file}` is not what was stored (wrong checksum)"
    return None


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path, *, flush: bool = False) -> str:
    with path.open("rb") as file:
        if flush:
            os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()
