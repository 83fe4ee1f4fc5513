"""The patterns of PostgreSQL's to_char, to_date, to_timestamp and to_number, as DuckDB has them."""

import re

from sqlml.connectors.postgres.failures import UNSUPPORTED, Refused
from sqlml.quoting import literal

_ONE_BY_ONE = "(list_transform([{}], lambda own: {}))[1]"
_CODES = {
    "HH24": "%H", "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "MS": "%g", "US": "%f",
    "YYYY": "%Y", "YY": "%y", "MM": "%m", "DDD": "%j", "DD": "%d", "IYYY": "%G", "IW": "%V",
    "AM": "%p", "PM": "%p", "OF": "%z",
}  # fmt: skip
_NAMES = {"MONTH": "%B", "MON": "%b", "DAY": "%A", "DY": "%a"}
_COMPUTED = {
    "Q": "quarter(own)", "D": "dayofweek(own) + 1", "ID": "isodow(own)", "CC": "century(own)",
    "WW": "lpad(((dayofyear(own) + 6) // 7)::VARCHAR, 2, '0')", "W": "(day(own) + 6) // 7",
}  # fmt: skip
_KNOWN = sorted([*_CODES, *_NAMES, *_COMPUTED], key=len, reverse=True)
_PIECE = re.compile(
    rf'(?P<fill>FM)?(?P<word>{"|".join(_KNOWN)})|"(?P<text>[^"]*)"|(?P<other>[^A-Za-z"])'
    r"|(?P<letter>T(?![HZh]))",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?P<fill>FM)?(?P<before>[$ ]*)(?P<whole>[90]{1,3}(?:[,G][90]{3})*|[90]+)?"
    r"(?:[.D](?P<part>9*|0*))?(?P<after>[% ]*)",
    re.IGNORECASE,
)
_SHORTER = frozenset({"%H", "%I", "%M", "%S", "%m", "%d", "%j"})


def to_char(value: str, pattern: str) -> str:
    """SQL for a time, or a number, as text.

    Raises:
        Refused: E1100 something in the pattern is not known here.
    """
    found = _NUMBER.fullmatch(pattern)
    if found is not None and (found["whole"] or found["part"]):
        return _number(value, found)
    written = _pieces(pattern)
    if len(written) == 1 and written[0].startswith("strftime("):
        return written[0].replace("(own,", f"({value},", 1)
    return _ONE_BY_ONE.format(value, " || ".join(written) or "''")


def to_time(value: str, pattern: str) -> str:
    """SQL for the time that a text says.

    Raises:
        Refused: E1100 something in the pattern is not known here.
    """
    codes = ""
    for found in _found(pattern):
        word = (found["word"] or "").upper()
        if word in _COMPUTED:
            raise _unknown(pattern)
        codes += {**_CODES, **_NAMES}.get(word) or _escaped(found["text"] or found["other"] or "T")
    return f"strptime({value}, {literal(codes)})"


def to_number(value: str, pattern: str) -> str:
    """SQL for the number that a text says.

    Raises:
        Refused: E1100 something in the pattern is not known here.
    """
    found = _NUMBER.fullmatch(pattern)
    if found is None:
        raise _unknown(pattern)
    digits = len(found["part"] or "")
    return f"CAST(regexp_replace({value}, '[^-+.0-9]', '', 'g') AS DECIMAL(38, {digits}))"


def _found(pattern: str) -> list["re.Match[str]"]:
    found, at = list[re.Match[str]](), 0
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            raise _unknown(pattern)
        found.append(piece)
        at = piece.end()
    return found


def _pieces(pattern: str) -> list[str]:
    """What of the value `own` is written, one piece after the other."""
    written, codes = list[str](), ""
    for found in _found(pattern):
        word = found["word"] or ""
        if word.upper() in _CODES and word not in ("am", "pm"):
            code = _CODES[word.upper()]
            codes += code.replace("%", "%-") if found["fill"] and code in _SHORTER else code
        elif not word:
            codes += _escaped(found["text"] or found["other"] or found["letter"] or "")
        else:
            written += [_coded(codes)] if codes else []
            written.append(_worded(word, is_short=bool(found["fill"])))
            codes = ""
    return [*written, _coded(codes)] if codes else written


def _worded(word: str, *, is_short: bool) -> str:
    if word.upper() in _COMPUTED:
        return f"({_COMPUTED[word.upper()]})::VARCHAR"
    if word in ("am", "pm"):
        return f"lower({_coded('%p')})"
    name = _coded(_NAMES[word.upper()])
    name = f"upper({name})" if word.isupper() else f"lower({name})" if word.islower() else name
    return f"rpad({name}, 9, ' ')" if not is_short and word.upper() in ("MONTH", "DAY") else name


def _coded(codes: str) -> str:
    return f"strftime(own, {literal(codes)})"


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _number(value: str, found: "re.Match[str]") -> str:
    whole, part = (found["whole"] or "").upper(), found["part"] or ""
    places = whole.replace(",", "").replace("G", "")
    least = len(places) - places.find("0") if "0" in places else 0
    is_grouped = whole != places
    if (is_grouped and least > 1) or ("$" in found["before"] and not found["fill"]):
        raise _unknown(found[0])
    point = "." if re.search("[.D]", found[0], re.IGNORECASE) else ""
    text = f"round(abs(own), {len(part)})::DECIMAL(38, {len(part)})::VARCHAR"
    width = 0 if found["fill"] else len(whole) + len(point) + len(part) + 1
    told = [
        text,
        f"round(own, {len(part)}) < 0",
        str(len(places)),
        str(least),
        str(is_grouped).lower(),
    ]
    told += [literal(point), str(bool(found["fill"]) and "9" in part).lower(), str(width)]
    made = f"sqlml_pg.main.number_written({', '.join(told)}, {literal(found['before'])})"
    after = f" || {literal(found['after'])}" if found["after"] else ""
    return _ONE_BY_ONE.format(value, made + after)


def _unknown(pattern: str) -> Refused:
    message = f"something in the pattern `{pattern}` is not known here"
    hint = "strftime(x, '%Y-%m') and strptime(text, '%Y') take DuckDB's own patterns"
    return Refused(UNSUPPORTED, message, hint=hint, code="E1100")
