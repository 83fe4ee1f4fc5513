"""A program into statements, and a statement into query and clause: decided on tokens alone."""

from collections.abc import Iterator

from sqlml.errors import ProgramError
from sqlml.grammar.brackets import bracket_depths, check_nesting
from sqlml.grammar.jobs import is_open
from sqlml.grammar.keywords import INTERVAL_UNITS, QUERY_STARTS, TO_IS_SQL, VERBS
from sqlml.grammar.misplaced import (
    magic,
    missing_semicolon,
    nested,
    unknown_verb,
    unterminated,
    without_query,
)
from sqlml.grammar.tokens import Token, scan
from sqlml.source import Source


def divide(source: Source, dialect: str = "duckdb") -> Iterator[list[Token]]:
    """The tokens of each statement, without its `;`. Empty statements are left out.

    A job's program is part of its statement: from BEGIN to END, every `;` is.
    """
    statement: list[Token] = []
    for token in scan(source.text, dialect):
        if token.text != ";" or is_open(statement):
            statement.append(token)
        elif statement:
            yield statement
            statement = []
    if statement:
        yield statement


def is_complete(text: str, dialect: str = "duckdb") -> bool:
    """Whether a text typed so far is blank or ends with a `;`, outside strings and comments."""
    statement: list[Token] = []
    for token in scan(text, dialect):
        if token.text != ";" or is_open(statement):
            statement.append(token)
        else:
            statement = []
    return not statement


def check_ends(source: Source, tokens: list[Token]) -> None:
    """Raises: ProgramError: a string or comment of the statement has no end."""
    if tokens[-1].kind == "unterminated":
        raise ProgramError(unterminated(source, tokens[-1]))


def find_border(source: Source, tokens: list[Token]) -> int | None:
    """The index of the TO that begins the clause; None for a statement that is SQL all through.

    0 for SHOW TRAIN, SHOW MODELS, SHOW JOBS, DROP JOB and DESCRIBE, ALTER and DROP MODEL, which are
    ours from the start.

    Raises:
        ProgramError: unbalanced brackets, or a TO clause where none can be.
    """
    if tokens[0].text == "%":
        raise ProgramError(magic(source, tokens))
    depths = bracket_depths(source, tokens)
    if _is_command(tokens):
        return 0
    first = tokens[0].keyword
    if first in TO_IS_SQL:
        return None
    border = _first_clause(source, tokens, depths)
    if first in QUERY_STARTS:
        _check_for_a_missing_semicolon(source, tokens[:border])
    if border is None or not _is_ours(source, tokens, border):
        return None
    check_nesting(source, tokens[border:], depths[border:])
    return border


def _is_command(tokens: list[Token]) -> bool:
    """Whether it is about models or jobs, not about a table that is called `train` or `model`."""
    words = tuple([token.keyword for token in tokens[:3]])
    match words:
        case ("SHOW", "MODELS" | "JOBS") | ("ALTER" | "DROP", "MODEL") | ("DROP", "JOB"):
            return True
        case (
            ("SHOW", "TRAIN" | "MODELS" | "JOBS", third)
            | ("DESCRIBE" | "DESC" | "ALTER" | "DROP", "MODEL", third)
            | ("DROP", "JOB", third)
        ):
            return third != "."
        case _:
            return False


def _first_clause(source: Source, tokens: list[Token], depths: list[int]) -> int | None:
    """The first TO outside brackets with a word behind it that is neither a name nor INTERVAL's.

    Raises:
        ProgramError: a TO clause stands inside brackets in front of it.
    """
    for index, token in enumerate(tokens):
        if len(token.text) != 2 or token.keyword != "TO" or not _begins_clause(tokens, index):
            continue
        if depths[index] == 0:
            return index
        if tokens[index + 1].keyword in VERBS:
            raise ProgramError(nested(source, tokens, index))
    return None


def _begins_clause(tokens: list[Token], index: int) -> bool:
    before = tokens[index - 1].keyword if index else ""
    if before in {"AS", "."} or index + 1 == len(tokens) or tokens[index + 1].kind != "word":
        return False
    return before not in INTERVAL_UNITS or tokens[index + 1].keyword not in INTERVAL_UNITS


def _is_ours(source: Source, tokens: list[Token], border: int) -> bool:
    """Whether a TO begins a clause of ours; if not, it is left to the database.

    Raises:
        ProgramError: it cannot be SQL, and what stands behind it or in front of it cannot be ours.
    """
    first, verb = tokens[0].keyword, tokens[border + 1]
    if first in QUERY_STARTS or first == "TO":
        if verb.keyword not in VERBS:
            raise ProgramError(unknown_verb(source, verb))
        if first == "TO":
            raise ProgramError(without_query(source, tokens, border))
        return True
    if verb.keyword in VERBS and border + 2 < len(tokens):
        after = tokens[border + 2]
        if after.kind in {"word", "quoted", "backquoted"} and after.keyword != "AS":
            raise ProgramError(without_query(source, tokens, border))
    return False


def _check_for_a_missing_semicolon(source: Source, tokens: list[Token]) -> None:
    for index, token in enumerate(tokens):
        if (
            len(token.text) == 4
            and token.keyword == "SHOW"
            and _is_command(tokens[index : index + 3])
            and tokens[index - 1].keyword not in {"AS", ".", ","}
        ):
            raise ProgramError(missing_semicolon(source, token, tokens[index + 1]))
