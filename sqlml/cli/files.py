"""Text files that commands write."""

from pathlib import Path

from sqlml.errors import Diagnostic, ProgramError


def write_file(path: Path, text: str, *, makes_folder: bool = True) -> None:
    """Write a file, and make its folder if need be.

    Raises:
        ProgramError: E0930 it cannot be written.
    """
    try:
        if makes_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        message = f"`{path}` cannot be written: {(error.strerror or str(error)).lower()}"
        raise ProgramError(Diagnostic("E0930", message, hint="name another place")) from error
