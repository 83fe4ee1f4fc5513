"""What a boosting library objects to, as errors that a user can act on."""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.attributes import Dictionary

_PLACE = re.compile(r"^\[[\d:]+\] \S+:\d+: ")
_CONDITION = re.compile(r"^Check failed: .*?(?:\([^()]* vs\. [^()]*\) ?)?: (?=\S)")
_SOURCE = re.compile(r" at \S+, line \d+ \.$")
_WORD = re.compile(r"\w+(?:[-:]\w+)*")


@contextmanager
def told_by(library: str, refusal: type[Exception], spellings: Mapping[str, str]) -> Iterator[None]:
    """Turn `refusal` into a StepError that quotes its first line, and keep warnings off the screen.

    spellings: what the user set; the one that the message mentions is at fault.

    Raises:
        StepError: E0460, with `about` naming the parameter, the label or the model.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except refusal as error:
        message = first_line(str(error))
        raise StepError(
            Diagnostic("E0460", f"{library}: {message}", about=_about(message, spellings))
        ) from error


def first_line(message: str) -> str:
    """What a library's message says, without its time, place in the source and condition."""
    line = _PLACE.sub("", message.strip().partition("\n")[0])
    return _SOURCE.sub("", _CONDITION.sub("", line).strip())


def spellings_of(known: Dictionary, given: Iterable[str]) -> dict[str, str]:
    """Every name that a library may use for the parameters given, to the parameter."""
    return {spelling: name for name in given for spelling in (name, *known[name].aliases)}


def _about(message: str, spellings: Mapping[str, str]) -> str:
    words = set(_WORD.findall(message))
    folded = message.casefold()
    for spelling, name in spellings.items():
        as_prose = spelling.replace("_", " ").removesuffix("s")
        if spelling in words or (" " in as_prose and as_prose in folded):
            return f"attribute {name}"
    # The start of the boosting is the label's average unless it is given.
    return "label" if "label" in folded or "base_score" in words else "model"


def refused(code: str, message: str, about: str, *, label: str = "", hint: str = "") -> StepError:
    """An error about one part of a TRAIN statement."""
    return StepError(Diagnostic(code, message, label=label, hint=hint, about=about))
