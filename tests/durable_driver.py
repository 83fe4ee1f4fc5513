"""Drives runs in forked processes, so that each can be killed without having to begin anew.

Reads lines `RUN-TO-RESUME`, or an empty one for a first run, from its input. Each run is one child,
which writes `pid N`, then `done STEP` for every step that has ended well, and `end OUTCOME`.
"""

import os
import sys
from pathlib import Path

from sqlml.databases import duckdb, rehearsal  # noqa: F401 - imported before it forks
from sqlml.grammar.parser import parse
from sqlml.optimizer import share, size  # noqa: F401
from sqlml.optimizer.cache import expected, outlook  # noqa: F401
from sqlml.runtime import execution, local  # noqa: F401
from sqlml.runtime.events import Event, StepFinished
from sqlml.session import Session
from sqlml.source import Source
from sqlml.zoo.models import sklearn  # noqa: F401
from sqlml.zoo.steps import alter, query  # noqa: F401


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def drive(folder: Path, resume: str | None) -> None:
    os.chdir(folder)

    def tell(event: Event) -> None:
        if isinstance(event, StepFinished):
            say(f"done {event.step}")

    source = Source("p.sql", Path("p.sql").read_text())
    with Session.open(db="x.duckdb", threads=2) as session:
        done = session.execute(session.compile([source], resume=resume), [tell], resume=resume)
        say(f"end {done.report.outcome}")


def main(folder: Path) -> None:
    parse(Source("p.sql", (folder / "p.sql").read_text()))  # so that the grammar is known
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                drive(folder, line.strip() or None)
            finally:
                os._exit(0)
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
