"""A bound for the memory of the whole server: what wants more fails, and the server goes on.

DuckDB's own limit counts the pages of tables, sorts and joins, but not long texts and lists.
"""

import os
import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")
_STACK = 8 << 20  # bytes that a thread sets aside


_ALLOCATORS = {
    "DUCKDB_JE_MALLOC_CONF": "retain:false",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""What DuckDB and Arrow have freed counts no more then: by themselves they keep its addresses."""


def give_back() -> None:
    """Let this process give back what it frees. To be called before DuckDB and Arrow are loaded."""
    for name, value in _ALLOCATORS.items():
        os.environ.setdefault(name, value)


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
