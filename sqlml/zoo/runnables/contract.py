"""What a ready-made program is: typed arguments, and the SQL that they make over the rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlml.zoo.attributes import Attribute, AttributeProblem, Dictionary, Value

# What a text argument names: a column of the rows, one with numbers, or a table or query.
Names = Literal["column", "number", "query"]
Options = Mapping[str, Value]


class ArgumentProblem(Exception):  # noqa: N818 (a problem of an argument, not yet an error shown)
    """What is wrong, and where: at the argument `name`, or at a `word` behind CMD."""

    def __init__(
        self, code: str, message: str, hint: str = "", *, name: str = "", word: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.name = name
        self.word = word


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument. What names columns has an attribute of text; `several` takes `a,b`."""

    attribute: Attribute
    names: Names | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """The queries that a program reads: its rows, and those that it compares them with."""

    rows: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Runnable:
    """A ready-made program.

    build: one query per table of INTO, whose number is given; a single one without INTO. It raises
    ArgumentProblem where options do not go together. most_tables: how many INTO may name. ignored:
    arguments of SQLFlow's program of that kind that mean nothing here.
    """

    name: str
    doc: str
    arguments: tuple[Argument, ...]
    build: Callable[[Sources, Options, int], tuple[str, ...]]
    most_tables: int = 1
    ignored: tuple[str, ...] = ()

    @property
    def dictionary(self) -> Dictionary:
        return Dictionary(argument.attribute for argument in self.arguments)

    def options(self, words: Sequence[str]) -> tuple[Options, Mapping[str, int]]:
        """The values of all arguments, and the places of the words that give them.

        Words are `--name value`, `--name=value`, or `--name` alone for TRUE.

        Raises:
            ArgumentProblem: at the first word that is wrong.
        """
        options: dict[str, Value] = {a.name: a.default for a in self.dictionary.values()}
        places: dict[str, int] = {}
        index = 0
        while index < len(words):
            flag, equals, text = words[index].partition("=")
            place = index
            index += 1
            attribute = self._attribute(flag, place)
            if not equals and index < len(words) and not words[index].startswith("--"):
                text, place = words[index], index
                index += 1
            elif not equals:
                text = "true"
            if attribute is None:
                continue
            if attribute.name in places:
                message = f"`--{attribute.name}` is given twice"
                raise ArgumentProblem("E0243", message, "keep one of the two", word=place)
            options[attribute.name] = _checked(attribute, text, place)
            places[attribute.name] = place
        self._check_required(places)
        return options, places

    def _attribute(self, flag: str, place: int) -> Attribute | None:
        """The attribute of a flag; None for one that is ignored."""
        name = flag.removeprefix("--").replace("-", "_")
        if name in self.ignored:
            return None
        if flag.startswith("--"):
            try:
                return self.dictionary[name]
            except KeyError:
                pass
        close = self.dictionary.nearest(name)
        hint = f"did you mean `--{close}`?" if close else f"it takes {self.usage}"
        message = f"`{self.name}` has no argument `{flag}`"
        raise ArgumentProblem("E0243", message, hint, word=place)

    def _check_required(self, places: Mapping[str, int]) -> None:
        for argument in self.arguments:
            name = argument.attribute.name
            if argument.required and name not in places:
                hint = f"add `'--{name}', '…'` behind CMD"
                message = f"`{self.name}` needs the argument `--{name}`"
                raise ArgumentProblem("E0245", message, hint)

    @property
    def usage(self) -> str:
        """Its arguments in one line."""
        return ", ".join(f"`--{name}`" for name in self.dictionary)


def column_argument(
    name: str, doc: str, *, names: Names = "column", several: bool = False, required: bool = False
) -> Argument:
    """An argument that names a column, or several."""
    attribute = Attribute(name, ("text",), several=several, doc=doc)
    return Argument(attribute, names, required)


def _checked(attribute: Attribute, text: str, place: int) -> Value:
    numeric = {"integer", "number"} & set(attribute.kinds)
    value: Value = text
    if attribute.several:
        items = [item.strip() for item in text.split(",") if item.strip()]
        value = tuple(_number(item) if numeric else item for item in items)
    elif numeric:
        value = _number(text)
    try:
        return attribute.check(value)
    except AttributeProblem as problem:
        message = problem.message.replace(f"`{attribute.name}`", f"`--{attribute.name}`", 1)
        raise ArgumentProblem("E0244", message, problem.hint, word=place) from problem


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def values(options: Options, name: str) -> tuple[str, ...]:
    """The values of an argument that takes several; none where it is not given."""
    given = options[name]
    return tuple(map(str, given)) if isinstance(given, tuple) else ()
