"""Stored models as statements name them: the newest, a version's number, or an alias."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlml.errors import Diagnostic, StepError, did_you_mean
from sqlml.zoo.context import Models

Content = Mapping[str, Any]  # of a manifest


def find_version(models: Models, name: str, version: int | str | None = None) -> Content | None:
    """A version of a model, the newest if none is named; None when there is no such one."""
    versions: Sequence[Content] = models.versions(name)
    for content in reversed(versions):
        known = (None, content["version"], *content.get("aliases", ()))
        if (version.casefold() if isinstance(version, str) else version) in known:
            return content
    return None


def chosen_version(models: Models, name: str, version: int | str | None = None) -> Content:
    """As `find_version`.

    Raises:
        StepError: there is no such version.
    """
    found = find_version(models, name, version)
    if found is None:
        raise unknown(models, name, version)
    return found


def unknown(models: Models, name: str, version: int | str | None) -> StepError:
    """What is wrong with a name that no stored version has."""
    known = [str(content["version"]) for content in models.versions(name)]
    if version is not None and known:
        hint = f"its versions: {', '.join(known)}"
    else:
        hint = did_you_mean(name, models.names()) or "list them with SHOW MODELS"
    message = f"there is no model `{reference(name, version)}`"
    return StepError(Diagnostic("E0426", message, hint=hint, about="model"))


def reference(name: str, version: int | str | None) -> str:
    """A model's name and version as they are written: `m`, `m@3`, `m@champion`."""
    return name if version is None else f"{name}@{version}"
