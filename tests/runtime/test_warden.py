"""Programs end with the driver that has started them, even when that is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

DRIVER = """
import sys
from pathlib import Path
from threading import Event
from sqlml.runtime.programs.processes import Launch, Processes
command = ["sh", "-c", "sleep 300 & echo $! > inner; echo $$ > outer; wait"]
folder = Path(sys.argv[1])
launch = Launch("s", command, {"PATH": "/bin:/usr/bin"}, folder, folder / "log", Event())
processes = Processes()
processes.warden.watch(["touch", str(folder / "removed")])
processes.run(launch, folder / "printed")
"""


def is_running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_nothing_is_left_behind_by_a_killed_driver(tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)])
    files = [tmp_path / "inner", tmp_path / "outer"]
    wait_for(lambda: all(file.exists() and file.read_text().strip() for file in files))
    programs = [int(file.read_text()) for file in files]
    assert all(map(is_running, programs))
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    wait_for(lambda: not any(map(is_running, programs)))
    wait_for((tmp_path / "removed").exists)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
