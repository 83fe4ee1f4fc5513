"""`CALL sqlml_train('SELECT … TO TRAIN …')`: a statement of ours, for clients that know CALL only.

It is read as the statement itself, which stays where it is in the text, so that places in errors
are those of the call.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.jobs import is_job
from sqlml.grammar.statements import divide, find_border
from sqlml.grammar.tokens import Token, scan
from sqlml.source import Source, Span

_PROCEDURE = "sqlml_train"
_NOT_A_LINE_END = re.compile(r"[^\r\n]")
_DOLLARS = re.compile(r"\$\w*\$")


@dataclass(frozen=True, slots=True)
class _Call:
    """Tokens of a call: the first and the last one, and the text; None where there is another."""

    first: Token
    last: Token
    text: Token | None


def uncalled(source: Source, dialect: str = "duckdb") -> Source:
    """The program with statements in place of calls with them; all the rest is where it was.

    Raises:
        ProgramError: E1050 a call is not given a text, E1051 the text is no statement of ours.
    """
    if _PROCEDURE not in source.text.casefold():
        return source
    text, position = source.text, 0
    pieces: list[str] = []
    faults = []
    for call in _calls(list(scan(source.text, dialect))):
        own = None if call.text is None else _statement(call.text, dialect)
        if call.text is None or own is None:
            faults.append(_without_text(source, call))
            continue
        start, end = call.first.start, call.last.end
        before = _blank(text[start : call.text.end - len(own)])
        pieces += [text[position:start], before, own, _blank(text[call.text.end : end])]
        position = end
        if not _is_ours(Source(source.name, before + own), dialect):
            faults.append(_of_no_use(source, call.text))
    if faults:
        raise ProgramError(*faults)
    made = "".join([*pieces, text[position:]])
    return source if made == text else Source(source.name, made, source)


def _calls(tokens: list[Token]) -> Iterator[_Call]:
    end = 0  # of the statement that the last call is
    for index, token in enumerate(tokens[:-1]):
        name = tokens[index + 1].text.strip('"').casefold()
        if index < end or token.keyword != "CALL" or name != _PROCEDURE:
            continue
        behind = (i for i in range(index, len(tokens)) if tokens[i].text == ";")
        end = next(behind, len(tokens))
        given = tokens[index + 2 : end]
        if given and given[-1].kind == "unterminated":
            return  # which the parser tells
        match given:
            case [Token(text="("), Token(kind="string") as text, Token(text=")")]:
                yield _Call(token, given[-1], text)
            case _:
                yield _Call(token, given[-1] if given else tokens[index + 1], None)


def _statement(text: Token, dialect: str) -> str | None:
    """What a string says, as long as the string is, and at its end; None for strings with escapes.

    Its characters are where they are in the string but for those behind a doubled quote, up to the
    end of the token or the comment that this is in.
    """
    if dollars := _DOLLARS.match(text.text):
        width = len(dollars[0])
        return _padded(text.text[width:-width], dialect, 1) + " " * width
    if not text.text.startswith("'"):
        return None
    return _padded(text.text[1:-1].replace("''", "'"), dialect, 2) + " "


def _padded(statement: str, dialect: str, width: int) -> str:
    """width: the characters that each quote took. Without a comment at the end."""
    padded, position = "", 0

    def with_blanks(text: str) -> str:
        return text + " " * text.count("'") * (width - 1)

    for token in scan(statement, dialect):
        between = statement[position : token.start].split("\n")
        padded += "\n".join(map(with_blanks, between))
        padded += with_blanks(statement[token.start : token.end])
        position = token.end
    return padded + _blank(with_blanks(statement[position:]))


def _is_ours(source: Source, dialect: str) -> bool:
    """Whether it is one statement, about models or the like; mistakes are left to the parser."""
    found = list(divide(source, dialect))
    if len(found) != 1:
        return False
    try:
        return is_job(found[0]) or find_border(source, found[0]) is not None
    except ProgramError:
        return True


def _blank(text: str) -> str:
    return _NOT_A_LINE_END.sub(" ", text)


def _without_text(source: Source, call: _Call) -> Diagnostic:
    return Diagnostic(
        "E1050",
        f"`{_PROCEDURE}` takes a statement as text",
        Span(source, call.first.start, call.last.end),
        hint=f"CALL {_PROCEDURE}('SELECT … TO TRAIN … INTO model'); a quote in it is written ''",
    )


def _of_no_use(source: Source, text: Token) -> Diagnostic:
    return Diagnostic(
        "E1051",
        f"`{_PROCEDURE}` takes one statement that trains, applies or manages a model",
        Span(source, text.start, text.end),
        hint="SQL for the database alone needs no CALL; several statements are several calls",
    )
