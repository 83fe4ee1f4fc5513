"""The attributes behind WITH: known, given once, of the right type and range."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlml.errors import MAX_SHOWN, nearest
from sqlml.grammar import ast
from sqlml.grammar.keywords import one_of
from sqlml.planner.older_names import (
    DRAWING,
    attribute_of_today,
    instead_of_attribute,
    value_of_today,
)
from sqlml.planner.scope import Scope
from sqlml.planner.spaces import dimension_of, is_space
from sqlml.planner.values import NotAValue, value_of
from sqlml.source import Span
from sqlml.zoo.attributes import Attribute, AttributeProblem, Dictionary, Value, WithoutEffect
from sqlml.zoo.model import ModelType
from sqlml.zoo.search import Dimension
from sqlml.zoo.settings import STATEMENTS

_SPELLINGS = dict.fromkeys(("summary", "shap_summary"), "explain")  # as SQLFlow named it
_SEARCHES = "range"  # in front of what SQLFlow let Katib search
_ELSEWHERE = {
    "optimizer": "it belongs to neural networks, such as `DNNClassifier`",
    "loss": "it belongs to neural networks, such as `DNNClassifier`",
    "solver": "it belongs to TO MAXIMIZE and TO MINIMIZE",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The attributes that a statement understands.

    owner: who understands them, as errors name it. bare: the namespaces whose attributes may stand
    without their namespace, and for one another. searched: those whose attributes may have several
    values, for a search to choose from.
    """

    owner: str
    namespaces: Mapping[str, Dictionary]
    bare: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()

    def find(self, name: str) -> tuple[str, Attribute] | None:
        """The namespace and the attribute that a written name means."""
        namespace, dot, rest = name.partition(".")
        if not dot:
            places, rest = self.bare, name
        elif namespace == "model" and "model" in self.bare:
            places = self.bare
        else:
            places = (namespace,)
        for place in places:
            if attribute := self.namespaces.get(place, _NOTHING).get(rest):
                return place, attribute
        return None

    def spellings(self) -> Iterator[str]:
        """Every name that can be written."""
        for namespace, dictionary in self.namespaces.items():
            for name in _names(dictionary):
                yield f"{namespace}.{name}"
                if namespace in self.bare:
                    yield name


@dataclass(frozen=True, slots=True)
class Given:
    """An attribute that was given: its checked value, and where it stands.

    space: the values that a search chooses from, instead of one.
    """

    value: Value
    written: ast.Attribute
    space: Dimension | None = None

    @property
    def span(self) -> Span:
        return self.written.span


class Attributes:
    """What was given behind WITH, by namespace and canonical name (`train.seed`)."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], Given] = {}

    def add(self, namespace: str, name: str, given: Given) -> bool:
        """Whether it was the first of its name."""
        return self._given.setdefault((namespace, name), given) is given

    def find(self, namespace: str, name: str) -> Given | None:
        return self._given.get((namespace, name))

    def value(self, namespace: str, name: str) -> Value:
        """The value; None where it was not given."""
        given = self._given.get((namespace, name))
        return None if given is None else given.value

    def values(self, namespace: str) -> dict[str, Value]:
        """The single values of a namespace, by name without it."""
        return {
            name: given.value
            for (space, name), given in self._given.items()
            if space == namespace and given.space is None
        }

    def spaces(self) -> dict[str, Dimension]:
        """What a search chooses from, by name with namespace."""
        return {
            f"{namespace}.{name}": given.space
            for (namespace, name), given in self._given.items()
            if given.space is not None
        }

    def searched(self) -> Iterator[Given]:
        """The attributes that a search chooses the values of."""
        return (given for given in self._given.values() if given.space is not None)

    def all_of(self, namespace: str) -> Iterator[Given]:
        return (given for (space, _), given in self._given.items() if space == namespace)


def training_vocabulary(model: ModelType) -> Vocabulary:
    """What may stand in TO TRAIN of a model; a booster's parameters need no namespace."""
    namespaces = {"model": model.parameters, **STATEMENTS["train"]}
    namespaces["train"] = model.settings.merge(namespaces["train"])
    for namespace, dictionary in model.namespaces.items():
        namespaces[namespace] = namespaces.get(namespace, _NOTHING).merge(dictionary)
    is_booster = "num_boost_round" in model.settings
    bare = ("model", "train") if is_booster else ()
    return Vocabulary(f"`{model.name}`", namespaces, bare, () if model.candidates else _SEARCHED)


def vocabulary(statement: str) -> Vocabulary:
    """What may stand in any other statement (`predict` …); a solver's needs no namespace."""
    return Vocabulary(f"TO {statement.upper()}", STATEMENTS[statement], ("solver",))


def read_attributes(
    scope: Scope, written: Sequence[ast.Attribute], known: Vocabulary
) -> Attributes:
    """Check the attributes of a statement. Those at fault are told to the scope and left out."""
    attributes = Attributes()
    before = len(scope.faults)
    for attribute in written:
        if len(scope.faults) - before >= MAX_SHOWN:
            break
        name = _canonical(attribute.name.text)
        found = known.find(name)
        if found is None and known.owner == "TO EXPLAIN" and name in DRAWING:
            message = f"`{attribute.name.text}` has no effect: this plot has a style of its own"
            scope.note(message, attribute.name.span)
            continue
        if found is None:
            _tell_unknown(scope, attribute.name, name, known)
            continue
        namespace, definition = found
        if isinstance(definition, WithoutEffect):
            message = f"`{attribute.name.text}` has no effect: {definition.doc}"
            scope.note(message, attribute.name.span)
            continue
        try:
            given = _read(scope, attribute, found, known)
        except NotAValue as problem:
            scope.fault(problem.code, problem.message, problem.span, hint=problem.hint)
            continue
        except AttributeProblem as problem:
            message = problem.message.replace(f"`{definition.name}`", f"`{name}`", 1)
            scope.fault("E0205", message, attribute.value.span, hint=problem.hint)
            continue
        if not attributes.add(namespace, definition.name, given):
            _tell_twice(scope, attribute, namespace, definition.name, attributes)
    return attributes


