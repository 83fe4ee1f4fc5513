"""Argo's terms of dependencies: `A.Succeeded && (B.Failed || !C)`, as conditions on steps."""

import re
from collections.abc import Iterator

from sqlml.errors import did_you_mean
from sqlml.workflow.ir import After, AllOf, AnyOf, Condition, HasStatus, Not, Status
from sqlml.workflow.places import fault, kebab

_TOKEN = re.compile(r"\s*(&&|\|\||!|\(|\)|[A-Za-z0-9][-\w]*(?:\.\w+)?)")
_NAME = re.compile(r"([A-Za-z0-9][-\w]*)((?:\.\w+)?)")
_STATUSES: dict[str, Status] = {
    "": "passed",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Errored": "failed",
    "Skipped": "skipped",
    "Omitted": "skipped",
    "Daemoned": "succeeded",
}
_HINT = "such as `A.Succeeded && (B.Failed || B.Skipped)`"


def parse_depends(text: str) -> tuple[tuple[After, ...], Condition | None]:
    """The steps to come after, and what must hold of them besides.

    Terms joined by `&&` alone are a matter of order; others become a condition.

    Raises:
        ProgramError: the text is malformed, or asks for a status that steps do not have.
    """
    condition = _Reader(text).read()
    terms = condition.terms if isinstance(condition, AllOf) else (condition,)
    after = tuple(After(t.node, t.status) for t in terms if isinstance(t, HasStatus))
    rest = tuple(t for t in terms if not isinstance(t, HasStatus))
    if not rest:
        return after, None
    return after, rest[0] if len(rest) == 1 else AllOf(rest)


def in_argos_words(text: str) -> str:
    """The terms as Argo is to have them, with the names that the steps have."""
    named = _NAME.sub(lambda match: f"{kebab(match[1])}{match[2]}", text)
    return " ".join(named.split())


class _Reader:
    """Recursive descent: or, and, not, names."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*_tokens(text)]

    def read(self) -> Condition:
        condition = self._any()
        if self._tokens:
            raise self._malformed()
        return condition

    def _any(self) -> Condition:
        terms = [self._all()]
        while self._take("||"):
            terms.append(self._all())
        distinct = tuple(dict.fromkeys(terms))
        return distinct[0] if len(distinct) == 1 else AnyOf(distinct)

    def _all(self) -> Condition:
        terms: list[Condition] = []
        while True:
            term = self._term()
            terms += term.terms if isinstance(term, AllOf) else [term]
            if not self._take("&&"):
                break
        distinct = tuple(dict.fromkeys(terms))
        return distinct[0] if len(distinct) == 1 else AllOf(distinct)

    def _term(self) -> Condition:
        if self._take("!"):
            return Not(self._term())
        if self._take("("):
            condition = self._any()
            if not self._take(")"):
                raise self._malformed()
            return condition
        if not self._tokens or not self._tokens[0][0].isalnum():
            raise self._malformed()
        name, _, status = self._tokens.pop(0).partition(".")
        if status not in _STATUSES:
            known = ", ".join(word for word in _STATUSES if word)
            hint = did_you_mean(status, _STATUSES) or f"a step can be: {known}"
            raise fault("E0732", f"a step cannot be `{status}`", hint)
        return HasStatus(_STATUSES[status], kebab(name))

    def _take(self, token: str) -> bool:
        if self._tokens[:1] == [token]:
            del self._tokens[0]
            return True
        return False

    def _malformed(self) -> Exception:
        return fault("E0732", f"the dependencies cannot be read: {self._text!r:.90}", _HINT)


def _tokens(text: str) -> Iterator[str]:
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise fault("E0732", f"the dependencies cannot be read: {text!r:.90}", _HINT)
        yield match[1]
        position = match.end()
