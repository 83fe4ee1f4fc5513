"""order, written by sqlml."""

import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path


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


def script(interpreter, source, words=(), **others):
    """Run a text with its interpreter; the rest is as for `program`."""
    with tempfile.TemporaryDirectory(prefix="script-") as place:
        file = Path(place, "script")
        file.write_text(source, "utf-8")
        return program([*interpreter, str(file), *words], **others)


def program(command, folder="", env=None, finds=None, leaves=None, keeps=None):
    """Run a program in a folder of its own; what it prints, or all that it leaves, by name.

    finds: files by the paths where it looks for them. leaves: where the values are that it leaves,
    each a file's path, or empty for what it prints. keeps: likewise files, which are kept.
    """
    with tempfile.TemporaryDirectory(prefix="step-") as place:
        work = Path(place, folder)
        work.mkdir(parents=True, exist_ok=True)
        for path, source in (finds or {}).items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            copy_file(source, work / path)
        for path in [*(leaves or {}).values(), *(keeps or {}).values()]:
            (work / path).parent.mkdir(parents=True, exist_ok=True)
        imports = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), os.getcwd()]))
        printed = output_of(command, cwd=work, env={"PYTHONPATH": imports, **(env or {})})
        return left_behind(printed, leaves, keeps, lambda path: work / path)


def output_of(command, env=None, **others):
    """What a command prints; what it complains of is shown, and told if it fails."""
    done = subprocess.run(
        command, env={**os.environ, **(env or {})}, capture_output=True, encoding="utf-8",
        check=False, **others,
    )  # fmt: skip
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise ChildProcessError(f"{done.stderr[-4000:]}\nexit code {done.returncode}")
    return done.stdout


def left_behind(printed, leaves, keeps, find):
    """What a program has printed or, where names are given, all that it leaves by them."""
    if leaves is None and keeps is None:
        return printed.removesuffix("\n").removesuffix("\r")
    found = {}
    for name, path in (leaves or {}).items():
        told = find(path).read_text("utf-8") if path else printed
        found[name] = told.removesuffix("\n").removesuffix("\r")
    for name, path in (keeps or {}).items():
        found[name] = str(Path(tempfile.mkdtemp(prefix="kept-"), Path(path).name))
        copy_file(find(path), found[name])
    return found


def copy_file(source, target):
    """Copy a file or a folder."""
    if Path(source).is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


steps = Steps()

# first, line 6
first = script([sys.executable], "print('first')")
print("first:", first)

# left, line 7
with steps.run("left"):
    left = script([sys.executable], "print('left')")
    print("left:", left)

# right, line 8
with steps.run("right"):
    right = script([sys.executable], "print('right')")
    print("right:", right)

# last, line 9
with steps.run("last"):
    steps.need(after=[("left", "passed"), ("right", "passed")])
    last = script([sys.executable], "print('last')")
    print("last:", last)

steps.check()
