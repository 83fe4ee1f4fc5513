"""Trainer families, one per file; finding a model by the name a user wrote."""

from sqlml.errors import nearest
from sqlml.zoo import MODELS
from sqlml.zoo.model import ModelType


def find_model(name: str) -> ModelType | None:
    """The model of that name, any case, with or without its family's prefix; None when unknown."""
    prefix = name.partition(".")[0].lower()
    families = [prefix] if prefix in MODELS else list(MODELS)
    for family in families:
        found = MODELS.load(family).find(name)
        if found is not None:
            return found
    return None


def model_names() -> tuple[str, ...]:
    """The canonical names of all models of all families."""
    return tuple(name for family in MODELS for name in MODELS.load(family).names())


def nearest_model(name: str) -> str | None:
    """The known name closest to a mistyped one: a short name (`KMeans`) for a short name.

    A model of that name in another family, or on another path, is the closest.
    """
    names = model_names()
    own = name.rpartition(".")[2].casefold()
    elsewhere = (known for known in names if known.rpartition(".")[2].casefold() == own)
    if found := next(elsewhere, None):
        return found
    short = (known.rpartition(".")[2] for known in names)
    return nearest(name, names if "." in name else [s for s in short if find_model(s)])
