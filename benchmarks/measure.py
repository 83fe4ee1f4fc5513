"""Run a command; tell its wall time and the peak memory of its whole process tree.

Memory is the anonymous memory of the tree, sampled from /proc every 30 ms, and the pages of files
that it has mapped, such as libraries, every 0.3 s. Pages that its processes share count once, and
whoever else on the machine has the same file in memory does not change what is measured.
"""

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.03
FILES_EVERY = 10  # intervals


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
        ended, looks, files = False, 0, 0
        while not ended:  # at least once, also where the process is a short one
            tree = _tree(self._root)
            if looks % FILES_EVERY == 0:
                files = _mapped_files(tree)
            self.bytes = max(self.bytes, files + sum(_anonymous(pid) for pid in tree))
            ended, looks = self._ended.wait(INTERVAL), looks + 1


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _anonymous(pid: int) -> int:
    return 1024 * sum(int(line.split()[1]) for line in _read(pid, "smaps_rollup")
                      if line.startswith("Pss_Anon:"))  # fmt: skip


def _mapped_files(tree: Sequence[int]) -> int:
    """What is in memory of the files that processes have mapped; of each file, in one of them."""
    most: Counter[str] = Counter()
    for pid in tree:
        resident: Counter[str] = Counter()
        file = ""
        for line in _read(pid, "smaps"):
            match line.split():
                case [span, _, _, _, _, *path] if "-" in span:
                    file = path[0] if path and path[0].startswith("/") else ""
                case ["Rss:", size, "kB"] if file:
                    resident[file] += int(size)
                case ["Anonymous:", size, "kB"] if file:  # pages that it has written to
                    resident[file] -= int(size)
        most |= resident
    return 1024 * most.total()


def _read(pid: int, name: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/{name}").read_text().splitlines()
    except OSError:
        return []


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
