"""YAML whose every part knows its place, read as Go's readers read it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from sqlml.errors import Diagnostic, ProgramError
from sqlml.source import Source, Span

MAX_PARTS = 5_000_000  # with aliases written out
_NULLS = frozenset(["", "~", "null", "Null", "NULL"])
_BOOLEANS = {
    word: truth
    for words, truth in (("y yes true on", True), ("n no false off", False))
    for each in words.split()
    for word in (each, each.capitalize(), each.upper())
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*|0[0-7_]+|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A mapping, a list or a scalar of a manifest.

    keys: where the keys of a mapping stand.
    """

    value: Any
    span: Span
    keys: Mapping[str, Span] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """A scalar as text; empty for what is none."""
        match self.value:
            case str():
                return self.value
            case bool():
                return "true" if self.value else "false"
            case int() | float():
                return str(self.value)
            case _:
                return ""

    def at(self, *path: str) -> "Part":
        """What lies below, key by key; the part itself with no value where nothing does."""
        part = self
        for key in path:
            if not isinstance(part.value, dict) or key not in part.value:
                return Part(None, part.span)
            part = part.value[key]
        return part

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def fields(self) -> Mapping[str, "Part"]:
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> Sequence["Part"]:
        return self.value if isinstance(self.value, list) else ()

    def texts(self) -> Iterator["Part"]:
        """Every string within."""
        pending = [self]
        while pending:
            part = pending.pop()
            if isinstance(part.value, dict):
                pending.extend(reversed(part.value.values()))
            elif isinstance(part.value, list):
                pending.extend(reversed(part.value))
            elif isinstance(part.value, str):
                yield part

    def span_of(self, key: str) -> Span:
        """Where a key stands, or where the part begins."""
        return self.keys.get(key, self.span)


def read_documents(source: Source) -> list[Part]:
    """The documents of a file that are not empty.

    Raises:
        ProgramError: it is not YAML, or says a key twice.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(source.text)
    reader = _Reader(source)
    try:
        parts = []
        while loader.check_node():
            parts.append(reader.read(loader.get_node()))
    except yaml.YAMLError as error:
        raise ProgramError(_unreadable(source, error)) from error
    finally:
        loader.dispose()
    if reader.faults:
        raise ProgramError(*reader.faults)
    return [part for part in parts if part.value is not None]


def _unreadable(source: Source, error: Any) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    start = mark.index if mark else getattr(error, "position", 0)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return Diagnostic("E0715", f"this is not YAML: {problem}", Span(source, start, start + 1))


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._done: dict[int, tuple[Part, int]] = {}  # of each node, and how much it holds
        self._open: set[int] = set()
        self.faults: list[Diagnostic] = []

    def read(self, node: Any) -> Part:
        self._done.clear()  # its keys may be those of new nodes
        return self._read(node)[0]

    def _read(self, node: Any) -> tuple[Part, int]:
        key = id(node)
        if key in self._done:
            return self._done[key]
        span = Span(self._source, node.start_mark.index, node.end_mark.index)
        if key in self._open:
            self._fault("an alias holds itself", span)
            return Part(None, span), 1
        self._open.add(key)
        read = self._collection(node, span)
        self._open.discard(key)
        if read[1] > MAX_PARTS:
            self._fault("the aliases in it make it too large", span)
            read = Part(None, span), 1
        self._done[key] = read
        return read

    def _collection(self, node: Any, span: Span) -> tuple[Part, int]:
        if isinstance(node, yaml.SequenceNode):
            inner = [self._read(each) for each in node.value]
            return Part([part for part, _ in inner], span), 1 + sum(size for _, size in inner)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, span)
        return Part(_resolved(node), span), 1

    def _mapping(self, node: Any, span: Span) -> tuple[Part, int]:
        value: dict[str, Part] = {}
        merged: dict[str, Part] = {}
        keys: dict[str, Span] = {}
        total = 1
        for key_node, value_node in node.value:
            part, size = self._read(value_node)
            total += size
            key = str(key_node.value)
            at = Span(self._source, key_node.start_mark.index, key_node.end_mark.index)
            if key == "<<" and not key_node.style:
                for each in part.items() or [part]:
                    merged.update({k: v for k, v in each.fields().items() if k not in merged})
                continue
            if key in value:
                self._fault(f"`{key}` is there twice", at)
            value[key], keys[key] = part, at
        return Part({**merged, **value}, span, keys), total

    def _fault(self, message: str, span: Span) -> None:
        self.faults.append(Diagnostic("E0715", message, span))


def _resolved(node: Any) -> Any:
    text: str = node.value
    if node.style:  # quoted, or a block
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return float(text.lower().replace(".inf", "inf")) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    digits = text.lstrip("+-").replace("_", "")
    octal = len(digits) > 1 and digits[0] == "0" and digits.isdecimal()
    number = int(digits, 8) if octal else int(digits, 0)
    return -number if text[0] == "-" else number
