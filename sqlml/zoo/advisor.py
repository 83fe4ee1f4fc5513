"""Who is asked in words: a language model behind a Python object or a command of the user's."""

import re
import shlex
import subprocess
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from sqlml.config import current
from sqlml.errors import Diagnostic, StepError

_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_SECONDS = 600.0


class NoAnswer(Exception):  # noqa: N818 (no error: there are other ways to go on)
    """An advisor could not be asked, or its answer cannot be used."""


class Advisor(Protocol):
    def complete(self, prompt: str) -> str:
        """The answer to a prompt, as text."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """An advisor that reads the prompt from its standard input and prints its answer."""

    words: tuple[str, ...]

    def complete(self, prompt: str) -> str:
        try:
            done = subprocess.run(
                self.words,
                input=prompt,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise NoAnswer(f"`{self.words[0]}` gave no answer: {error}") from error
        return done.stdout


def advisor() -> Advisor | None:
    """The advisor of the setting `advisor`: `package.module:attribute`, or else a command.

    Raises:
        StepError: E0955, there is no such object, or it has no method `complete`.
    """
    spelled = current().advisor.strip()
    if not spelled:
        return None
    if not _OBJECT.fullmatch(spelled):
        return Command(tuple(shlex.split(spelled)))
    module, _, attribute = spelled.partition(":")
    try:
        found = import_module(module)
        for name in attribute.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise _unusable(f"the advisor `{spelled}` cannot be imported: {error}") from error
    made = found() if isinstance(found, type) else found
    if not callable(getattr(made, "complete", None)):
        raise _unusable(f"the advisor `{spelled}` has no method `complete(prompt)`")
    return made


def _unusable(message: str) -> StepError:
    hint = "the setting `advisor` names `package.module:attribute`, or a command"
    return StepError(Diagnostic("E0955", message, hint=hint))
