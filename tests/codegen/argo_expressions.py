"""What Argo's expressions come to: expr's in `{{=…}}`, and govaluate's in `when`.

As much of both as we write. Nothing is forgiven: what has no value, or no meaning, is an error.
"""

import hashlib
import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>\?\?|\?\.|==|!=|<=|>=|&&|\|\||[-+*/<>!?:;=,.()\[\]{}\#])
    )""",
    re.DOTALL | re.VERBOSE,
)


_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))", re.DOTALL)


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return {"n": "\n", "r": "\r"}.get(found[2], found[2])


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, str) == isinstance(right, str) and bool(left == right)


_LEVELS: tuple[Mapping[str, Callable[[Any, Any], Any]], ...] = (
    {"==": _same, "!=": lambda a, b: not _same(a, b),
     "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
     "in": lambda a, b: a in b,
     "matches": lambda text, pattern: re.search(pattern, text) is not None},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv},
)  # fmt: skip
Names = Mapping[str, Any]
Thunk = Callable[[], Any]  # so that what is not chosen is not worked out


class Unresolved(Exception):  # noqa: N818 - as Argo says it
    """A name stands for nothing."""


def filled(text: str, names: Names) -> str:
    """A text with the values of its tags, each looked at once.

    Argo looks again at what it has put in, where that has tags too: a value such as `{{=1+1}}` does
    not stay what it is there.
    """
    return TAG.sub(lambda tag: _value(tag[1], names), text)


def _value(tag: str, names: Names) -> str:
    if tag.startswith("="):
        value = told(evaluate(tag[1:], nested(names)))
        if any(name.startswith("item.") for name in names):  # Argo takes the one or the other
            assert value == told(evaluate(tag[1:], nested(dict(reversed(names.items())))))
        return value
    if tag.strip() not in names:
        raise Unresolved(tag)
    return str(names[tag.strip()])


def asks_items(tag: str) -> bool:
    """Whether a tag has to wait for the items of a loop."""
    if not tag.startswith("="):
        return tag.strip().split(".")[0] == "item"
    return any(kind == "name" and text == "item" for kind, text in _tokens(tag[1:].strip()))


def told(value: Any) -> str:
    """A value as Go prints it."""
    if value is None:
        raise Unresolved("nil")
    return str(value).lower() if isinstance(value, bool) else str(value)


def nested(names: Names) -> dict[str, Any]:
    """`a.b` as the member `b` of `a`; where both are there, only that which comes first."""
    found: dict[str, Any] = {}
    for name, value in names.items():
        *path, last = name.split(".")
        inner = found
        for part in path:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                break
        else:
            inner.setdefault(last, value)
    return found


def evaluate(text: str, names: Names) -> Any:
    """The value of an expression of expr's language."""
    return _Parser(text, {**_FUNCTIONS, **names}).value()


