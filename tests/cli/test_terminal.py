"""The command line on a terminal: live lines, colours, Ctrl-C."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

IRIS = Path("examples/data/iris.csv").resolve()
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
COLOR = re.compile(r"\x1b\[\d*(;\d+)*m")
LONG = (
    f"CREATE TABLE iris AS SELECT * FROM '{IRIS}';\n"
    "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH train.num_boost_round = 1000000"
    " LABEL species INTO m;\n"
)


class Terminal:
    """`sqlml` with its stderr on a pseudo-terminal, and its stdout in a pipe."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self._before = termios.tcgetattr(slave)
        self._slave = slave
        self.shown = ""
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sqlml", *arguments],
            cwd=folder,
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            text=True,
            env={**kept, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
        )

    def wait_for(self, text: str, seconds: float = 120) -> None:
        """Read until `text` is shown."""
        end = time.monotonic() + seconds
        while text not in self.shown and time.monotonic() < end:
            self._read(0.1)
        assert text in self.shown, self.shown

    def finish(self) -> str:
        """Wait for the end; what was written to stdout."""
        out = ""
        while self.process.poll() is None:
            self._read(0.05)
        while self._read(0.05):
            pass
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        self.process.stdout.close()
        self.is_restored = termios.tcgetattr(self._slave) == self._before
        os.close(self._slave)
        os.close(self._master)
        return out

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            self.shown += os.read(self._master, 65536).decode("utf-8", "replace")
        return bool(ready)


def test_a_run_shows_a_coloured_line_per_step_and_results_only_on_stdout(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "run", "-c", "SELECT 1 AS one", "--output", "csv")
    out = terminal.finish()
    assert out == "one\n1\n"
    assert "\x1b[32m✓" in terminal.shown
    assert "SELECT 1 AS one" in COLOR.sub("", terminal.shown)
    assert terminal.shown.count(HIDE_CURSOR) == terminal.shown.count(SHOW_CURSOR) == 1
    assert terminal.is_restored


def test_no_color_means_no_color(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "run", "-c", "SELECT 1 AS one; SELECT x", NO_COLOR="1")
    terminal.finish()
    assert "error[E0304]" in terminal.shown or "error[E03" in terminal.shown
    assert not COLOR.search(terminal.shown)
    terminal = Terminal(tmp_path, "run", "-c", "SELECT 1 AS one", NO_COLOR="1")
    terminal.finish()
    assert "✓ query" in terminal.shown
    assert not COLOR.search(terminal.shown.replace("\x1b[0m", ""))


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "run", "-c", "SELECT 1 AS one", TERM="dumb")
    terminal.finish()
    assert "✓ query" in terminal.shown
    assert "\x1b" not in terminal.shown


def test_errors_are_coloured_on_a_terminal(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "run", "-c", "SELECT x FROM y")
    terminal.finish()
    assert "\x1b[1;31merror[" in terminal.shown


def test_ctrl_c_shows_how_to_go_on_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "p.sql").write_text(LONG)
    terminal = Terminal(tmp_path, "run", "p.sql")
    terminal.wait_for("rounds")  # live progress
    assert "1,000,000 rounds" in terminal.shown
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == ""
    assert terminal.process.returncode == 130
    assert "resume with: sqlml run p.sql --resume " in terminal.shown
    assert "Traceback" not in terminal.shown
    assert terminal.shown.count(HIDE_CURSOR) == terminal.shown.count(SHOW_CURSOR)
    assert terminal.is_restored
