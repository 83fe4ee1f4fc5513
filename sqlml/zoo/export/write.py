"""Writes an export to where it was asked for: whole, or not at all."""

import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlml.errors import Diagnostic, ProgramError
from sqlml.zoo.bundle import FILE as MANIFEST
from sqlml.zoo.export import FORMATS
from sqlml.zoo.export.contract import Export, inexpressible

_OF_SEGMENTS = ("native", "sql")


def write(
    export: Export, format_name: str, to: Path | None = None, *, replace: bool = False
) -> Path:
    """Write a model in a format; returns the path, which by default is named after the model.

    Raises:
        ProgramError: E0580 there is no such format, E0583 the path is taken or cannot be written.
        StepError: E0581 the format cannot say what the model is.
    """
    made = FORMATS.load(format_name)
    if export.bundle.manifest.segments and format_name.casefold() not in _OF_SEGMENTS:
        hint = "`--format native` and `--format sql` write it; or train one model per segment"
        raise inexpressible("a model per segment", format_name, hint)
    target = to or Path(re.sub(r"[^\w.-]", "-", export.reference) + made.suffix)
    if target.exists() and not replace:
        raise _refusal(f"`{target}` exists already", "`--force` replaces it; `--to` names another")
    try:
        # beside the target, so that a rename makes it appear
        with TemporaryDirectory(prefix=".sqlml-", dir=target.parent) as folder:
            prepared = Path(folder) / target.name
            made.write(export, prepared)
            _make_room(target, prepared)
            os.replace(prepared, target)
    except OSError as error:
        message = f"`{target}` cannot be written: {(error.strerror or str(error)).lower()}"
        raise _refusal(message, "") from error
    return target


def _make_room(target: Path, prepared: Path) -> None:
    """Remove what a rename cannot replace: an earlier export's folder, a file where one goes."""
    if target.is_dir():
        if target.is_symlink() or not (target / MANIFEST).is_file():
            raise _refusal(f"`{target}` is a folder that no export made", "`--to` names another")
        shutil.rmtree(target)
    elif prepared.is_dir():
        target.unlink(missing_ok=True)


def _refusal(message: str, hint: str) -> ProgramError:
    return ProgramError(Diagnostic("E0583", message, hint=hint))