def holds(when: str) -> bool:
    """Whether a `when` holds, in which all tags are put in. Bare words are texts."""
    result = _Parser(when, {"true": True, "false": False}, bare=True).value()
    assert isinstance(result, bool), when
    return result


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The tokens of an expression, and of which kind each is."""
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None, f"{text[at:]!r} in {text!r}"
        yield str(token.lastgroup), token[token.lastgroup or 0]
        at = token.end()


class _Parser:
    """names: what names stand for. bare: others stand for themselves."""

    def __init__(self, text: str, names: Names, *, bare: bool = False) -> None:
        self._text, self._names, self._bare = text, names, bare
        self._each: list[Any] = []
        self._tokens = [*_tokens(text.strip())]

    def value(self) -> Any:
        found = self._choice()
        assert not self._tokens, f"{self._tokens[0]} is too much in {self._text}"
        return found()

    def _take(self, *signs: str) -> str:
        if self._tokens and self._tokens[0][0] != "string" and self._tokens[0][1] in signs:
            return str(self._tokens.pop(0)[1])
        return ""

    def _expect(self, sign: str) -> None:
        assert self._take(sign), f"{sign} is missing in {self._text!r}"

    def _choice(self) -> Thunk:
        if self._take("let"):
            return self._named_value()
        condition = self._default()
        if not self._take("?"):
            return condition
        one = self._choice()
        self._expect(":")
        other = self._choice()
        return lambda: one() if _truth(condition()) else other()

    def _named_value(self) -> Thunk:
        """`let x = …; …`: what a name stands for from there on."""
        _, name = self._tokens.pop(0)
        self._expect("=")
        value = self._choice()
        self._expect(";")
        self._names = {**self._names, name: None}
        body, names = self._choice(), self._names

        def found() -> Any:
            names[name] = value()  # type: ignore[index]
            return body()

        return found

    def _default(self) -> Thunk:
        left = self._any()
        while self._take("??"):
            left = self._or_else(left, self._any())
        return left

    def _or_else(self, left: Thunk, right: Thunk) -> Thunk:
        return lambda: right() if (value := left()) is None else value

    def _any(self) -> Thunk:
        terms = [self._all()]
        while self._take("||"):
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else lambda: any(_truth(term()) for term in terms)

    def _all(self) -> Thunk:
        terms = [self._infix(0)]
        while self._take("&&"):
            terms.append(self._infix(0))
        return terms[0] if len(terms) == 1 else lambda: all(_truth(term()) for term in terms)

    def _infix(self, level: int) -> Thunk:
        if level == len(_LEVELS):
            return self._prefix()
        left = self._infix(level + 1)
        while sign := self._take(*_LEVELS[level]):
            left = self._applied(_LEVELS[level][sign], left, self._infix(level + 1))
        return left

    def _applied(self, operation: Callable[[Any, Any], Any], left: Thunk, right: Thunk) -> Thunk:
        return lambda: operation(left(), right())

    def _prefix(self) -> Thunk:
        if self._take("!"):
            term = self._prefix()
            return lambda: not _truth(term())
        if self._take("-"):
            number = self._prefix()
            return lambda: -number()
        return self._members(self._operand())

    def _members(self, value: Thunk) -> Thunk:
        while sign := self._take(".", "?.", "[", "("):
            if sign == "(":
                value = self._call(value, self._list(")"))
            elif sign == "[":
                value = self._member(value, self._choice(), is_safe=False)
                self._expect("]")
            else:
                _, name = self._tokens.pop(0)
                value = self._member(value, lambda name=name: name, is_safe=sign == "?.")  # type: ignore[misc]
        return value

    def _member(self, value: Thunk, key: Thunk, *, is_safe: bool) -> Thunk:
        def found() -> Any:
            whole = value()
            if whole is None and not is_safe:
                raise Unresolved(self._text)
            return None if whole is None else whole.get(key())

        return found

    def _call(self, function: Thunk, arguments: list[Thunk]) -> Thunk:
        return lambda: function()(*(argument() for argument in arguments))

    def _list(self, end: str) -> list[Thunk]:
        found: list[Thunk] = []
        while not self._take(end):
            found.append(self._choice())
            self._take(",")
        return found

    def _operand(self) -> Thunk:
        if self._take("("):
            inner = self._choice()
            self._expect(")")
            return inner
        if self._take("["):
            items = self._list("]")
            return lambda: [item() for item in items]
        if self._take("{"):
            body = self._choice()
            self._expect("}")
            return lambda: partial(self._with, body)
        if self._take("#"):
            return lambda: self._each[-1]
        assert self._tokens, f"something is missing in {self._text!r}"
        kind, text = self._tokens.pop(0)
        assert kind != "sign", f"{text} in {self._text!r}"
        if kind == "string":
            written = _ESCAPE.sub(_unescaped, text[1:-1])
            return lambda: written
        if kind == "number":
            number = float(text) if self._bare or not text.isdigit() else int(text)
            return lambda: number
        return self._named(text)

    def _with(self, body: Thunk, each: Any) -> Any:
        """The value of a predicate for an element, which it calls `#`."""
        self._each.append(each)
        try:
            return body()
        finally:
            self._each.pop()

    def _named(self, name: str) -> Thunk:
        if name in (names := self._names):
            return lambda: names[name]
        if not self._bare:
            raise Unresolved(name)
        return lambda: name


def _truth(value: Any) -> bool:
    assert isinstance(value, bool), f"{value!r} is neither true nor false"
    return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _fail(message: str) -> None:
    raise AssertionError(message)


_FUNCTIONS: Names = {
    "asInt": int,
    "asFloat": float,
    "toJson": _json,
    "fromJSON": json.loads,
    "trimPrefix": str.removeprefix,
    "type": lambda value: {str: "string", dict: "map", list: "array"}.get(type(value), "other"),
    "map": lambda items, function: [function(item) for item in items],
    "sprig": {"sha256sum": lambda text: hashlib.sha256(text.encode()).hexdigest(), "fail": _fail},
    "true": True,
    "false": False,
    "nil": None,
}
