"""Something that may be written at a place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["keyword", "table", "column", "model", "estimator", "attribute", "value", "function"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text` is what is inserted; `detail` a few words beside it, `doc` a sentence or more."""

    text: str
    kind: Kind
    detail: str = ""
    doc: str = ""


def matching(word: str, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Those that begin as the word does, in any case; then those of which a later part does.

    The parts of `model.max_depth` are `model.max_depth` and `max_depth`. Each text comes once.
    """
    folded = word.casefold()
    distinct = list({candidate.text: candidate for candidate in candidates}.values())
    spelt = [candidate.text.casefold().replace('"', "") for candidate in distinct]
    first = [text.startswith(folded) for text in spelt]
    yield from (one for one, begins in zip(distinct, first, strict=True) if begins)
    for one, text, begins in zip(distinct, spelt, first, strict=True):
        if not begins and f".{folded}" in text:
            yield one
