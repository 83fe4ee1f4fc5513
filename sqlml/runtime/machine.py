"""What this machine offers, and how much of it a process has used."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
PROCESSES = Path("/proc")
CLEAR_REFS = Path("/proc/self/clear_refs")

_FORGET_PEAK = "5"  # proc(5), clear_refs: reset the high water mark of the resident set


def working_folder() -> str:
    """The folder that relative paths start from; nothing where it has been removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def core_count() -> int:
    """The cores that this process may use, the container's quota counted; at least 1."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else (os.cpu_count() or 1)
    for text in _cgroup_files("cpu.max"):
        quota, _, period = text.partition(" ")
        if quota != "max":
            usable = min(usable, int(quota) // int(period or 100_000))
    quotas = _cgroup_files("cpu.cfs_quota_us", "cpu")
    for quota, period in zip(quotas, _cgroup_files("cpu.cfs_period_us", "cpu"), strict=False):
        if int(quota) > 0:
            usable = min(usable, int(quota) // int(period))
    return max(1, usable)


def memory_limit() -> int:
    """Bytes of memory that this process and its children may use together."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    limits += [int(text) for text in _cgroup_files("memory.max") if text != "max"]
    limits += [int(text) for text in _cgroup_files("memory.limit_in_bytes", "memory")]
    return min(limits)


def peak_memory() -> int:
    """The most bytes this process has held since it began or last called `forget_peak_memory`."""
    return peak_memory_of(os.getpid()) or max_resident(resource.getrusage(resource.RUSAGE_SELF))


def peak_memory_of(process: int) -> int:
    """As `peak_memory`, for any process of ours that runs; 0 where the system does not tell."""
    return _memory_of(process, "VmHWM:")


def _memory_of(process: int, field: str) -> int:
    with suppress(OSError):
        for line in (PROCESSES / str(process) / "status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0


def memory_of_tree(process: int) -> int:
    """The bytes that a process and those it has started hold now; shared ones count for each."""
    members = [process]
    for member in members:
        with suppress(OSError):
            for thread in (PROCESSES / str(member) / "task").iterdir():
                members += map(int, (thread / "children").read_text().split())
    return sum(_memory_of(each, "VmRSS:") for each in members)


def forget_peak_memory() -> None:
    """Begin measuring `peak_memory` anew, where the system can do that."""
    with suppress(OSError):
        CLEAR_REFS.write_text(_FORGET_PEAK)


def max_resident(usage: resource.struct_rusage) -> int:
    """A process's largest resident set in bytes (Linux counts it in KiB, macOS in bytes)."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def in_words(size: int) -> str:
    """A number of bytes for people: `3.1 GiB`, `480 MiB`."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def _cgroup_files(name: str, controller: str = "") -> Iterator[str]:
    """The contents of a file of this process's control group and of all that hold it.

    controller: of the groups of version 1, `memory` or `cpu`; by default, those of version 2.
    """
    try:
        entries = [line.split(":", 2) for line in MEMBERSHIP.read_text().splitlines()]
    except OSError:
        return
    own = [path for _, names, path in entries if controller in names.split(",")]
    root = CGROUPS / controller
    for path in own:
        group = root / path.lstrip("/")
        for folder in [group, *group.parents]:
            with suppress(OSError):
                yield (folder / name).read_text().strip()
            if folder == root:
                break
