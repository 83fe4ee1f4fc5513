"""Steps in containers: with Podman where it is, and what is asked of an engine with a stand-in."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqlml.databases.duckdb import DuckDB
from sqlml.runtime.programs.means import Means
from sqlml.workflow.ir import (
    Artifact,
    Constant,
    Container,
    InputFile,
    Mount,
    Node,
    OutputDeclaration,
    Resources,
    Script,
    SecretKey,
    Take,
    Volume,
)

RESULT = (OutputDeclaration("result", "parameter"),)
FILE = OutputDeclaration("f", "parameter", path="/tmp/out/f")

# Stands for Podman, which cannot be in every test: a container is a folder; `create` writes down
# what it was asked for, `cp` packs and unpacks, `start` runs the command with its files there.
STAND_IN = """#!/bin/sh
set -e
boxes=$BOXES; verb=$1; shift
case $verb in
  create)
    [ "$1" = --name ]; box=$boxes/$2; mkdir -p $box/root; shift 2
    printf '%s\\n' "$@" > $boxes/asked
    while [ $# -gt 0 ]; do case $1 in
      --entrypoint) entry=$2; shift 2;;
      --*) shift 2;;
      *) break;;
    esac; done
    if [ "$1" = no/such ]; then echo "Error: manifest unknown" >&2; exit 125; fi
    shift
    printf 'set --' > $box/run
    for word in $entry "$@"; do
      case $word in /tmp/sqlml*) word=.$word;; esac
      printf " '%s'" "$word" >> $box/run
    done
    ;;
  cp)
    if [ "$1" = - ]; then tar x -C $boxes/${2%%:*}/root
    else cp -r $boxes/${1%%:*}/root${1#*:} "$2"; fi;;
  start)
    [ "$1" = --attach ]; cd $boxes/$2/root; . ../run
    exec "$@";;
  rm) rm -rf $boxes/$2;;
esac
"""


@pytest.fixture
def database() -> Iterator[DuckDB]:
    """An empty one in memory."""
    database = DuckDB.open(":memory:")
    yield database
    database.close()


@pytest.fixture
def stand_in(tmp_path: Path) -> Means:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "podman").write_text(STAND_IN)
    (folder / "podman").chmod(0o755)
    (tmp_path / "boxes").mkdir()
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "BOXES": str(tmp_path / "boxes"),
        "SQLML_SECRET_S_K": "opensesame",
    }
    return Means(environment=environment)


def test_an_engine_is_asked_for_what_a_step_needs(
    run: Any, stand_in: Means, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("given ")
    source = 'mkdir -p tmp/out; cat data/in > tmp/out/f; printf %s "$1" >> tmp/out/f; echo $A $B'
    node = Node(
        "s",
        Script(source, "example/sh:1", ("sh",), (Take("x"),), working_dir="/w", pull="Always"),
        {"x": Constant("a b")},
        (*RESULT, FILE),
        resources=Resources(cpu=1.5, memory=1 << 28),
        env={"A": SecretKey("s", "k"), "B": "plain"},
        files={"in": InputFile("/data/in", Artifact("local", str(tmp_path / "in")))},
        mounts=(Mount("v", "/v", read_only=True),),
    )
    volumes = (Volume("v", "claim", "shared"),)
    report = run(node, means=stand_in, workflow={"volumes": volumes})
    assert report.steps["s"].outcome.outputs == {"result": "opensesame plain", "f": "given a b"}
    asked = (tmp_path / "boxes" / "asked").read_text().splitlines()
    assert asked == [
        "--pull", "always", "--env", "A", "--env", "B",
        "--volume", f"{run.store.folder}/volumes/shared:/v:ro",
        "--workdir", "/w", "--cpus", "1.5", "--memory", "268435456",
        "--entrypoint", "sh", "example/sh:1", "/tmp/sqlml-script", "a b",
    ]  # fmt: skip
    assert [each.name for each in (tmp_path / "boxes").iterdir()] == ["asked"]


def test_a_container_that_fails_or_has_no_image_fails_its_step(
    run: Any, stand_in: Means, tmp_path: Path
) -> None:
    report = run(
        Node("bad", Container("img", ("sh", "-c"), ("echo no; exit 9",))),
        Node("gone", Container("no/such", ("true",))),
        Node("slow", Container("img", ("sleep", "30")), timeout=0.5),
        means=stand_in,
        threads=3,
    )
    bad, gone, slow = report.diagnostics
    assert (bad.code, bad.message) == ("E0540", "`bad` ended with exit code 9")
    assert gone.code == "E0688"
    assert "manifest unknown" in gone.hint
    assert slow.code == "E0685"
    assert [each.name for each in (tmp_path / "boxes").iterdir()] == ["asked"]


def has_podman() -> bool:
    if shutil.which("podman") is None:
        return False
    words = ["podman", "image", "exists", "localhost/sqlml-test"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_podman(), reason="needs podman and the image localhost/sqlml-test")
def test_podman_runs_a_step_in_its_image(run: Any, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("given ")
    script = "mkdir -p /tmp/out; cat /data/in > /tmp/out/f; echo $1 >> /tmp/out/f; cat /tmp/out/f"
    report = run(
        Node(
            "s",
            Script(script, "localhost/sqlml-test", ("sh",), (Take("x"),), pull="Never"),
            {"x": Constant("a b")},
            (*RESULT, FILE),
            files={"in": InputFile("/data/in", Artifact("local", str(tmp_path / "in")))},
        ),
        Node("bad", Container("localhost/sqlml-test", ("sh", "-c"), ("exit 9",), pull="Never")),
        means=Means("podman"),
    )
    assert report.steps["s"].outcome.outputs == {"result": "given a b", "f": "given a b"}
    assert [d.message for d in report.diagnostics] == ["`bad` ended with exit code 9"]
