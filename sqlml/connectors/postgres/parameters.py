"""`$1`, `$2` … in a statement's text."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise

from sqlml.connectors.remembered import remembered
from sqlml.grammar.tokens import scan

VAGUE = "NUMERIC(38, 10)"
"""The type of a parameter that is cast to a number of any size."""
_MOST_DIGITS = 38
_CAST = re.compile(rf"(\$(\d+)\s*(?:::|AS)\s*){re.escape(VAGUE)}", re.IGNORECASE)


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


def sized(sql: str, given: Sequence[object]) -> str:
    """The text, in which numbers of any size have the places that their values have."""

    def written(found: re.Match[str]) -> str:
        value = given[int(found[2]) - 1]
        if not isinstance(value, Decimal) or not value.is_finite():
            return found[0]
        _, digits, exponent = value.as_tuple()
        scale = max(-int(exponent), 0)
        places = max(len(digits) + max(int(exponent), 0), scale + 1)
        return f"{found[1]}DECIMAL({places}, {scale})" if places <= _MOST_DIGITS else found[0]

    return _CAST.sub(written, sql) if VAGUE in sql else sql
