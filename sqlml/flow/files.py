"""Python files that write a workflow."""

import runpy
import traceback
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, ProgramError, SqlmlError
from sqlml.flow.recording import Flow
from sqlml.source import Source, Span


def read_flow(path: str) -> Flow:
    """The workflow that a Python file writes; the file is run.

    Raises:
        ProgramError: E0768, it fails, or writes none or several.
        SqlmlError: what the file itself meets.
    """
    names = names_of(path, "__sqlml__")
    flows = {value.name: value for value in names.values() if isinstance(value, Flow)}
    if len(flows) == 1:
        return next(iter(flows.values()))
    hint = "a file has one `with sqlml.workflow(name) as flow:` that is run"
    found = f"writes {', '.join(flows)}" if flows else "writes no workflow"
    raise ProgramError(Diagnostic("E0768", f"`{path}` {found}", hint=hint))


def names_of(path: str, run_name: str) -> dict[str, Any]:
    """What a Python file defines; it is run.

    Raises:
        ProgramError: E0768, it fails.
        SqlmlError: what the file itself meets.
    """
    try:
        return runpy.run_path(path, run_name=run_name)
    except SqlmlError:
        raise
    except Exception as error:
        message = f"`{path}` fails: {type(error).__name__}: {error}"
        of_couler = isinstance(error, ModuleNotFoundError) and error.name in (
            "couler",
            "couler.argo",
        )
        hint = "write `import sqlml.couler as couler`" if of_couler else ""
        raise ProgramError(Diagnostic("E0768", message, _span(path, error), "", hint)) from error


def _span(path: str, error: Exception) -> Span | None:
    """The line of the file where it failed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == path and frame.lineno]  # fmt: skip
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(error.lineno)
    if not lines:
        return None
    source = Source(path, Path(path).read_text("utf-8"))
    start = sum(len(line) for line in source.text.splitlines(keepends=True)[: lines[-1] - 1])
    text = source.line(lines[-1])
    indented = len(text) - len(text.lstrip())
    return Span(source, start + indented, start + len(text))
