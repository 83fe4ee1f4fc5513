"""The generated pages of docs/: `python -m sqlml.documentation docs` writes them."""

import sys
from pathlib import Path

from sqlml.codegen.documentation import engines_page
from sqlml.error_codes import errors_page
from sqlml.zoo.models.documentation import models_page
from sqlml.zoo.runnables.documentation import runnables_page

PAGES = {
    "engines.md": engines_page,
    "errors.md": errors_page,
    "models.md": models_page,
    "runnables.md": runnables_page,
}


def write_pages(folder: Path) -> None:
    """Write every generated page into `folder`."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
