"""Where plots go, and what they can be drawn with."""

import re
from importlib.util import find_spec
from pathlib import Path

from sqlml.zoo.context import Context

_NOT_IN_NAMES = re.compile(r"[^\w]+")
INSTALL = 'pip install "sqlml[explain]"'


def has_matplotlib() -> bool:
    return find_spec("matplotlib") is not None


def new_file(context: Context, model: str, kind: str) -> Path:
    """The path of a file that lasts and does not exist yet, named after a model's reference."""
    stem = f"{_NOT_IN_NAMES.sub('-', model)[:100]}-{kind}"
    path = context.lasting(f"{stem}.png")
    number = 2
    while path.exists():
        path = context.lasting(f"{stem}-{number}.png")
        number += 1
    return path


def literal(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")
