"""Plain scripts that are run in this process, and what their steps come to."""

import ast
import os
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.workflow.ir import Node, Workflow
from sqlml.workflow.operations import PROGRAMS

from .everywhere import Ended

FILE = "flow.py"


class Ran:
    """A script that has run in this process. states, values: of its steps."""

    def __init__(self, workflow: Workflow, given: Mapping[str, str], patch: Any) -> None:
        (self.text,) = render(workflow, "python", Options()).values()
        assert "import sqlml" not in self.text
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.failed_at = 0
        options = [word for name, value in given.items() for word in (f"--{name}", value)]
        patch.setattr(sys, "argv", [FILE, *options])
        self.code = 0
        try:
            exec(compile(self.text, FILE, "exec"), self.names)
        except BaseException as error:  # noqa: BLE001
            frames = traceback.extract_tb(error.__traceback__)
            self.failed_at = next(f.lineno or 0 for f in frames if f.filename == FILE)
            self.code = 1
        self.noted = self.names["steps"].ended if "steps" in self.names else {}

    def ended(self, node: Node) -> Ended:
        state = self._state(node)
        return Ended(state, self._values(node) if state == "succeeded" else {})

    def left(self, node: Node) -> Any:
        """What a step has left in its variable; None where it has left nothing."""
        return self.names.get(self._variable(node))

    def _state(self, node: Node) -> str:
        if node.name in self.noted:
            found = self.noted[node.name] & {"succeeded", "failed"}
            return next(iter(found), "skipped")
        begin, end = self._place(node)
        if begin < self.failed_at <= end:
            return "failed"
        has_left = not node.outputs or self._variable(node) in self.names
        return "succeeded" if has_left else "skipped"

    def _values(self, node: Node) -> Any:
        if not node.outputs:
            return {}
        left = self.names[self._variable(node)]
        names = [one.name for one in node.outputs if one.kind != "dataset"]
        is_sql = not isinstance(node.operation, PROGRAMS)
        if is_sql or len(names) > 1 or node.outputs[0].path:
            return {name: left[name] for name in names}
        return {names[0]: left}

    def _place(self, node: Node) -> tuple[int, int]:
        """The lines between a step's title and the next one's, from 1."""
        lines = self.text.splitlines()
        titles = [
            i for i, line in enumerate(lines, 1) if re.match(r" *# [a-z][\w-]*(, line|$)", line)
        ]
        title = re.compile(rf" *# {node.name}(, line \d+)?")
        begin = next(i for i in reversed(titles) if title.fullmatch(lines[i - 1]))
        return begin, next((i for i in titles if i > begin), len(lines))

    def _variable(self, node: Node) -> str:
        begin, end = self._place(node)
        found = (one for one in ast.walk(ast.parse(self.text)) if isinstance(one, ast.Assign))
        own = [one for one in found if begin < one.lineno <= end]
        names = [ast.unparse(one.targets[0]) for one in sorted(own, key=lambda one: one.lineno)]
        return next((name for name in names if name != "result"), "")


# Stands for Podman and for kubectl. An image's command is run here: `/opt` is a folder of its own,
# and a script that is to lie in the container is taken from where it lies.
PODMAN = """#!/bin/sh
set -e
verb=$1; shift
case $verb in
  run)
    while [ $# -gt 0 ]; do case $1 in
      --name) box=$BOXES/$2; mkdir -p $box/opt; shift 2;;
      --entrypoint) entry=$2; shift 2;;
      --volume) given=${2%%:*}; shift 2;;
      --*) shift 2;;
      *) break;;
    esac; done
    image=$1; shift
    case $image,$entry in
      *,cowsay|model-*) entry=echo;;
      *,python) entry=$PYTHON;;
    esac
    cd $box; printf 'set --' > run
    for word in $entry "$@"; do
      [ "$word" = /tmp/script ] && word=$given
      word=$(printf %s "$word" | sed "s=/opt/=$box/opt/=g; s/'/'\\\\''/g")
      printf " '%s'" "$word" >> run
    done
    . ./run; exec "$@";;
  cp) cp $BOXES/${1%%:*}${1#*:} "$2";;
  rm) rm -rf $BOXES/$2;;
esac
"""
KUBECTL = """#!/bin/sh
cat > $BOXES/manifest
active=1; [ "$1" = create ] && active=0 && cat $BOXES/manifest >> $BOXES/created
cat << END
{"kind": "TFJob", "metadata": {"name": "job-1", "uid": "u"},
 "status": {"replicaStatuses": {"Worker": {"succeeded": $active}}}}
END
"""


def stand_ins(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Put Podman and kubectl on the path; the folder in which they work."""
    boxes, programs = folder / "boxes", folder / "bin"
    boxes.mkdir()
    programs.mkdir()
    for name, text in (("podman", PODMAN), ("kubectl", KUBECTL)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    patch.setenv("BOXES", str(boxes))
    patch.setenv("PYTHON", sys.executable)
    return boxes
