"""The messages of PostgreSQL's protocol 3.0, as bytes.

Source: PostgreSQL's documentation, chapter "Frontend/Backend Protocol", "Message Formats".
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlml.connectors.postgres.types import TEXT, UNKNOWN, Type

PROTOCOL = 3 << 16
CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104

Format = int  # 0: text, 1: binary


class ProtocolViolation(Exception):  # noqa: N818 - as PostgreSQL puts it
    """A message that is none; the client is told, and has to go."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result as clients are told about it."""

    name: str
    type: Type


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value: str) -> bytes:
    """A string that ends with a zero byte, which no text can hold."""
    return value.replace("\0", "").encode("utf-8", "replace") + b"\0"


AUTHENTICATED = message(b"R", struct.pack("!i", 0))
PARSE_COMPLETE = message(b"1")
BIND_COMPLETE = message(b"2")
CLOSE_COMPLETE = message(b"3")
NO_DATA = message(b"n")
EMPTY_QUERY = message(b"I")
PORTAL_SUSPENDED = message(b"s")
COPY_DONE = message(b"c")
BINARY_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
BINARY_END = struct.pack("!h", -1)


def authentication(kind: int, body: bytes = b"") -> bytes:
    """kind: 10 SASL, 11 it goes on, 12 it ends."""
    return message(b"R", struct.pack("!i", kind) + body)


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", text(name) + text(value))


def key_data(process: int, secret: int) -> bytes:
    """What a client needs to cancel its statement."""
    return message(b"K", struct.pack("!iI", process, secret))


def ready(status: str) -> bytes:
    """status: I idle, T in a transaction, E in one that has failed."""
    return message(b"Z", status.encode())


def row_description(fields: Sequence[Field], formats: Sequence[Format]) -> bytes:
    parts = [struct.pack("!h", len(fields))]
    for field, chosen in zip(fields, formats, strict=True):
        kind = field.type
        parts.append(
            text(field.name)
            + struct.pack("!ihihih", 0, 0, kind.oid, kind.size, kind.modifier, chosen)
        )
    return message(b"T", b"".join(parts))


def parameter_description(oids: Sequence[int]) -> bytes:
    told = [TEXT.oid if oid == UNKNOWN.oid else oid for oid in oids]
    return message(b"t", struct.pack(f"!H{len(told)}I", len(told), *told))


def complete(tag: str) -> bytes:
    return message(b"C", text(tag))


def copying(kind: bytes, columns: int, chosen: Format) -> bytes:
    """kind: H rows of COPY follow, G they are wanted."""
    return message(kind, struct.pack(f"!bh{columns}h", chosen, columns, *[chosen] * columns))


def copy_data(content: bytes) -> bytes:
    return message(b"d", content) if content else b""


def report(kind: bytes, fields: Mapping[str, str]) -> bytes:
    """kind: E an error, N a notice. fields: by the protocol's letters, S severity, C SQLSTATE …"""
    return message(kind, b"".join(key.encode() + text(fields[key]) for key in fields) + b"\0")


def notification(number: int, name: str, payload: str) -> bytes:
    """What a client that listens is told. number: of the client that has said it."""
    return message(b"A", number.to_bytes(4, "big") + text(name) + text(payload))


def warning(state: str, text: str) -> bytes:
    """state: an SQLSTATE."""
    return report(b"N", {"S": "WARNING", "V": "WARNING", "C": state, "M": text})


class Body:
    """Reads the parts of a message in their order.

    Raises ProtocolViolation where there is less than there should be.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def text(self) -> str:
        end = self._content.find(b"\0", self._at)
        if end < 0:
            raise ProtocolViolation("a string does not end")
        found = self._content[self._at : end]
        self._at = end + 1
        try:
            return found.decode()
        except UnicodeDecodeError as error:
            raise ProtocolViolation("a string is no UTF-8") from error

    def byte(self) -> bytes:
        return self.take(1)

    def int16(self) -> int:
        (value,) = struct.unpack("!h", self.take(2))
        return int(value)

    def int32(self) -> int:
        (value,) = struct.unpack("!i", self.take(4))
        return int(value)

    def take(self, count: int) -> bytes:
        found = self._content[self._at : self._at + count]
        if count < 0 or len(found) < count:
            raise ProtocolViolation("a message is shorter than it says")
        self._at += count
        return found

    def value(self) -> bytes | None:
        """A value with its length in front of it; None for NULL."""
        length = self.int32()
        return None if length == -1 else self.take(length)

    def int16s(self) -> list[int]:
        return [self.int16() for _ in range(self._count())]

    def int32s(self) -> list[int]:
        return [self.int32() for _ in range(self._count())]

    def values(self) -> list["bytes | None"]:
        return [self.value() for _ in range(self._count())]

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._content) - self._at)

    def end(self) -> None:
        if self._at != len(self._content):
            raise ProtocolViolation("a message is longer than it says")

    def _count(self) -> int:
        (count,) = struct.unpack("!H", self.take(2))
        return int(count)


def chosen_formats(codes: Sequence[Format], columns: int) -> list[Format]:
    """The format of each column: one code stands for all, none for text."""
    if any(code not in (0, 1) for code in codes):
        raise ProtocolViolation("a format is neither text nor binary")
    if len(codes) <= 1:
        return list(codes or [0]) * columns
    if len(codes) != columns:
        raise ProtocolViolation("there are more or fewer formats than columns")
    return list(codes)
