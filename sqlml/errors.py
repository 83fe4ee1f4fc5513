"""Every error a user can cause, and how it is shown."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from sqlml.source import Span

MAX_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong: what (`message`), where (`span`, `label`) and the way out (`hint`).

    `about` names the part of a statement at fault where no span is known yet, as in a worker
    process: `label`, `query`, `into`, `using`, `model`, `validation.select`,
    `attribute max_depth`, `column age`. The driver turns it into a span.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    hint: str = ""
    about: str = ""


class SqlmlError(Exception):
    """Raised for everything that a user can mend; holds at least one diagnostic."""

    exit_code = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return "\n\n".join(render(d) for d in self.diagnostics[:MAX_SHOWN])

    def _render_traceback_(self) -> list[str]:
        """What notebooks show: the place in the user's program rather than places in ours."""
        return str(self).splitlines()


class ProgramError(SqlmlError):
    """The SQL, or a flag, is wrong: nothing has run."""

    exit_code = 2


class StepError(SqlmlError):
    """A step failed while it ran."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to a mistyped one, case ignored, or None when nothing is close.

    Of names that look alike it is the one that the fewest edits make of it, then the shortest.
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    folded = name.casefold()
    close = get_close_matches(folded, by_folded, n=10, cutoff=0.6)
    found = min(close, key=lambda other: (_edits(folded, other), len(other)), default=None)
    return None if found is None else by_folded[found]


def _edits(name: str, other: str) -> int:
    """How many letters are added, left out, changed, or swapped with the next one.

    The optimal string alignment distance: Damerau's edits, no part of the name edited twice.
    """
    earlier: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(name, 1):
        before, row = row, [i]
        for j, wanted in enumerate(other, 1):
            edits = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and name[i - 2] == wanted:
                edits = min(edits, earlier[j - 2] + 1)
            row.append(edits)
        earlier = before
    return row[-1]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint naming the nearest known name, or an empty string."""
    found = nearest(name, known)
    return f"did you mean `{found}`?" if found else ""


def located(diagnostic: Diagnostic, span: Span | None) -> Diagnostic:
    """The diagnostic at `span`, unless it already has a place."""
    return diagnostic if diagnostic.span or span is None else replace(diagnostic, span=span)


def render(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """A diagnostic as text: headline, place, excerpt with carets, hint."""
    paint = _paint if color else _plain
    lines = [paint("1;31", f"error[{diagnostic.code}]") + f": {diagnostic.message}"]
    span = diagnostic.span
    if span is not None:
        line, column = span.source.position(span.start)
        excerpt = "".join(c if c.isprintable() else " " for c in span.source.line(line))
        width = max(1, min(span.end, span.start + len(excerpt) - column + 1) - span.start)
        if len(excerpt) > 160:
            cut = max(0, column - 60)
            excerpt, column = excerpt[cut : cut + 160], column - cut
            width = min(width, len(excerpt) - column + 1)
        gutter = " " * len(str(line))
        carets = paint(
            "1;31", "^" * max(1, width) + (f" {diagnostic.label}" if diagnostic.label else "")
        )
        lines += [
            f"{gutter}--> {span.place}",
            f"{gutter} |",
            f"{line} | {excerpt}",
            f"{gutter} | {' ' * (column - 1)}{carets}",
        ]
    elif diagnostic.label:
        lines.append(f"  {diagnostic.label}")
    if diagnostic.hint:
        lines.append("  " + paint("1;36", "hint") + f": {diagnostic.hint}")
    return "\n".join(lines)


def _paint(style: str, text: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"


def _plain(_style: str, text: str) -> str:
    return text
