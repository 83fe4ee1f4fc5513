"""The words that the boosters' dictionaries are written in, and the settings that they share."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlml.zoo.attributes import Attribute, AttributeProblem, Dictionary, Value, WithoutEffect
from sqlml.zoo.settings import TRAIN


@dataclass(frozen=True, slots=True)
class Reserved(Attribute):
    """A name that the library knows and sqlml sets by itself; `doc` says why or what to write."""

    def check(self, value: Value) -> Value:
        raise AttributeProblem(f"`{self.name}` cannot be set here", self.doc)

    def describe(self, most_choices: int = 0) -> str:
        return "nothing: sqlml sets it"


@dataclass(frozen=True, slots=True)
class Metrics(Attribute):
    """Names of metrics. Those in `cut_at` may be followed by `@` and a number, as in `ndcg@5`."""

    cut_at: frozenset[str] = frozenset()

    def check(self, value: Value) -> Value:
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, tuple | list):
            names = (names,)
        return tuple(self._checked(name) for name in names)

    def _checked(self, name: Value) -> Value:
        spelling = name.strip().casefold() if isinstance(name, str) else name
        if not isinstance(spelling, str) or "@" not in spelling:
            return Attribute.check(replace(self, several=False), spelling)
        metric, _, cut = spelling.partition("@")
        if metric not in self.cut_at or not _is_number(cut.removesuffix("-")):
            known = ", ".join(f"`{known}@`" for known in sorted(self.cut_at))
            raise AttributeProblem(
                f"`{self.name}` knows no metric `{spelling}`", f"these take a number: {known}"
            )
        return spelling


def integer(
    name: str,
    default: int | None,
    minimum: int | None,
    doc: str,
    *aliases: str,
    maximum: int | None = None,
) -> Attribute:
    return Attribute(name, ("integer",), default, doc, minimum, maximum, aliases=aliases)


def number(
    name: str,
    default: float | None,
    minimum: float | None,
    doc: str,
    *aliases: str,
    maximum: float | None = None,
    above: bool = False,
    below: bool = False,
) -> Attribute:
    """`above` and `below` leave out `minimum` and `maximum` themselves."""
    return Attribute(
        name, ("number",), default, doc, minimum, maximum, above, below, aliases=aliases
    )


def share(name: str, default: float, doc: str, *aliases: str) -> Attribute:
    """A number in (0, 1]."""
    return number(name, default, 0, doc, *aliases, maximum=1, above=True)


def flag(name: str, default: bool, doc: str, *aliases: str) -> Attribute:
    return Attribute(name, ("boolean",), default, doc, aliases=aliases)


def choice(
    name: str, default: Value, choices: Iterable[Value], doc: str, *aliases: str
) -> Attribute:
    return Attribute(name, (), default, doc, choices=tuple(choices), aliases=aliases)


def text(name: str, doc: str, *aliases: str) -> Attribute:
    return Attribute(name, ("text",), None, doc, aliases=aliases)


def numbers(
    name: str, doc: str, *aliases: str, minimum: float | None = None, maximum: float | None = None
) -> Attribute:
    """A number or a list of numbers."""
    return Attribute(name, ("number",), None, doc, minimum, maximum, aliases=aliases, several=True)


def nested(name: str, doc: str, *aliases: str) -> Attribute:
    """A list of anything, or the library's own spelling of it as text."""
    return Attribute(name, ("list", "text"), None, doc, aliases=aliases)


def reserved(name: str, doc: str, *aliases: str) -> Attribute:
    return Reserved(name, doc=doc, aliases=aliases)


def settings(
    rounds: int,
    *,
    round_aliases: tuple[str, ...],
    stopping_aliases: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
) -> Dictionary:
    """The `train.*` attributes of a booster that makes `rounds` rounds unless told otherwise."""
    shared = TRAIN.only(
        "num_boost_round",
        "early_stopping_rounds",
        "num_workers",
        "seed",
        "weight",
        "class_weight",
        "group",
        "verbose",
        *others,
    )
    own = (
        replace(shared["num_boost_round"], default=rounds, aliases=round_aliases),
        replace(shared["early_stopping_rounds"], aliases=stopping_aliases),
        replace(
            shared["verbose"],
            doc="1 or 2: measure the metrics on the training rows in every round, too.",
        ),
        WithoutEffect("batch_size", doc="every round sees all rows"),
        WithoutEffect("epoch", doc="`train.num_boost_round` says how long training goes on"),
    )
    return shared.merge(Dictionary(own))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
