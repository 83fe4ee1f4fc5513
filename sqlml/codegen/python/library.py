"""The functions that plain scripts share: each script has those that it calls, and no others."""

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache

from sqlml.codegen import plain
from sqlml.codegen.python.layout import WIDTH, laid_out

# In the order in which they stand in a script.
_PARTS = (
    "steps", "programs", "tables", "columns", "categories", "numbers", "dates", "lists",
    "words", "hashes", "crosses", "matrices", "labels", "boosters", "held", "results",
    "measures", "search", "ranks", "reasons", "segments", "drift", "functions", "kept",
    "solving", "remote", "series", "scorecard", "networks", "graph",
)  # fmt: skip
_IMPORTS = {
    "Path": "from pathlib import Path",
    "ThreadPoolExecutor": "from concurrent.futures import ThreadPoolExecutor",
    "adbc_driver_sqlite": "import adbc_driver_sqlite.dbapi",
    "Callable": "from collections.abc import Callable",
    "DecisionTreeClassifier": "from sklearn.tree import DecisionTreeClassifier",
    "argparse": "import argparse",
    "contextmanager": "from contextlib import contextmanager",
    "dataclass": "from dataclasses import dataclass",
    "decimal": "import decimal",
    "field": "from dataclasses import field",
    "duckdb": "import duckdb",
    "highspy": "import highspy",
    "LogisticRegression": "from sklearn.linear_model import LogisticRegression",
    "json": "import json",
    "isnan": "from math import isnan",
    "keras": "import keras",
    "lightgbm": "import lightgbm",
    "metrics": "from sklearn import metrics",
    "np": "import numpy as np",
    "operator": "import operator",
    "optuna": "import optuna",
    "os": "import os",
    "pa": "import pyarrow as pa",
    "pc": "import pyarrow.compute as pc",
    "pd": "import pandas as pd",
    "pickle": "import pickle",
    "product": "from itertools import product",
    "re": "import re",
    "shutil": "import shutil",
    "signal": "import signal",
    "sparse": "from scipy import sparse",
    "special": "from scipy import special",
    "subprocess": "import subprocess",
    "sys": "import sys",
    "tempfile": "import tempfile",
    "tensorflow": "import tensorflow",
    "time": "import time",
    "traceback": "import traceback",
    "urllib": "import urllib.request",
    "uuid": "import uuid",
    "xgb": "import xgboost as xgb",
}


def functions_for(names: Collection[str]) -> str:
    """The definitions of these names, in their order."""
    return "\n\n\n".join(text for name, text in _definitions().items() if name in names)


def names_for(body: str, own: Iterable[str] = ()) -> frozenset[str]:
    """The names of what is defined for a script. own: those that it defines itself."""
    wanted, known = _names(ast.parse(body)).difference(own), _definitions()
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in known and name not in found:
            found.add(name)
            wanted |= _taken_from_outside(ast.parse(known[name]))
    return frozenset(found)


def imports_for(text: str, more: Iterable[str]) -> str:
    """The import lines of the names that a script uses, the standard library's first."""
    used = _names(ast.parse(text))
    lines = {line for name, line in _IMPORTS.items() if name in used} | {*more}
    standard = {line for line in lines if _module(line) in sys.stdlib_module_names}
    groups = (standard, lines - standard)
    return "\n\n".join("\n".join(_sorted(some)) for some in groups if some)


def _module(line: str) -> str:
    """The module whose import a line begins with."""
    return line.split()[1].partition(".")[0]


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


def imported() -> frozenset[str]:
    """The names of modules, and of what is taken of some."""
    return frozenset(_IMPORTS)


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _taken_from_outside(tree: ast.AST) -> set[str]:
    """The names in a definition that are none of its own variables."""
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return {node.id for node in names} - own


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
