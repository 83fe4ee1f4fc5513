"""How plans are worded: names, counts, values and queries on short lines."""

from collections.abc import Mapping

from sqlml.zoo.attributes import Value

MOST_SQL_SHOWN = 48


def shortened(sql: str, most: int = MOST_SQL_SHOWN) -> str:
    """SQL on one line, cut when it is long."""
    line = " ".join(sql[: 4 * most].split())
    return line if len(line) <= most and len(sql) <= 4 * most else line[: most - 1].rstrip() + "…"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def plain(value: Value) -> str:
    """A value as it is written in a program, text without quotes."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case tuple():
            return "[" + ", ".join(map(plain, value)) + "]"
        case _:
            return str(value)


def given(settings: Mapping[str, Value]) -> str:
    """`(eta=0.1, max_depth=3)`; nothing without settings."""
    pairs = ", ".join(f"{name}={plain(value)}" for name, value in settings.items())
    return f"({pairs})" if pairs else ""


def arrow(into: str | None) -> str:
    """` → table`; nothing without a table."""
    return f" → {into}" if into else ""


def tree(head: str, *children: str) -> str:
    """A head with its children below it."""
    *others, last = children
    return "\n".join([head, *(f"├─ {child}" for child in others), f"└─ {last}"])
