"""The dialects of SQL as sqlml reads and writes them: sqlglot's, mended in a few places."""

from functools import cache
from typing import Any

from sqlglot.dialects.dialect import Dialect


@cache
def dialect(name: str) -> type[Dialect]:
    """The dialect of that name. PREDICT is a function like any other in it."""
    base: Any = type(Dialect.get_or_raise(name))
    functions = {k: v for k, v in base.parser_class.FUNCTIONS.items() if k != "PREDICT"}
    parser = type("Parser", (base.parser_class,), {"FUNCTIONS": functions})
    made: type[Dialect] = type(base)(f"Sqlml{base.__name__}", (base,), {"Parser": parser})
    return made
