"""The attributes behind WITH, and their values, as candidates."""

from collections.abc import Iterable, Iterator

from sqlml.editing.candidate import Candidate
from sqlml.planner.attributes import Vocabulary, training_vocabulary, vocabulary
from sqlml.zoo.attributes import Attribute, Value, WithoutEffect, written
from sqlml.zoo.models import find_model
from sqlml.zoo.settings import STATEMENTS

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.-")


def known_to(verb: str, estimator: str) -> Vocabulary | None:
    """The attributes that a statement understands.

    None where there are none, or where nobody knows them. estimator: of TO TRAIN.
    """
    if verb == "TRAIN":
        model = find_model(estimator)
        return None if model is None else training_vocabulary(model)
    return vocabulary(verb.lower()) if verb.lower() in STATEMENTS else None


def attribute_names(known: Vocabulary, given: Iterable[str]) -> Iterator[Candidate]:
    """All attributes but those that are given, in their shortest spelling."""
    there = {found[1].name for name in given if (found := known.find(name.lower()))}
    for namespace, dictionary in known.namespaces.items():
        for name, attribute in dictionary.items():
            if isinstance(attribute, WithoutEffect) or name in there:
                continue
            if not (attribute.kinds or attribute.choices):  # known only for its successor
                continue
            text = name if namespace in known.bare else f"{namespace}.{name}"
            yield Candidate(text, "attribute", takes(attribute), attribute.doc)


def attribute_values(attribute: Attribute) -> Iterator[Candidate]:
    """The values that can be listed: choices, TRUE and FALSE, and the default."""
    forms = (attribute, *attribute.also)
    values: list[Value] = [choice for form in forms for choice in form.choices]
    if any("boolean" in form.kinds for form in forms):
        values += [True, False]
    if attribute.default is not None and not isinstance(attribute.default, tuple):
        values.append(attribute.default)
    for value in values:
        is_default = value == attribute.default and type(value) is type(attribute.default)
        yield Candidate(_spelt(value), "value", "default" if is_default else "", attribute.doc)


def takes(attribute: Attribute) -> str:
    """What an attribute takes, and its default."""
    default = "" if attribute.default is None else f", default {written(attribute.default)}"
    return attribute.describe(most_choices=6).replace("`", "") + default


def _spelt(value: Value) -> str:
    """A value as it is written in a program: text in quotes where it is no word."""
    text = written(value)
    if isinstance(value, str) and (not value or value[0] in "-.:" or not _WORD.issuperset(value)):
        return f"'{text}'"
    return text
