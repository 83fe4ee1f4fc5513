"""What the terminal can show."""

import os
import shutil
from typing import TextIO


def colored(stream: TextIO) -> bool:
    """Whether to colour: a terminal, unless NO_COLOR or TERM=dumb say otherwise."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def width() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def duration(seconds: float) -> str:
    """`0.02s`, `1.31s`, `2m 05s`, `1h 03m`."""
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def memory(size: float) -> str:
    """Bytes as `412 MiB` or `1.2 GiB`."""
    mebibytes = size / 2**20
    return f"{mebibytes:.0f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"
