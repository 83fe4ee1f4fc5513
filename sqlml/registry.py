"""Named plugins, imported only when they are used."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
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
        from importlib.metadata import entry_points  # loads the email package: 30 ms

        foreign = {point.name: point.value for point in entry_points(group=self._group)}
        return {**foreign, **self._builtin}

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
