"""What DuckDB says about a statement, in a user's words and at the user's place."""

import json
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from sqlml.databases.database import QueryProblem
from sqlml.databases.surroundings import trouble
from sqlml.errors import SqlmlError, did_you_mean, nearest

_INTERNAL = ("pg_", "duckdb_", "sqlite_", "pragma_", "information_schema")
_EXPLAIN = "EXPLAIN "
_JSON = '{"exception_type"'
_HEADING = re.compile(r"^[A-Z][\w ]* Error: ")
_ADVICE = re.compile(r"\n\s*(?:\n|Candidate|Did you mean|Please try|LINE \d)", re.I)
_LISTED = re.compile(r"(?:Candidate \w+|Did you mean)[: ]*((?:\"[^\"\n]+\"(?:, )?)+)", re.I)


def translate(error: BaseException, sql: str, *, before: int = 0) -> QueryProblem | SqlmlError:
    """The error as something to raise: about the statement, or about its surroundings.

    before: how many characters were put in front of `sql` when it was run.
    """
    report = _read(error)
    return trouble(report.kind, report.message) or _problem(report, sql, before)


def translate_on(
    connection: duckdb.DuckDBPyConnection, error: BaseException, sql: str
) -> QueryProblem | SqlmlError:
    """As `translate`, for an error met on this connection, which is asked again for its place.

    DuckDB tells that when a statement is executed, not when a relation is made of it.
    """
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException) and not _is_told(error):
        try:
            connection.execute(f"{_EXPLAIN}{sql}")
        except duckdb.Error as told:
            return translate(told, sql, before=len(_EXPLAIN))
    return translate(error, sql)


def _is_told(error: BaseException) -> bool:
    return _JSON in str(error)


@dataclass(frozen=True, slots=True)
class _Report:
    """DuckDB's own account of an error; start and length count bytes of the text that was run."""

    kind: str
    message: str
    subtype: str = ""
    entry: str = ""
    name: str = ""
    candidates: tuple[str, ...] = ()
    start: int | None = None
    length: int = 0


def _read(error: BaseException) -> _Report:
    whole = str(error)
    brace = whole.find(_JSON)
    if brace < 0:
        kind = whole.partition(" Error: ")[0] if _HEADING.match(whole) else type(error).__name__
        return _Report(kind, _HEADING.sub("", whole), candidates=_listed(whole))
    try:
        fields, _ = json.JSONDecoder(strict=False).raw_decode(whole, brace)
    except ValueError:
        return _Report("", whole)
    message = fields.get("exception_message", "")
    place = re.findall(r"\d+", fields.get("location", "")) or [fields.get("position"), "0"]
    return _Report(
        kind=fields["exception_type"],
        message=message,
        subtype=fields.get("error_subtype", ""),
        entry=fields.get("type", ""),
        name=fields.get("name", ""),
        candidates=_listed(message) or tuple(filter(None, [fields.get("candidates")])),
        start=None if place[0] is None else int(place[0]),
        length=int(place[1]),
    )


def _listed(message: str) -> tuple[str, ...]:
    found = _LISTED.search(message)
    return tuple(re.findall(r'"([^"]+)"', found[1])) if found else ()


def _problem(report: _Report, sql: str, before: int) -> QueryProblem:
    message, kind, name, hint = _wording(report)
    if not hint and name:
        hint = _near(name, report.candidates)
    offset, length = _place(report, sql, before) or _found(name, sql)
    if kind == "syntax" and not hint and offset is not None:
        hint = _reserved(sql, offset)
    return QueryProblem(message, offset, hint, kind, length)


def _reserved(sql: str, offset: int) -> str:
    """A hint where a word of SQL stands for a name."""
    word = re.match(r"[^\W\d]\w*", sql[offset:])
    if word is None or not _BEFORE_NAME.search(sql[:offset]):
        return ""
    try:
        with duckdb.connect() as connection:
            connection.extract_statements(f"CREATE TABLE {word[0]} (a INT)")
    except duckdb.ParserException:
        return f'`{word[0]}` is a word of SQL; as a name, write `"{word[0]}"`'
    return ""


def _place(report: _Report, sql: str, before: int) -> tuple[int | None, int] | None:
    if report.start is None:
        return None
    encoded = sql.encode()
    start = max(0, report.start - before)
    end = start + report.length
    return len(encoded[:start].decode(errors="ignore")), len(
        encoded[start:end].decode(errors="ignore")
    )


def _found(name: str, sql: str) -> tuple[int | None, int]:
    """Where a name stands first, for errors that tell no place."""
    place = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.I) if name else None
    return (place.start(), len(name)) if place else (None, 0)


_Wording = tuple[str, str, str, str]  # message, kind, the name at fault, hint
_COLUMN_OF = re.compile(r'Table "(.+)" does not have a column (?:named|with name) "(.+?)"')
_COLUMN = re.compile(
    r"(?:Referenced update column (?P<update>.+) not found in table"
    r'|Column "(?P<other>.+?)" (?:in \w+ list not found|does not exist on \w+ side))'
)
_TABLE = re.compile(
    r'(?:Referenced table "(?P<alias>.+)" not found'
    r'|Table with name "(?P<schema>.+?)" does not exist)'
)
_FILE = re.compile(r'No files found that match the pattern "(.*)"')
_EXTENSION = re.compile(
    r"(?:name \"(?P<function>.+?)\" is not in the catalog, but it exists in"
    r"|File (?P<file>.+?) requires) the (?P<name>extension \w+|\w+ extension)"
)
_BEFORE_NAME = re.compile(r"\b(?:TABLE|VIEW|SCHEMA|EXISTS|AS)\s+$", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"Ambiguous reference to column name \"(.+?)\" \(use: (.*)\)")
_UNGROUPED = re.compile(r'column "(.+)" must appear in the GROUP BY clause')
_VIEW = re.compile(r'Existing object "(.+)" is of type (\w+), trying to replace with type (\w+)')
_MODEL = "sqlml_predict"  # how names of functions begin that are models
_PREDICTIONS = ("predict", "predict_proba")  # which are replaced wherever sqlglot sees them
_TOO_LARGE = re.compile(
    r"with value (\S+) can't be cast because the value is out of range for the destination type"
    r" FLOAT when casting from source column (.+)"
)
_OVERLOAD = re.compile(r"[Nn]o function matches .*? '(.*)'\.|function call \"(.*)\"\.")


