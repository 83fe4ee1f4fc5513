"""A bound for the memory of the whole server: what wants more fails, and the server goes on.

DuckDB's own limit counts the pages of tables, sorts and joins, but not long texts and lists.
"""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")
_STACK = 8 << 20  # bytes that a thread sets aside


def bound(size: int, threads: int) -> None:
    """Let this process have so many bytes more than it has set aside by now.

    threads: how many more it will have. Other systems than Linux do not count all memory.
    """
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _set_aside() + size + threads * _STACK
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


def _set_aside() -> int:
    for line in _STATUS.read_text().splitlines() if _STATUS.exists() else ():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
