"""What a feature gives to the matrix of a plain script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from sqlml.codegen.python.features import FEATURES

Spec = Mapping[str, Any]  # a feature, as zoo/features writes it


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of the matrix, made of `rows`. All texts are Python, to be written into the script.

    learnt: lines before, which learn from the rows of the training. width: how many columns it
    has. names: what goes into a list of the columns' names; empty where they have none.
    is_code: it is the place of a category. is_sparse: it is a sparse matrix of its own. spec: the
    feature. target: the input of the model that it feeds.
    """

    text: str
    names: str = ""
    width: str = "1"
    learnt: tuple[str, ...] = ()
    is_code: bool = False
    is_sparse: bool = False
    spec: Spec = field(default_factory=dict)
    target: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose columns they are. name: gives a variable of its own. native: categories stay codes."""

    name: Callable[[str], str]
    native: bool

    @property
    def onehot(self) -> "Scope":
        return replace(self, native=False)


def block_of(spec: Spec, scope: Scope) -> Block | None:
    """None for what a script has no words for."""
    told = FEATURES.get(spec["function"])
    if told is None:
        return None
    module, _, function = told.partition(":")
    write = getattr(import_module(f"sqlml.codegen.python.features.{module}"), function)
    found: Block | None = write(spec, scope)
    return found