def _wording(report: _Report) -> _Wording:
    match report.subtype:
        case "MISSING_ENTRY" if "but it exists in" not in report.message:
            return _missing(report)
        case "COLUMN_NOT_FOUND":
            hint = "the query has no FROM" if "FROM clause is missing" in report.message else ""
            return f"there is no column `{report.name}`", "column", report.name, hint
        case "ENTRY_ALREADY_EXISTS":
            what = report.entry.lower()
            hint = ""
            if what in ("table", "view", "macro", "type"):
                hint = f"`CREATE OR REPLACE {what.upper()}` replaces it"
            return f"{what} `{report.name}` already exists", "exists", report.name, hint
        case "SYNTAX_ERROR":
            return report.message.replace('"', "`"), "syntax", "", ""
    message = report.message
    return _recognised(message) or _too_large(message) or _first_words(report)


def _missing(report: _Report) -> _Wording:
    what, name = report.entry.lower(), report.name
    if name.lower() in _PREDICTIONS:
        message = f"`{name}` is not understood in this statement"
        return message, "", name, "predict in a simpler one: a view or a table of its own"
    if name.startswith(_MODEL):
        message = f"there is no model `{name.partition(':')[2].partition('@')[0]}` to call"
        hint = "a transaction calls none that was trained after its BEGIN; `TO PREDICT` uses it"
        return message, "function", name, hint
    if "function" in what or "macro" in what:
        return f"there is no function `{name}`", "function", name, ""
    kind = what if what in ("table", "schema", "type") else ""
    return f"there is no {what} `{name}`", "table" if what == "view" else kind, name, ""


def _similar_file(name: str) -> str:
    """A hint at a file of the same folder."""
    folder = Path(name).parent
    try:
        known = [str(folder / path.name) for path in islice(folder.iterdir(), 1_000)]
    except OSError:  # there is no such folder, or it is on another machine
        return ""
    return did_you_mean(name, known)


def _recognised(message: str) -> _Wording | None:
    if found := _COLUMN_OF.search(message):
        return f"table `{found[1]}` has no column `{found[2]}`", "column", found[2], ""
    if found := _COLUMN.search(message):
        name = found["update"] or found["other"]
        return f"there is no column `{name}`", "column", name, ""
    if found := _TABLE.search(message):
        name = found["alias"] or found["schema"]
        return f"there is no table `{name}`", "table", name, ""
    if found := _FILE.search(message):
        return f"there is no file `{found[1]}`", "file", found[1], _similar_file(found[1])
    if found := _EXTENSION.search(message):
        extension = found["name"].replace("extension", "").strip()
        name = found["function"] or found["file"]
        hint = f"`INSTALL {extension}; LOAD {extension};` makes it available"
        return f"`{name}` needs DuckDB's extension {extension}", "", name, hint
    if found := _AMBIGUOUS.search(message):
        hint = f"write {found[2].replace(chr(39), '`')}"
        return f"column `{found[1]}` is ambiguous", "column", found[1], hint
    if found := _UNGROUPED.search(message):
        hint = f"add it to GROUP BY, or use `ANY_VALUE({found[1]})`"
        return f"column `{found[1]}` must be grouped by or aggregated", "", found[1], hint
    if found := _VIEW.search(message):
        name, old, new = found[1], found[2].lower(), found[3].lower()
        hint = f"`DROP {old.upper()} {name};` first, or take another name"
        return f"`{name}` is a {old}; a {new} cannot replace it", "exists", name, hint
    if found := _OVERLOAD.search(message):
        call = found[1] or found[2]
        hint = "the types do not fit: add a cast, such as `CAST(x AS DOUBLE)`"
        return f"no function matches `{call}`", "", "", hint
    return None


def _too_large(message: str) -> _Wording | None:
    found = _TOO_LARGE.search(message)
    if found is None:
        return None
    hint = f"add `WHERE abs({found[2]}) < 3.4e38`, or use NULL for it"
    return f"column `{found[2]}` holds {found[1]}, too large for a FLOAT", "", found[2], hint


def _first_words(report: _Report) -> _Wording:
    kind = "syntax" if report.kind == "Parser" else ""
    message = _ADVICE.split(report.message, maxsplit=1)[0].strip().rstrip("!")
    first, _, rest = _backticked(message).partition("\n")
    if first[1:2].islower():
        first = first[:1].lower() + first[1:]
    hint = " ".join(rest.split())
    if not hint and report.kind == "Conversion":
        hint = "`TRY_CAST(value AS type)` gives NULL where a value cannot be converted"
    if not hint and message.startswith("Values were not provided"):
        hint = "write the value itself, or `${name}`, which `--var name=value` fills in"
    return first or "the database refuses it", kind, report.name, hint


def _backticked(message: str) -> str:
    return re.sub(r'"([^"\n]+)"', r"`\1`", message)


def _near(name: str, candidates: tuple[str, ...]) -> str:
    known = [c for c in candidates if not c.rpartition(".")[2].startswith(_INTERNAL)]
    found = nearest(name.rpartition(".")[2], known)
    return f"did you mean `{found}`?" if found else ""