def is_meant(name: str, about: str) -> bool:
    """Whether an attribute's written name is the one that a step's error is about.

    A step names attributes with or without their namespace.
    """
    name, about = _canonical(name), _canonical(about)
    return name == about or name.rpartition(".")[2] == about.rpartition(".")[2]


def _read(
    scope: Scope, written: ast.Attribute, found: tuple[str, Attribute], known: Vocabulary
) -> Given:
    """Raises:
    NotAValue: something else stands where a value, or a space to search, should be.
    AttributeProblem: the attribute does not take the value.
    """
    namespace, definition = found
    if not is_space(written.value):
        return Given(definition.check(_renamed(scope, definition, written.value)), written)
    if namespace not in known.searched or definition.name in _NEVER_SEARCHED:
        message = f"`{written.name.text}` is nothing to search for"
        raise NotAValue(message, written.value.span, "give one value", "E0261")
    return Given(None, written, dimension_of(definition, written.value))


def _canonical(name: str) -> str:
    namespace, dot, rest = name.partition(".")
    return f"{_SPELLINGS.get(namespace, namespace)}{dot}{rest}"


def _renamed(scope: Scope, definition: Attribute, written: ast.Value) -> Value:
    """The value, under today's name where a library has renamed it."""
    value = value_of(written)
    renamed = value_of_today(definition, value) if isinstance(value, str) else None
    if renamed is None:
        return value
    scope.note(f"`{value}` is called `{renamed}` today", written.span)
    return renamed


def _tell_twice(
    scope: Scope, attribute: ast.Attribute, namespace: str, name: str, attributes: Attributes
) -> None:
    first = attributes.find(namespace, name)
    assert first is not None
    line, column = first.span.source.position(first.span.start)
    earlier, now = first.written.name.text, attribute.name.text
    also = "" if earlier == now else f": `{now}` is another name of `{earlier}`"
    scope.fault(
        "E0204",
        f"`{now}` is given twice{also}",
        attribute.name.span,
        label=f"first in line {line}, column {column}",
        hint="keep one of the two",
    )


def _tell_unknown(scope: Scope, written: ast.Name, name: str, known: Vocabulary) -> None:
    namespace, dot, rest = name.partition(".")
    spelt = written.span.text.strip('"`')
    if dot and namespace not in known.namespaces:
        if namespace in _ELSEWHERE:
            message = f"`{spelt}` is not available for {known.owner}"
            own = [f"`{one}.{rest}`" for one in known.namespaces if one.endswith(f"_{namespace}")]
            hint = f"write {one_of(own)}" if own else _ELSEWHERE[namespace]
            scope.fault("E0206", message, written.span, hint=hint)
            return
        if namespace in _NAMESPACES:
            message = f"`{spelt}` has no meaning in {_statement(known)}"
            hint = f"{_statement(known)} takes {_choices(known)}"
            scope.fault("E0206", message, written.span, hint=hint)
            return
    message = f"{known.owner} has no attribute `{spelt}`"
    hint = _meant(namespace if dot else "", rest or namespace, known)
    scope.fault("E0203", message, written.span, hint=hint)


def _meant(space: str, rest: str, known: Vocabulary) -> str:
    """The nearest spelling: the other number, else the same in another namespace, else any."""
    if instead := instead_of_attribute(rest):
        return instead
    rest = attribute_of_today(rest)
    for number in (f"{rest}s", rest.removesuffix("s")):
        if number != rest and number in known.namespaces.get(space, _NOTHING):
            return f"did you mean `{space}.{number}`?"
    for namespace, dictionary in known.namespaces.items():
        if rest in dictionary:
            spelling = rest if namespace in known.bare else f"{namespace}.{rest}"
            range_ = " = RANGE(from, to)" if space == _SEARCHES else ""
            return f"write `{spelling}{range_}`"
    if space in known.namespaces and (close := nearest(rest, _names(known.namespaces[space]))):
        return f"did you mean `{space}.{close}`?"
    by_last_part = {spelling.rpartition(".")[2]: spelling for spelling in known.spellings()}
    if close := nearest(rest, by_last_part):
        return f"did you mean `{by_last_part[close]}`?"
    return f"it takes {_choices(known)}"


def _statement(known: Vocabulary) -> str:
    return known.owner if known.owner.startswith("TO ") else "TO TRAIN"


def _choices(known: Vocabulary) -> str:
    """All attributes where they are few, else the namespaces."""
    names = [
        f"{space}.{name}"
        for space, found in known.namespaces.items()
        for name, attribute in found.items()
        if not isinstance(attribute, WithoutEffect)
    ]
    if len(names) > 12:
        names = [f"{namespace}.…" for namespace in known.namespaces]
    return ", ".join(f"`{name}`" for name in names) or "no attributes"


def _names(dictionary: Dictionary) -> Iterator[str]:
    for attribute in dictionary.values():
        yield attribute.name
        yield from attribute.aliases


_NOTHING = Dictionary(())
_SEARCHED = ("model", "train", "optimizer", "loss")
_NEVER_SEARCHED = frozenset(
    {"seed", "weight", "group", "disk_cache", "num_workers", "verbose", "budget"}
)
_NAMESPACES = frozenset({"model", "train", *(n for s in STATEMENTS.values() for n in s)})
