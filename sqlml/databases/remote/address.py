"""ATTACH of a database elsewhere: what it says, and what it must not say."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

from sqlml.databases.remote import DRIVERS
from sqlml.databases.remote.server import RemoteProblem
from sqlml.errors import did_you_mean, nearest
from sqlml.quoting import parts

_NAME = r'"(?:[^"]|"")+"|\w+'
_ATTACH = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*ATTACH\s+(?:OR\s+REPLACE\s+)?(?:DATABASE\s+)?"
    r"(?:IF\s+NOT\s+EXISTS\s+)?'(?P<url>(?:[^']|'')*)'"
    rf"(?:\s*AS\s+(?P<name>{_NAME}))?\s*(?:\((?P<options>[^()]*)\))?\s*;?\s*(?:--[^\n]*)?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(r"\s*(\w+)\s*(?:=?\s*(?:'([^']*)'|(\w[\w-]*)))?\s*$")
_KNOWN = ("TYPE", "READ_ONLY", "SECRET")
_SCHEME = re.compile(r"(\w+)://")


@dataclass(frozen=True, slots=True)
class Address:
    """What ATTACH names. secret: the name of the secret with the password, if there is one."""

    name: str
    url: str
    secret: str = ""


def address(statement: str) -> Address | None:
    """What a statement attaches; None where it is no ATTACH of a database that is read by ADBC.

    Raises:
        RemoteProblem: E1061 it is wrong; E1062 it holds a password.
    """
    found = _ATTACH.match(statement)
    if found is None:
        return None
    url, given = found["url"].replace("''", "'"), found["options"]
    options = dict(_options(given or ""))
    scheme = _SCHEME.match(url)
    is_known = scheme is not None and scheme[1].lower() in DRIVERS
    if options.get("TYPE", "adbc" if is_known else "").lower() != "adbc":
        return None
    place = (found.start("url"), len(found["url"]))
    if scheme is None or not is_known:
        raise RemoteProblem("E1061", _no_driver(scheme), _choices(scheme), *place)
    if unknown := [name for name in options if name not in _KNOWN]:
        meant = did_you_mean(unknown[0], _KNOWN)
        at = statement.upper().index(unknown[0], found.start("options"))
        message = f"`{unknown[0]}` is no option of a database that is read by ADBC"
        hint = meant or f"there are {', '.join(_KNOWN)}"
        raise RemoteProblem("E1061", message, hint, at, len(unknown[0]))
    _check(url, *place)
    return Address(_name(found["name"], url), url, options.get("SECRET", ""))


def _options(given: str) -> list[tuple[str, str]]:
    found = (_OPTION.match(option) for option in given.split(",") if option.strip())
    return [(one[1].upper(), one[2] or one[3] or "") for one in found if one]


def _no_driver(scheme: re.Match[str] | None) -> str:
    if scheme is None:
        return "a database that is read by ADBC is named by its address"
    return f"there is no driver for `{scheme[0]}`"


def _choices(scheme: re.Match[str] | None) -> str:
    meant = nearest(scheme[1], DRIVERS) if scheme else None
    forms = "`postgresql://user@host/database` or `sqlite:///file.db`"
    return f"did you mean `{meant}://`?" if meant else f"an address is {forms}"


def _check(url: str, offset: int, length: int) -> None:
    try:
        told = urlsplit(url)
        password = told.password or parse_qs(told.query).get("password")
    except ValueError as error:
        raise RemoteProblem("E1061", f"the address is none: {error}", "", offset, length) from error
    if password:
        hint = "leave it out; PGPASSWORD, `~/.pgpass` or `SECRET name` gives it"
        raise RemoteProblem("E1062", "the address holds a password", hint, offset, length)


def _name(written: str | None, url: str) -> str:
    return parts(written)[0] if written else PurePosixPath(urlsplit(url).path).stem or "remote"
