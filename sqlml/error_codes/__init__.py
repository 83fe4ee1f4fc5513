"""What every error code means: one Markdown file per range of codes."""

import re
from importlib.resources import files

_HEADING = re.compile(r"^## (E\d{4}) ", re.MULTILINE)


def sections() -> dict[str, str]:
    """Code to its section, heading included, in the order of the codes."""
    found: dict[str, str] = {}
    for page in files(__package__).iterdir():
        if page.name.endswith(".md"):
            text = page.read_text("utf-8")
            starts = [*_HEADING.finditer(text)]
            ends = [match.start() for match in starts[1:]] + [len(text)]
            for match, end in zip(starts, ends, strict=True):
                found[match[1]] = text[match.start() : end].strip()
    return dict(sorted(found.items()))


def errors_page() -> str:
    """docs/errors.md."""
    intro = (
        "# Errors\n\nEvery error has a code that never changes its meaning; `sqlml help CODE` shows"
        " its section.\nThis page is generated: `make docs`.\n"
    )
    return "\n\n".join([intro.rstrip(), *sections().values()]) + "\n"
