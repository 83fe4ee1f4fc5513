"""A PostgreSQL of our own, for tests that compare with it or read from it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BINARIES = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def postgresql(options: str = "") -> Iterator[Path]:
    """The folder with the socket, and `log`, of a server without network; its user is `sqlml`."""
    if not BINARIES.is_dir():
        pytest.skip("PostgreSQL 15 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="sqlml-pg-"))
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_other:
        shutil.chown(folder, "postgres")
    data, given = str(folder / "data"), f"-k {folder} -c listen_addresses='' -c fsync=off {options}"
    run = [*as_other, f"{BINARIES}/pg_ctl", "-D", data, "-w", "-l", str(folder / "log")]
    made = [*as_other, f"{BINARIES}/initdb", "-D", data, "-A", "trust", "-U", "sqlml", "-N"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    subprocess.run([*run, "-o", given, "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        yield folder
    finally:
        subprocess.run(
            [*run, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder
        )
        shutil.rmtree(folder)
