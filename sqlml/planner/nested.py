"""Predictions that are nested in queries, written as calls of their models' functions."""

from collections.abc import Callable, Sequence

from sqlml.grammar.called import uncalled
from sqlml.grammar.nested import with_functions
from sqlml.planner.statements.prediction import DEFAULT_COLUMN
from sqlml.source import Source
from sqlml.store.store import Store


def flat(sources: Sequence[Source], dialect: str, store: Store) -> list[Source]:
    """Programs with calls of PREDICT where predictions by stored models are nested."""

    def result_of(reference: str) -> str | None:
        name, _, version = reference.partition("@")
        wanted = int(version) if version.isdecimal() else version or None
        found = store.models.find(name, wanted)
        labels = [] if found is None else found.manifest.get("label") or [{"name": DEFAULT_COLUMN}]
        return str(labels[0]["name"]) if len(labels) == 1 else None

    return [_flat(uncalled(source, dialect), dialect, result_of) for source in sources]


def _flat(source: Source, dialect: str, result_of: Callable[[str], str | None]) -> Source:
    text = with_functions(source.text, dialect, result_of)
    return source if text == source.text else Source(source.name, text)
