"""on-exit, written by sqlml."""

from __future__ import annotations

import sys
import traceback
from contextlib import contextmanager


class LeftOut(Exception):
    """A step does not run; what else can be said of how it has ended."""


class Steps:
    """Notes how steps end: when one fails, only those are left out that need it."""

    def __init__(self):
        self.ended = {}  # by step, all that can be said of how it has ended

    @contextmanager
    def run(self, name):
        try:
            yield
            self.ended[name] = {"succeeded", "passed", "finished"}
        except LeftOut as left:
            self.ended[name] = {*left.args, "finished"}
        except (Exception, SystemExit):
            traceback.print_exc()
            self.ended[name] = {"failed", "finished"}

    def need(self, *names, after=()):
        """Leave the step out unless these have succeeded, and others have ended as is said."""
        missing = [name for name in names if not self.has(name, "succeeded")]
        are_skipped = all(self.has(name, "skipped") for name in missing)
        if not are_skipped or not all(self.has(name, status) for name, status in after):
            raise LeftOut
        if missing:
            raise LeftOut("skipped")

    def when(self, condition):
        """Leave the step out unless its own condition holds."""
        if not condition:
            raise LeftOut("skipped", "passed")

    def has(self, name, status):
        return status in self.ended.get(name, ())

    def check(self):
        """Fail if a step has failed."""
        if failed := [name for name, ended in self.ended.items() if "failed" in ended]:
            sys.exit(f"failed: {', '.join(failed)}")


def work(text: str) -> str:
    return text.upper()


def tidy_up() -> str:
    return "tidy"


def complain() -> str:
    return "it has failed"


steps = Steps()
status = "failed"
try:
    # work, line 22
    work_result = work("done")
    print("work:", work_result)
    status = "succeeded"
finally:
    # tidy-up, line 24
    with steps.run("tidy-up"):
        tidy_up_result = tidy_up()
        print("tidy-up:", tidy_up_result)

    # complain, line 26
    with steps.run("complain"):
        steps.when(status == "failed")
        complain_result = complain()
        print("complain:", complain_result)

steps.check()
