"""What ready-made programs take: the page docs/runnables.md, and `sqlml help PROGRAM`."""

import sys
from collections.abc import Iterator

from sqlml.zoo.attributes import written
from sqlml.zoo.runnables import RUNNABLES
from sqlml.zoo.runnables.contract import Argument, Runnable

_INTRODUCTION = """\
# Ready-made programs

This page is generated from what programs are checked against: `make docs` writes it. `sqlml help
binning` shows the same for one program.

A ready-made program stands behind `TO RUN`, its arguments behind `CMD`, and the table that it fills
behind `INTO`; without `INTO` it gives rows. The database does the work. Programs that are given the
same rows and arguments give the same tables, so that they are not run again.

```sql
SELECT * FROM customers
TO RUN binning CMD '--columns', 'age,income', '--bins', '5', '--method', 'quantile' INTO bins;
```

`'--bins=5'` means the same as `'--bins', '5'`, and `'--jointly'` the same as `'--jointly', 'true'`.
"""


_HEAD = ("name | takes | default | meaning", "--- | --- | --- | ---")


def runnables_page() -> str:
    """docs/runnables.md."""
    return "\n".join([_INTRODUCTION, *map(_section, map(RUNNABLES.load, sorted(RUNNABLES)))])


def runnable_help(name: str) -> str:
    """Everything a ready-made program takes, as text for a terminal.

    Raises:
        ProgramError: there is no such program.
    """
    runnable = RUNNABLES.load(name)
    lines = [runnable.name, runnable.doc, "", "Arguments, behind CMD"]
    return "\n".join([*lines, *(line for one in runnable.arguments for line in _lines(one))])


def _section(runnable: Runnable) -> str:
    rows = (" | ".join(_cells(argument)).replace("\n", " ") for argument in runnable.arguments)
    table = "\n".join(f"| {row} |" for row in (*_HEAD, *rows))
    return f"## {runnable.name}\n\n{runnable.doc}\n\n{table}\n"


def _cells(argument: Argument) -> tuple[str, str, str, str]:
    attribute = argument.attribute
    names = ", ".join(f"`--{name}`" for name in (attribute.name, *attribute.aliases))
    default = f"`{_default(argument)}`" if _default(argument) else ""
    return names, _takes(argument), default, attribute.doc


def _lines(argument: Argument) -> Iterator[str]:
    attribute = argument.attribute
    default = f"   default {_default(argument)}" if _default(argument) else ""
    aliases = f"   also --{', --'.join(attribute.aliases)}" if attribute.aliases else ""
    yield f"  --{attribute.name}{'   needed' if argument.required else default}{aliases}"
    yield f"      {_takes(argument).replace('`', '')}"
    yield f"      {attribute.doc}"


def _takes(argument: Argument) -> str:
    attribute = argument.attribute
    match argument.names:
        case "query":
            return "a table or a query"
        case "column" | "number":
            of_numbers = " of numbers" if argument.names == "number" else ""
            return f"columns{of_numbers}, `a,b`" if attribute.several else f"a column{of_numbers}"
        case None:
            return attribute.describe(most_choices=sys.maxsize)


def _default(argument: Argument) -> str:
    default = argument.attribute.default
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "" if default is None else written(default)
