"""What is generated in docs/: `python -m sqlml.documentation docs` writes it.

Pages are generated as a whole, but docs/language.md is written by hand around its tables, which
stand between the comments `<!-- table: NAME -->` and `<!-- end -->`.
"""

import re
import sys
from pathlib import Path

from sqlml.codegen.documentation import engines_page
from sqlml.error_codes import errors_page
from sqlml.zoo import language_tables
from sqlml.zoo.models.documentation import models_page
from sqlml.zoo.runnables.documentation import runnables_page

PAGES = {
    "engines.md": engines_page,
    "errors.md": errors_page,
    "models.md": models_page,
    "runnables.md": runnables_page,
}
LANGUAGE = "language.md"
TABLES = {
    "functions": language_tables.functions,
    "models": language_tables.models,
    "attributes": language_tables.attributes,
    "metrics": language_tables.metrics,
}
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """A page with its tables made anew."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n", page)


def write_pages(folder: Path) -> None:
    """Write every generated page, and the tables of the others, into `folder`."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), "utf-8")
    language = folder / LANGUAGE
    language.write_text(with_tables(language.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
