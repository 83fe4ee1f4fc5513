"""`$1`, `$2` … in a statement's text."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from sqlml.connectors.remembered import remembered
from sqlml.grammar.tokens import scan


@remembered
def numbered(sql: str) -> Sequence[tuple[int, int, int]]:
    """Where each parameter begins and ends, and its number; strings and comments have none."""
    found = list[tuple[int, int, int]]()
    if "$" not in sql:
        return found
    for sign, number in pairwise(scan(sql)):
        is_one = sign.text == "$" and sign.kind == "symbol" and number.kind == "number"
        if is_one and sign.end == number.start and number.text.isdecimal():
            found.append((sign.start, number.end, int(number.text)))
    return found


def substituted(sql: str, written: Callable[[int], str]) -> str:
    """The text with something else in place of each parameter."""
    done, position = [], 0
    for start, end, number in numbered(sql):
        done += [sql[position:start], written(number)]
        position = end
    return "".join([*done, sql[position:]])
