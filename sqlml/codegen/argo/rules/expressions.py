"""Whether an expression is well formed: `when` (govaluate's), `depends`, and all others (expr's).

Only the form is checked: operands and operators take turns, and brackets close. What the names mean
is known when the workflow runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
Kind = Literal["operand", "prefix", "infix", "either", "loose", "open", "close", "bad"]
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`"
_NUMBER = r"0[xXbBoO][0-9a-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][-+]?\d+)?"
_NEGATED = r"not\s+(?:in|matches|contains|startsWith|endsWith)\b"


@dataclass(frozen=True)
class Grammar:
    """What a token is in a language; what is no symbol or word of it is an operand.

    either: stands before an operand or between two. loose: between two, of which either may lack.
    """

    token: re.Pattern[str]
    kinds: dict[str, Kind]


def _grammar(operand: str, blank: str = r"\s", **symbols: str) -> Grammar:
    kinds: dict[str, Kind] = {
        symbol: kind  # type: ignore[misc]
        for kind, written in symbols.items()
        for symbol in written.split()
    }
    for opening, closing in _CLOSES.items():
        kinds[opening], kinds[closing] = "open", "close"
    signs = sorted((each for each in kinds if not each.isalpha()), key=len, reverse=True)
    written = "|".join(map(re.escape, signs))
    token = rf"(?:{blank})*(?:({operand})|({written})|(\S)|$)"
    return Grammar(re.compile(token, re.DOTALL), kinds)


WHEN = _grammar(
    rf"{_STRING}|{_NUMBER}|[A-Za-z_][\w.]*",
    prefix="! ~",
    either="-",
    infix="== != <= >= =~ !~ && || ** << >> ?? < > + * / % & | ^ ? : in",
    loose=",",
)
EXPRESSION = _grammar(
    rf"{_STRING}|{_NUMBER}|{_NEGATED}|[#$]?[A-Za-z_]\w*|\#",
    blank=r"\s|//[^\n]*|/\*.*?\*/",
    prefix="! not let if",
    either="+ - . ?.",
    infix="== != <= >= && || ** .. ?? < > * / % ^ ? | = and or in matches contains "
    "startsWith endsWith",
    loose=", : ; else",
)
DEPENDS = _grammar(r"[A-Za-z_][-\w]*(?:\.\w+)?", prefix="!", infix="&& ||")


def fault_of(text: str, grammar: Grammar) -> str:
    """What is wrong with an expression; empty when nothing is."""
    brackets: list[str] = []
    wants_operand = True
    last = ""
    for token, kind in _tokens(text, grammar):
        if fault := _fault(token, kind, wants_operand, last):
            return fault
        if kind == "open":
            brackets.append(token)
        elif kind == "close" and (not brackets or _CLOSES[brackets.pop()] != token):
            return f"`{token}` closes nothing"
        wants_operand = kind not in ("operand", "close")
        last = token
    if brackets:
        return f"`{brackets[-1]}` is not closed"
    return f"something is missing behind `{last}`" if wants_operand and last else ""


def _fault(token: str, kind: Kind, wants_operand: bool, last: str) -> str:
    """What is wrong with a token where it stands, behind the last one."""
    if kind == "bad":
        return f"`{token}` has no meaning here"
    if kind in ("operand", "prefix") and not wants_operand:
        return f"an operator is missing before `{token}`"
    if kind == "infix" and wants_operand:
        return f"something is missing before `{token}`"
    if kind == "close" and wants_operand and last not in ("(", "[", "{", ",", ":"):
        return f"something is missing before `{token}`"
    return ""


def _tokens(text: str, grammar: Grammar) -> Iterator[tuple[str, Kind]]:
    for match in grammar.token.finditer(text.rstrip()):
        operand, symbol, other = match.groups()
        if other is not None:
            yield other, "bad"
        elif symbol is not None:
            yield symbol, grammar.kinds[symbol]
        elif operand is not None:
            negated = operand.startswith("not") and operand[3:4].isspace()
            yield operand, "infix" if negated else grammar.kinds.get(operand, "operand")


def without_tags(text: str) -> str:
    """A `when` as govaluate may see it: a name for each tag."""
    return TAG.sub("x", text)
