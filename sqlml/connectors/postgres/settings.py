"""PostgreSQL's settings as a client finds them here."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from sqlml.connectors.postgres import messages
from sqlml.connectors.postgres.access import Role
from sqlml.connectors.postgres.failures import UNSUPPORTED, Refused
from sqlml.quoting import parts

SETTINGS = {
    "application_name": "",
    "block_size": "8192",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "client_min_messages": "notice",
    "datestyle": "ISO, MDY",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "off",
    "extra_float_digits": "1",
    "idle_in_transaction_session_timeout": "0",
    "in_hot_standby": "off",
    "integer_datetimes": "on",
    "intervalstyle": "postgres",
    "is_superuser": "off",
    "lc_collate": "C",
    "lc_ctype": "C",
    "lc_messages": "C",
    "lock_timeout": "0",
    "max_connections": "100",
    "max_identifier_length": "63",
    "max_index_keys": "32",
    "max_prepared_transactions": "0",
    "password_encryption": "scram-sha-256",
    "role": "none",
    "search_path": '"$user", public',
    "server_encoding": "UTF8",
    "server_version": "15.0",
    "server_version_num": "150000",
    "session_authorization": "sqlml",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "timezone": "UTC",
    "transaction_deferrable": "off",
    "transaction_isolation": "repeatable read",
    "transaction_read_only": "off",
}
"""What SHOW tells, and what drivers set; of most of it there is one way here."""

REPORTED = (
    "application_name", "client_encoding", "DateStyle", "default_transaction_read_only",
    "in_hot_standby", "integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding",
    "server_version", "session_authorization", "standard_conforming_strings", "TimeZone",
)  # fmt: skip

_SET = re.compile(
    r"SET\s+(?:SESSION\s+|LOCAL\s+)?(?P<name>TIME\s+ZONE|[\w.]+)\s*(?:=|\bTO\b|\s)\s*(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)
_CHARACTERISTICS = re.compile(
    r"SET\s+(?P<later>SESSION\s+CHARACTERISTICS\s+AS\s+)?TRANSACTION\b", re.IGNORECASE
)
_LEVEL = re.compile(
    r"\bISOLATION\s+LEVEL\s+(SERIALIZABLE|REPEATABLE\s+READ|READ\s+(?:UN)?COMMITTED)\b",
    re.IGNORECASE,
)
_READS = re.compile(r"\bREAD\s+(ONLY|WRITE)\b", re.IGNORECASE)
_DEFERRABLE = re.compile(r"\b(NOT\s+)?DEFERRABLE\b", re.IGNORECASE)
_ON = re.compile("on|t(?:rue)?|y(?:es)?|1", re.IGNORECASE)
_OPTION = re.compile(r"(?:-c\s*|--)([\w.]+)=((?:[^\s\\]|\\.)*)")
_FIXED: Mapping[str, re.Pattern[str]] = {
    "client_encoding": re.compile(r"utf-?8|unicode", re.IGNORECASE),
    "datestyle": re.compile(r"ISO\b.*", re.IGNORECASE),
    "intervalstyle": re.compile("postgres", re.IGNORECASE),
    "bytea_output": re.compile("hex", re.IGNORECASE),
    "standard_conforming_strings": re.compile("on|true|1", re.IGNORECASE),
}
"""Of these there is one way here: who asked for another would read values wrongly."""

_TOLD_ONLY = frozenset({
    "server_version", "server_version_num", "server_encoding", "is_superuser",
    "session_authorization", "integer_datetimes", "in_hot_standby",
})  # fmt: skip


@dataclass(slots=True)
class Settings:
    """One client's. longest: the most milliseconds of a statement, but for administrators.

    change_zone: is told the time zone. change_path: the schemas to look for names in.
    """

    role: Role = "admin"
    longest: int = 0
    change_zone: Callable[[str], None] = lambda _zone: None
    change_path: Callable[[str], None] = lambda _path: None
    _values: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))
    _first: dict[str, str] = field(default_factory=dict)  # what RESET goes back to
    _changes: list[bytes] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def all(self) -> Mapping[str, str]:
        return self._values

    def shown(self, words: Sequence[str]) -> pa.Table | None:
        """What SHOW gives; None for what is not set here."""
        name = "".join(words[1:3]).lower() if len(words) > 2 else words[-1].lower()
        name = {"transactionisolation": "transaction_isolation"}.get(name, name)
        if name not in self:
            return None
        return pa.table({name: pa.array([self[name]], pa.string())})

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def begin(self, told: Mapping[str, str], **own: str) -> None:
        """What a client says as it comes, and what is known of it."""
        self._values |= {"statement_timeout": str(self.longest), **own}
        options = dict(_OPTION.findall(told.get("options", "")))
        for name, value in {"timezone": "UTC", **options, **told}.items():
            if name.lower() not in _TOLD_ONLY | {"role"}:
                self.change(name, value)
        self._first = dict(self._values)
        self._changes.clear()

    def set(self, sql: str) -> None:
        """Do what a statement SET says.

        Raises:
            Refused: E0900 it is no value of that, or there is another way only.
        """
        if found := _CHARACTERISTICS.match(sql):
            for name, value in _characteristics(sql).items():
                self.change(f"default_{name}" if found["later"] else name, value)
        elif (found := _SET.match(sql)) and found["name"].lower() not in _TOLD_ONLY:
            value = found["value"].strip()
            name = re.sub(r"\s+", "", found["name"]).lower()
            is_quoted = value.startswith('"') and name != "search_path"
            self.change(name, parts(value)[0] if is_quoted else value)

    def change(self, name: str, value: str) -> None:
        """One setting; of names that are not known nothing is kept."""
        name, value = name.lower(), value.strip("'")
        if value.upper() == "DEFAULT":
            value = self._first.get(name, "")
        fixed = _FIXED.get(name)
        if fixed is not None and not fixed.fullmatch(value):
            hint = f"it is {SETTINGS[name]}"
            raise Refused(UNSUPPORTED, f"{name} cannot be `{value}`", hint=hint)
        if fixed is not None:
            value = SETTINGS[name]
        if name == "statement_timeout":
            value = self._bounded(_milliseconds(value))
        if name == "timezone":
            value = _zone(value)
            self.change_zone(value)
        if name.endswith("transaction_isolation"):
            value = value.lower()
        if name == "search_path":
            self.change_path(value)
        if name.endswith(("transaction_read_only", "transaction_deferrable")):
            value = "on" if _ON.fullmatch(value) else "off"
        if name in self._values:
            self.put(name, value)

    def put(self, name: str, value: str) -> None:
        """Set it to what is right for it, and tell the client where it has to know."""
        self._values[name] = value
        told = next((shown for shown in REPORTED if shown.lower() == name), None)
        if told:
            self._changes.append(messages.parameter_status(told, value))

    def reset(self, name: str) -> None:
        """As the client found it; `ALL` of them."""
        for each, value in self._first.items():
            is_meant = name.upper() == "ALL" or each == name.lower()
            if is_meant and self._values[each] != value:
                self.change(each, value)

    def enter(self, sql: str) -> None:
        """What BEGIN says of its transaction."""
        self.leave()
        for name, value in _characteristics(sql).items():
            self.put(name, value)

    @property
    def only_reads(self) -> bool:
        """Whether the transaction may change nothing."""
        return self["transaction_read_only"] == "on"

    def leave(self) -> None:
        """What holds of the next transaction."""
        for each in ("read_only", "isolation", "deferrable"):
            self.put(f"transaction_{each}", self._values[f"default_transaction_{each}"])

    def reported(self) -> Sequence[bytes]:
        """The messages that tell a client all that it has to know."""
        return [messages.parameter_status(each, self._values[each.lower()]) for each in REPORTED]

    def take_changes(self) -> Sequence[bytes]:
        """The messages that tell of what has changed."""
        changes, self._changes = self._changes, []
        return changes

    def _bounded(self, milliseconds: str) -> str:
        if self.role == "admin" or not self.longest:
            return milliseconds
        return str(min(int(milliseconds) or self.longest, self.longest))


def _characteristics(sql: str) -> Mapping[str, str]:
    """What a statement says of transactions."""
    told = {}
    if found := _READS.search(sql):
        told["transaction_read_only"] = "on" if found[1].upper() == "ONLY" else "off"
    if found := _DEFERRABLE.search(sql):
        told["transaction_deferrable"] = "off" if found[1] else "on"
    if found := _LEVEL.search(sql):
        told["transaction_isolation"] = " ".join(found[1].lower().split())
    return told


def _milliseconds(value: str) -> str:
    """Raises:
    Refused: E0900 it is no time.
    """
    found = re.fullmatch(r"(\d{1,9})\s*(ms|s|min)?", value.strip())
    if found is None:
        wrong = f"`{value}` is no statement_timeout"
        raise Refused("22023", wrong, hint="milliseconds, or with a unit: 30s")
    return str(int(found[1]) * {"s": 1000, "min": 60_000}.get(found[2] or "", 1))


def _zone(value: str) -> str:
    """A zone's name: hours east of Greenwich are one, and hours west of it behind GMT or UTC."""
    if re.fullmatch(r"[+-]?\d{1,2}", value):
        return f"Etc/GMT{-int(value):+}" if int(value) else "UTC"
    if west := re.fullmatch(r"(?:GMT|UTC)([+-]\d{1,2})(?::?00)?", value, re.IGNORECASE):
        return f"Etc/GMT{int(west[1]):+}" if int(west[1]) else "UTC"
    return {"LOCAL": "UTC", "": "UTC"}.get(value.upper(), value)
