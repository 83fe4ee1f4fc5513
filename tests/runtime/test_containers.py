"""Steps in containers: with Podman where it is, and what is asked of an engine with a stand-in."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqlml.databases.duckdb import DuckDB
from sqlml.errors import ProgramError
from sqlml.runtime.programs.means import Means
from sqlml.workflow.ir import (
    Artifact,
    Constant,
    Container,
    InputFile,
    Mount,
    Node,
    OutputDeclaration,
    Relation,
    Resources,
    Run,
    Script,
    SecretKey,
    Take,
    Volume,
)
from sqlml.zoo.models import find_model

RESULT = (OutputDeclaration("result", "parameter"),)
IMAGE = "localhost/sqlml-test:1"
CONTAINERS = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""
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


def to_run(*command: str, image: str = IMAGE, into: tuple[str, ...] = ("made", "copied")) -> Node:
    """A step as TO RUN of an image makes it."""
    rows = Relation("SELECT i AS a, 'x' || i AS b FROM range(3) r(i)")
    return Node("run", Run(image, command, into, in_image=True), {"rows": rows})


def test_an_image_of_to_run_finds_the_rows_and_leaves_tables(
    run: Any, stand_in: Means, database: DuckDB, tmp_path: Path
) -> None:
    program = """
    cat .$SQLML_ROWS > .$SQLML_TABLES/copied.parquet
    printf "n,image\\n7,$SQLFLOW_TO_RUN_IMAGE" > .$SQLML_TABLES/made.csv
    echo "$SQLML_INTO from $SQLML_SELECT"
    """
    report = run(to_run("sh", "-c", program), means=stand_in)
    assert report.steps["run"].outcome.summary == "1 + 3 rows"
    assert report.steps["run"].outcome.rows == 4
    assert database.table("FROM copied ORDER BY a").to_pylist() == [
        {"a": i, "b": f"x{i}"} for i in range(3)
    ]
    assert database.table("FROM made").to_pylist() == [{"n": 7, "image": IMAGE}]
    words = run(to_run("sh", "-c", program, into=()), means=stand_in).steps["run"].outcome.summary
    assert words == "from SELECT * FROM read_parquet('/sqlml/rows.parquet')"

    (fault,) = run(to_run("true"), means=stand_in).diagnostics
    assert fault.code == "E0541"
    assert fault.hint.endswith("`made.parquet` or `made.csv` into the folder SQLML_TABLES")
    (fault,) = run(to_run("sh", "-c", "echo no; exit 9"), means=stand_in).diagnostics
    assert (fault.code, fault.message) == ("E0540", "`run` ended with exit code 9")
    assert [each.name for each in (tmp_path / "boxes").iterdir()] == ["asked"]


def test_a_program_in_an_image_may_leave_its_tables_in_the_database_of_the_exchange(
    run: Any, stand_in: Means, database: DuckDB
) -> None:
    program = """if True:
        import duckdb, os
        place = duckdb.connect("." + os.environ["SQLML_DATASOURCE"])
        place.execute("CREATE TABLE Made AS FROM range(5)")
    """
    report = run(to_run(sys.executable, "-c", program, into=("made",)), means=stand_in)
    assert report.steps["run"].outcome.rows == 5


def test_without_containers_a_program_of_an_image_is_refused_or_run_here(
    run: Any, database: DuckDB, tmp_path: Path
) -> None:
    with pytest.raises(ProgramError) as caught:
        run(to_run("sh"), means=Means(environment={}))
    (fault,) = caught.value.diagnostics
    assert fault.code == "E0241"
    assert fault.message.endswith(f"the image `{IMAGE}`, and there is no Podman or Docker here")
    assert "SQLML_CONTAINERS=process" in fault.hint
    here = Means("process")
    with pytest.raises(ProgramError, match="has no command"):
        run(to_run(), means=here)
    script = "cp $SQLML_ROWS $SQLML_TABLES/MADE.parquet"
    report = run(to_run("sh", "-c", script, into=("made",)), means=here)
    assert report.steps["run"].outcome.rows == 3


@pytest.fixture(scope="module")
def podman() -> Iterator[Means]:
    """Podman with a storage of its own, in which one small image lies."""
    home = Path(tempfile.mkdtemp(prefix="pod"))  # Podman takes no long path for its sockets
    busybox = shutil.which("busybox")
    assert busybox is not None, "apt-get install busybox-static"
    (home / "containers.conf").write_text(CONTAINERS)
    storage = f'driver = "vfs"\ngraphroot = "{home}/images"\nrunroot = "{home}/run"\n'
    (home / "storage.conf").write_text(f"[storage]\n{storage}")
    with tarfile.open(home / "image.tar", "w") as archive:
        archive.add(busybox, "bin/busybox")
        (home / "means.py").write_text("class Mean:\n    def fit(self, X, y): return self\n")
        archive.add(home / "means.py", "zoo/means.py")
        for name in ("cat", "echo", "head", "mkdir", "printf", "sh", "tr"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CONTAINERS_CONF": str(home / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
        "SQLML_SECRET_VAULT_WORD": "open sesame",
    }
    words = ["podman", "import", str(home / "image.tar"), IMAGE]
    subprocess.run(words, check=True, capture_output=True, env=environment)
    yield Means("podman", environment=environment)
    shutil.rmtree(home)


@pytest.mark.skipif(shutil.which("podman") is None, reason="needs podman and busybox-static")
def test_podman_runs_steps_in_their_image(run: Any, podman: Means, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("given ")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "more").write_text("mounted")
    script = """
    mkdir -p /tmp/out; cat /data/in > /tmp/out/f; printf %s "$1" >> /tmp/out/f
    echo "$WORD $PLAIN $(cat /v/more) $(echo /*)"
    """
    fill = "x=$(head -c 90000000 /dev/zero | tr '\\0' a); echo unlimited"
    report = run(
        Node(
            "s",
            Script(script, IMAGE, ("sh",), (Take("x"),), pull="Never"),
            {"x": Constant("a b")},
            (*RESULT, FILE),
            env={"WORD": SecretKey("vault", "word"), "PLAIN": "$(p) {{q}}"},
            files={"in": InputFile("/data/in", Artifact("local", str(tmp_path / "in")))},
            mounts=(Mount("v", "/v", read_only=True),),
        ),
        Node("bad", Container(IMAGE, ("sh", "-c"), ("exit 9",), pull="Never")),
        Node(
            "big",
            Container(IMAGE, ("sh", "-c"), (fill,), pull="Never"),
            resources=Resources(memory=32 * 2**20),
        ),
        Node("gone", Container("localhost/no-such", ("true",), pull="Never")),
        to_run(
            "sh",
            "-c",
            "cat $SQLML_ROWS >$SQLML_TABLES/copied.parquet; echo n >$SQLML_TABLES/made.csv; echo 1"
            " >>$SQLML_TABLES/made.csv",
        ),
        means=podman,
        workflow={"volumes": (Volume("v", "host", str(tmp_path / "shared")),)},
    )
    outputs = report.steps["s"].outcome.outputs
    assert outputs["f"] == "given a b"
    words, _, root = outputs["result"].partition(" /")
    assert words == "open sesame $(p) {{q}} mounted"
    assert {"bin", "data", "v"} < set(root.split(" /"))
    assert "home" not in root  # of this machine
    bad, big, gone = report.diagnostics
    assert bad.message == "`bad` ended with exit code 9"
    assert big.message.startswith("`big` ended with exit code 137")
    assert gone.code == "E0688"
    assert report.steps["run"].outcome.summary == "1 + 3 rows"
    words = ["podman", "ps", "--all", "--quiet"]
    left = subprocess.run(words, check=True, capture_output=True, env=podman.environment)
    assert left.stdout == b""


@pytest.mark.skipif(shutil.which("podman") is None, reason="needs podman and busybox-static")
def test_podman_gives_the_models_of_an_image(
    podman: Means, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in podman.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SQLML_CONTAINERS", "podman")
    found = find_model(f"{IMAGE}/Mean")
    assert found is not None
    assert found.name == f"{IMAGE}/means.Mean"
    with pytest.raises(ProgramError, match="is not on this machine"):
        find_model("localhost/none:1/Mean")
