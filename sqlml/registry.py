"""Named plugins, imported only when they are used."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Generic, TypeVar, cast

from sqlml.errors import Diagnostic, ProgramError, did_you_mean

Plugin = TypeVar("Plugin")


class Registry(Generic[Plugin]):
    """Names to plugins, as `"module:attribute"`; other packages join through entry points."""

    def __init__(self, noun: str, group: str, code: str, builtin: Mapping[str, str]) -> None:
        self.noun = noun
        self._group = group
        self._code = code
        self._builtin = dict(builtin)

    @cached_property
    def _targets(self) -> dict[str, str]:
        return {**_foreign(self._group), **self._builtin}

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._builtin or name in self._targets

    def load(self, name: str) -> Plugin:
        """Import and return a plugin.

        Raises:
            ProgramError: the name is unknown; the hint names the nearest one.
        """
        target = self._builtin.get(name) or self._targets.get(name)
        if target is None:
            hint = did_you_mean(name, self) or f"known: {', '.join(sorted(self))}"
            raise ProgramError(
                Diagnostic(self._code, f"there is no {self.noun} `{name}`", hint=hint)
            )
        module, _, attribute = target.partition(":")
        return cast(Plugin, getattr(import_module(module), attribute))


def _foreign(group: str) -> dict[str, str]:
    """What other packages announce for a group; most often nothing, which is soon known."""
    if f"[{group}]" not in _announcements(tuple(sys.path)):
        return {}
    from importlib.metadata import entry_points  # itself 30 ms, and 40 ms for 160 packages

    return {point.name: point.value for point in entry_points(group=group)}


@cache
def _announcements(folders: Sequence[str]) -> str:
    """All installed packages' entry points, as written."""
    files = (file for folder in folders for file in Path(folder).glob("*-info/entry_points.txt"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
