"""What may be written in a TO clause, or a statement about models: as the grammar says."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlml.editing.attributes import attribute_names, attribute_values, known_to
from sqlml.editing.candidate import Candidate
from sqlml.editing.cursor import Cursor
from sqlml.editing.names import Names
from sqlml.editing.queries import columns_in_reach
from sqlml.grammar.keywords import CLAUSE_WORDS, CLAUSES, VERBS
from sqlml.grammar.lexer import Lexeme
from sqlml.planner.tables import table_name
from sqlml.zoo.features import FEATURES
from sqlml.zoo.models import find_model, model_names
from sqlml.zoo.runnables import RUNNABLES
from sqlml.zoo.solving import SOLVERS
from sqlml.zoo.steps.explainers import NAMES as EXPLAINERS

_TERMINALS = frozenset({"NAME", "PATH", "STRING", "NUMBER", "QUERY", "PROGRAM", "$END"})
_AGAIN = frozenset({"COLUMN"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a clause something is being written.

    accepted: the terminals in front of it. expected: those that may stand there, keywords as they
    are spelled. verb: the word behind TO; empty in other statements. clause: the last word that
    began something, such as WITH or MODEL.
    """

    accepted: list[Lexeme]
    expected: frozenset[str]

    @property
    def verb(self) -> str:
        head = self.accepted[2].type if len(self.accepted) > 2 else ""
        return head if head in VERBS else ""

    @property
    def clause(self) -> str:
        types = (lexeme.type for lexeme in reversed(self.accepted))
        return next((one for one in types if one in _BEGINNINGS), "")

    @property
    def estimator(self) -> str:
        return self.accepted[3].text if self.verb == "TRAIN" and len(self.accepted) > 3 else ""

    @property
    def wants_name(self) -> bool:
        return bool(self.expected & {"NAME", "PATH"})


_BEGINNINGS = CLAUSE_WORDS | VERBS | {"MODEL", "BY", "ALIAS", "TAG", "JOB", "TRAIN", "RENAME"}


def find_place(cursor: Cursor, border: int) -> Place:
    """The place of a cursor in a statement whose clause begins at a border; 0: it is all clause."""
    from sqlml.grammar.clauses import expected_after

    wholes = {0: ("QUERY", border)} if border else {}
    return Place(*expected_after(cursor.source, cursor.before, wholes))


def in_clause(place: Place, cursor: Cursor, names: Names) -> Iterator[Candidate]:
    """Names, attributes and values that may stand there, then keywords."""
    if not place.accepted:
        return
    if place.wants_name:
        yield from _named(place, cursor, names)
    if place.clause == "WITH" and place.accepted[-1].type == "EQUAL":
        return  # a value: no keyword can be meant
    used = {lexeme.type for lexeme in place.accepted} - _AGAIN
    words = {word for word in place.expected - _TERMINALS - used if word.isalpha()}
    in_order = [word for word in CLAUSES.get(place.verb, ()) if word in words]
    for word in (*in_order, *sorted(words.difference(in_order))):
        yield Candidate(word, "keyword")


def _named(place: Place, cursor: Cursor, names: Names) -> Iterator[Candidate]:
    """What a name may be: as verb and clause say, or as the clause says alone."""
    find = _NAMED.get((place.verb, place.clause)) or _NAMED.get(("", place.clause))
    if find is not None:
        yield from find(place, cursor, names)


def _estimators(*_: object) -> Iterator[Candidate]:
    for name in model_names():
        model = find_model(name)
        assert model is not None
        yield Candidate(name, "estimator", model.task or "", model.doc)


def _runnables(*_: object) -> Iterator[Candidate]:
    return (Candidate(name, "value", "ready-made program") for name in RUNNABLES)


def _solvers(*_: object) -> Iterator[Candidate]:
    return (Candidate(name, "value", "solver") for name in SOLVERS)


def _explainers(*_: object) -> Iterator[Candidate]:
    return (Candidate(name, "value", "explainer") for name in EXPLAINERS)


def _models(_place: Place, _cursor: Cursor, names: Names) -> Iterator[Candidate]:
    return (Candidate(name, "model", detail) for name, detail in names.models.items())


def _tables(_place: Place, _cursor: Cursor, names: Names) -> Iterator[Candidate]:
    return (Candidate(table_name(name.split(".")), "table") for name in names.tables)


def _columns(_place: Place, cursor: Cursor, names: Names) -> Iterator[Candidate]:
    return columns_in_reach(cursor, names)


def _features(_place: Place, cursor: Cursor, names: Names) -> Iterator[Candidate]:
    for name in FEATURES:
        feature = FEATURES.load(name)
        yield Candidate(f"{name}(", "function", feature.usage, feature.doc)
    yield from columns_in_reach(cursor, names)


def _attributes(place: Place, cursor: Cursor, names: Names) -> Iterator[Candidate]:
    known = known_to(place.verb, place.estimator)
    if known is None:
        return
    equals = [i for i, lexeme in enumerate(place.accepted) if lexeme.type == "EQUAL"]
    if equals and "=" not in place.expected and _is_value(place.accepted[equals[-1] :]):
        found = known.find(place.accepted[equals[-1] - 1].text.lower())
        if found is not None:
            yield from attribute_values(found[1])
            if found[0] == "train" and "text" in found[1].kinds:
                yield from columns_in_reach(cursor, names)
        return
    yield from attribute_names(known, (place.accepted[i - 1].text for i in equals))


def _is_value(behind: list[Lexeme]) -> bool:
    """Whether a value is wanted behind a `=`: at once, or within its brackets."""
    opened = sum(lexeme.text in ("[", "(") for lexeme in behind)
    closed = sum(lexeme.text in ("]", ")") for lexeme in behind)
    return len(behind) == 1 or opened > closed


_NAMED: Mapping[tuple[str, str], Callable[[Place, Cursor, Names], Iterator[Candidate]]] = {
    ("TRAIN", "TRAIN"): _estimators,
    ("RUN", "RUN"): _runnables,
    ("PREDICT", "PREDICT"): _tables,
    ("MAXIMIZE", "USING"): _solvers,
    ("MINIMIZE", "USING"): _solvers,
    ("EXPLAIN", "USING"): _explainers,
    ("TRAIN", "INTO"): _models,
    ("", "INTO"): _tables,
    ("", "WITH"): _attributes,
    ("", "COLUMN"): _features,
    **{("", clause): _columns for clause in ("LABEL", "BY", "MAXIMIZE", "MINIMIZE", "CONSTRAINT")},
    **{
        ("", clause): _models
        for clause in ("EVALUATE", "EXPLAIN", "CHECK", "MODEL", "USING", "TRAIN")
    },
}
