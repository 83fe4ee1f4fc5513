"""What text holds, told from its values: categories, lists of numbers, or keys with values."""

import re
from collections.abc import Sequence

from sqlml.zoo.features import problems

SAMPLED = 1_000
# Text is meant to be lists of numbers when at least this share of the sampled values is one.
LISTS_INTENDED = 0.25

_NUMBER = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*"
_LIST = re.compile(rf"\s*\[?{_NUMBER}(?:,{_NUMBER})+\]?\s*")
_PAIR = rf"\s*\d+:{_NUMBER}"
_PAIRS = re.compile(rf"{_PAIR}(?:[,; ]{_PAIR})*")


_IDS = re.compile(r"\s*\[?\s*\d+(?:\s*,\s*\d+)*\s*\]?\s*")


def guessed_delimiter(values: Sequence[str]) -> str:
    """What stands between the ids that texts list, as in `3,5,7`; empty where each is one value."""
    sample = values[:SAMPLED]
    several = sum("," in text for text in sample)
    lists = several >= LISTS_INTENDED * len(sample) and all(map(_IDS.fullmatch, sample))
    return "," if several and lists else ""


def guessed_length(name: str, values: Sequence[str]) -> int | None:
    """How many numbers each text lists, as in `0.2,1.7,0.6`; None where texts are categories.

    Raises:
        StepError: lists of different lengths, lists and other text, or text as in `3:0.2,5:1`.
    """
    sample = values[:SAMPLED]
    if sample and all(map(_PAIRS.fullmatch, sample)):
        several = next((text for text in sample if text.count(":") > 1), None)
        if several is not None:  # pairs alone are also how times and scores are written
            raise problems.key_value_text(name, several)
    lists = [text for text in sample if _LIST.fullmatch(text)]
    if not lists or len(lists) < LISTS_INTENDED * len(sample):
        return None
    if len(lists) < len(sample):
        raise problems.mixed_text(name, next(t for t in sample if not _LIST.fullmatch(t)))
    lengths = [text.count(",") + 1 for text in lists]
    other = next((place for place, n in enumerate(lengths) if n != lengths[0]), None)
    if other is not None:
        hint = f"mend those rows, or use VOCABULARY({name}) if each text is one category"
        raise problems.ragged(name, (lengths[0], lengths[other]), lists[other], hint=hint)
    return lengths[0]
