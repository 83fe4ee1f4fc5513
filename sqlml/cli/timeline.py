"""When the steps of a run ran, as bars of characters."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlml.cli.terminal import duration, shortened

if TYPE_CHECKING:
    from sqlml.store.runs import Step

_LONGEST_NAME = 28
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def timeline(steps: Sequence["Step"], width: int) -> Iterator[str]:
    """A line for each step that ran, in the order in which they began; parts below their whole.

    width: of the lines, in characters.
    """
    ran = [step for step in in_order(steps) if step.started is not None]
    if not ran:
        return
    names = {step.name: f"{'  ' * depth(step, steps)}{step.name}" for step in ran}
    column = min(_LONGEST_NAME, max(map(len, names.values())))
    begin = min(step.started or 0.0 for step in ran)
    end = max(step.finished or step.started or 0.0 for step in ran)
    scale = max(10, width - column - 14) / max(end - begin, 1e-9)
    for step in ran:
        assert step.started is not None
        took = (step.finished or end) - step.started
        bar = _bar((step.started - begin) * scale, took * scale)
        name = shortened(names[step.name], column)
        yield f"  {name:<{column}}  {bar} {duration(took)}"


def in_order(steps: Sequence["Step"]) -> Sequence["Step"]:
    """By the time they began; a part comes after its whole."""
    return sorted(steps, key=lambda step: (step.started or 0.0, step.number, step.name.count(".")))


def depth(step: "Step", steps: Sequence["Step"]) -> int:
    """How many wholes a step is a part of: `search.3` is one of `search`."""
    known = {each.name for each in steps}
    parts = step.name.split(".")
    return sum(".".join(parts[:count]) in known for count in range(1, len(parts)))


def _bar(start: float, length: float) -> str:
    """A bar that begins and ends within a character; the shortest can still be seen."""
    spaces = int(start)
    eighths = max(1, round((start - spaces + length) * 8))
    whole, rest = divmod(eighths, 8)
    return " " * spaces + "█" * whole + (_EIGHTHS[rest] if rest else "")
