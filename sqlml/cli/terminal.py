"""What the terminal can show, and how things are written on it."""

import os
import shutil
from typing import TextIO


def is_live(stream: TextIO) -> bool:
    """Whether lines can be written over: a terminal that is not a dumb one."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def colored(stream: TextIO) -> bool:
    """Whether to colour: a terminal, unless NO_COLOR or TERM=dumb say otherwise."""
    return is_live(stream) and not os.environ.get("NO_COLOR")


def width() -> int:
    """The terminal's columns; 100 where there is no terminal."""
    return shutil.get_terminal_size((100, 24)).columns


def painted(style: str, text: str, color: bool) -> str:
    """The text in a style (`32` is green), or as it is."""
    return f"\x1b[{style}m{text}\x1b[0m" if color else text


def shortened(text: str, most: int) -> str:
    """The text, its end cut off when it is longer than `most`."""
    return text if len(text) <= most else text[: most - 1] + "…"


def duration(seconds: float) -> str:
    """`0.02s`, `1.31s`, `2m 05s`, `1h 03m`."""
    if seconds < 59.995:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def memory(size: float) -> str:
    """Bytes as `412 MiB` or `1.2 GiB`."""
    mebibytes = size / 2**20
    return f"{mebibytes:.0f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"
