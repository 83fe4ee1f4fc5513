"""The functions that plain scripts share: each script has those that it calls, and no others."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from sqlml.codegen import plain
from sqlml.codegen.python.layout import WIDTH, laid_out

# In the order in which they stand in a script.
_PARTS = (
    "tables", "columns", "categories", "numbers", "dates", "lists", "words", "hashes", "crosses",
    "matrices", "labels", "boosters", "held", "results", "measures", "ranks", "reasons",
    "segments", "drift", "functions",
    "solving", "remote", "series", "scorecard",
)  # fmt: skip
_IMPORTS = {
    "adbc_driver_sqlite": "import adbc_driver_sqlite.dbapi",
    "Callable": "from collections.abc import Callable",
    "DecisionTreeClassifier": "from sklearn.tree import DecisionTreeClassifier",
    "dataclass": "from dataclasses import dataclass",
    "duckdb": "import duckdb",
    "highspy": "import highspy",
    "LogisticRegression": "from sklearn.linear_model import LogisticRegression",
    "lightgbm": "import lightgbm",
    "metrics": "from sklearn import metrics",
    "np": "import numpy as np",
    "pa": "import pyarrow as pa",
    "pc": "import pyarrow.compute as pc",
    "pd": "import pandas as pd",
    "re": "import re",
    "sparse": "from scipy import sparse",
    "special": "from scipy import special",
    "sys": "import sys",
    "xgb": "import xgboost as xgb",
}
_STANDARD = ("import datetime", "import re", "import sys", "from collections", "from dataclasses")


def functions_for(body: str) -> str:
    """What is defined for the names that a script uses, in its order of definition."""
    wanted, known = _names(ast.parse(body)), _definitions()
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in known and name not in found:
            found.add(name)
            wanted |= _names(ast.parse(known[name]))
    return "\n\n\n".join(known[name] for name in known if name in found)


def imports_for(text: str, more: Iterable[str]) -> str:
    """The import lines of the names that a script uses, the standard library's first."""
    used = _names(ast.parse(text))
    lines = {line for name, line in _IMPORTS.items() if name in used} | {*more}
    standard = [line for line in lines if line.startswith(_STANDARD)]
    others = [line for line in lines if not line.startswith(_STANDARD)]
    return "\n\n".join("\n".join(_sorted(some)) for some in (standard, others))


def _sorted(lines: Iterable[str]) -> Iterator[str]:
    """Modules, then what is taken of some, all of a module in one line."""
    taken: dict[str, list[str]] = {}
    for line in sorted(lines, key=str.casefold):
        module, _, name = line.partition(" import ")
        if name:
            taken.setdefault(module, []).append(name)
        else:
            yield line
    for module, names in taken.items():
        line = f"{module} import {', '.join(names)}"
        yield from (
            [line] if len(line) <= WIDTH else laid_out(f"{module} import ({', '.join(names)})")
        )


def reserved() -> frozenset[str]:
    """The names that no variable of a script may have."""
    return frozenset({*_definitions(), *_IMPORTS})


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@cache
def _definitions() -> Mapping[str, str]:
    """The text of each function, class or constant, by its name."""
    found = {}
    for part in _PARTS:
        text = plain.part(f"python/parts/{part}")
        for node in ast.parse(text).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)]):
                    first = node.lineno
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                case _:
                    raise TypeError(f"{part} has more than functions and constants")
            found[name] = "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    return found
