"""Run a command; tell its wall time and the peak memory of its whole process tree.

Memory is the proportional set size (PSS) summed over the tree, so that pages shared by several
processes count once; it is sampled from /proc every 30 ms.
"""

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.03


@dataclass(frozen=True, slots=True)
class Measured:
    """seconds: wall time of the whole process; cpu: those that it and its children computed.
    peak: bytes. output: what it wrote to stdout.
    """

    seconds: float
    peak: int
    output: str
    cpu: float = 0.0


def measure(command: Sequence[str], folder: Path) -> Measured:
    """Run a command in `folder` to its end.

    Raises:
        RuntimeError: it failed; with the end of what it wrote to stderr.
    """
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=environment)
        peak = Peak(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        peak.stop()
        out.seek(0)
        err.seek(0)
        if code:
            told = err.read()[-2000:].decode("utf-8", "replace")
            raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{told}")
        cpu = usage.ru_utime + usage.ru_stime
        return Measured(seconds, peak.bytes, out.read().decode(), cpu)


class Peak:
    """The largest memory a process tree had, watched by a thread."""

    def __init__(self, root: int) -> None:
        self.bytes = 0
        self._root = root
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        ended = False
        while not ended:  # at least once, also where the process is a short one
            self.bytes = max(self.bytes, sum(_memory(pid) for pid in _tree(self._root)))
            ended = self._ended.wait(INTERVAL)


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _memory(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours against a reference, in turn; medians of the ratios of the pairs."""

    time_ratio: float
    cpu_ratio: float
    memory_ratio: float
    seconds: float
    reference_seconds: float
    peak: float
    reference_peak: float
    pairs: int


def compare(
    ours: Callable[[], Measured], reference: Callable[[], Measured], pairs: int
) -> Comparison:
    """Run ours and the reference in turn, `pairs` times, after one warm-up of each."""
    ours(), reference()
    runs = [(ours(), reference()) for _ in range(pairs)]
    return Comparison(
        statistics.median(a.seconds / b.seconds for a, b in runs),
        statistics.median(a.cpu / b.cpu if b.cpu else 0.0 for a, b in runs),
        statistics.median(a.peak / b.peak for a, b in runs),
        statistics.median(a.seconds for a, _ in runs),
        statistics.median(b.seconds for _, b in runs),
        statistics.median(a.peak for a, _ in runs),
        statistics.median(b.peak for _, b in runs),
        pairs,
    )
