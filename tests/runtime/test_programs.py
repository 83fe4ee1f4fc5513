"""Scripts, containers, requests: what goes in, what comes out, what is wrong."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sqlml.databases.duckdb import DuckDB
from sqlml.errors import ProgramError
from sqlml.runtime.programs.means import Means
from sqlml.workflow.ir import (
    After,
    Artifact,
    Constant,
    Container,
    Http,
    InputFile,
    Join,
    Mount,
    Node,
    Output,
    OutputDeclaration,
    Place,
    Resource,
    Script,
    SecretKey,
    Suspend,
    Take,
    Volume,
    Workflow,
)

RESULT = (OutputDeclaration("result", "parameter"),)
PROCESS = Means("process", environment={"PATH": "/usr/bin:/bin"})


@pytest.fixture
def database() -> Iterator[DuckDB]:
    """An empty one in memory: these steps do not look at it."""
    database = DuckDB.open(":memory:")
    yield database
    database.close()


def sh(name: str, source: str, **given: Any) -> Node:
    return Node(name, Script(source, command=("sh",)), **{"outputs": RESULT, **given})


def left(report: Any, name: str) -> Any:
    return report.steps[name].outcome.outputs


def test_a_python_script_is_run_by_this_interpreter_with_its_arguments(run: Any) -> None:
    source = "import sys, json\nprint(json.dumps([json.loads(sys.argv[1]), sys.version_info[:2]]))"
    inputs = {"x": Constant({"k": (1, None)})}
    report = run(Node("py", Script(source, args=(Take("x"),)), inputs, RESULT))
    found = json.loads(left(report, "py")["result"])
    assert found == [{"k": [1, None]}, [*sys.version_info[:2]]]


def test_a_container_can_be_run_as_a_process_without_its_image(run: Any) -> None:
    operation = Container("any", ("echo", Join(("<", Take("x"), ">"))), (Take("y"),))
    node = Node("c", operation, {"x": Constant("a b"), "y": Constant(2)}, RESULT)
    assert left(run(node, means=PROCESS), "c") == {"result": "<a b> 2"}


def test_outputs_have_types_and_come_from_files_or_from_what_is_printed(run: Any) -> None:
    outputs = (
        OutputDeclaration("n", "parameter", path="out/n", type="int"),
        OutputDeclaration("list", "parameter", path="list", type="json"),
        OutputDeclaration("yes", "parameter", path="yes", type="bool"),
        OutputDeclaration("all", "parameter"),
    )
    source = "echo 7 > out/n; echo '[1, {}]' > list; echo true > yes; printf 'a\\nb\\n\\n'"
    assert left(run(sh("s", source, outputs=outputs)), "s") == {
        "n": 7, "list": (1, {}), "yes": True, "all": "a\nb\n",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (OutputDeclaration("n", "parameter", type="int"), "`n` is a whole number, not 'many'"),
        (OutputDeclaration("f", "parameter", path="none"), "has left no output `f`"),
        (OutputDeclaration("a", "artifact", path="none"), "has left no output `a`"),
    ],
)
def test_an_output_that_is_missing_or_of_another_type_fails_the_step(
    run: Any, output: OutputDeclaration, message: str
) -> None:
    report = run(sh("s", "echo many", outputs=(output,)))
    (fault,) = report.diagnostics
    assert fault.code == "E0683"
    assert message in fault.message


def test_files_go_from_step_to_step_and_from_and_to_stores(run: Any, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("given")
    stored = Artifact("local", str(tmp_path / "store" / "copy.txt"))
    made = (
        OutputDeclaration("data", "artifact", path="data.txt", artifact=stored),
        OutputDeclaration("folder", "artifact", path="f"),
    )
    source = "cat in/x.txt > data.txt; echo more >> data.txt; mkdir f; echo 1 > f/a"
    files = {"x": InputFile("in/x.txt", Artifact("local", str(tmp_path / "in.txt")))}
    taken = {
        "d": InputFile("here.txt", Output("make", "data")),
        "f": InputFile("sub/f", Output("make", "folder")),
    }
    report = run(
        sh("make", source, outputs=made, files=files),
        sh("read", "cat here.txt sub/f/a", files=taken),
    )
    assert left(report, "read") == {"result": "givenmore\n1"}
    assert (tmp_path / "store" / "copy.txt").read_text() == "givenmore\n"


@pytest.mark.parametrize("kind", ["local", "git", "http"])
def test_a_store_that_does_not_give_a_file_is_told(run: Any, tmp_path: Path, kind: Any) -> None:
    location = "http://127.0.0.1:9/x" if kind == "http" else str(tmp_path / "nothing")
    files = {"x": InputFile("x", Artifact(kind, location))}
    report = run(sh("s", "cat x", files=files))
    (fault,) = report.diagnostics
    assert fault.code == "E0691"
    assert location in fault.message


def test_files_of_the_machine_are_used_by_one_step_at_a_time_and_old_ones_do_not_count(
    run: Any, tmp_path: Path
) -> None:
    path = tmp_path / "result"
    outputs = (OutputDeclaration("result", "parameter", path=str(path)),)
    nodes = [sh(f"s{i}", f"echo {i} > {path}; sleep 0.05", outputs=outputs) for i in range(4)]
    report = run(*nodes, threads=4)
    assert [left(report, f"s{i}")["result"] for i in range(4)] == ["0", "1", "2", "3"]
    report = run(sh("lazy", "true", outputs=outputs))
    assert [d.code for d in report.diagnostics] == ["E0683"]


def test_secrets_come_from_variables_or_files_and_are_not_in_the_log(
    run: Any, tmp_path: Path
) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "password").write_text("opensesame\n")
    environment = {"PATH": "/usr/bin:/bin", "SQLML_SECRET_MY_API_KEY_X": "tok-123456"}
    means = Means(secrets=str(tmp_path), environment=environment)
    env = {"A": SecretKey("my-api", "key.x"), "B": SecretKey("db", "password")}
    source = "echo $A $B; env | grep -c SQLML_SECRET; exit 1"
    report = run(sh("s", source, env=env, outputs=()), means=means)
    (step,) = run.store.runs.steps(report.run)
    assert step.log.startswith("*** ***\n0\n")
    shown = repr((report, run.events, step))
    assert "tok-123456" not in shown
    assert "opensesame" not in shown
    count = sh("c", "printf '%s' \"$A\" | wc -c", env=env)
    assert left(run(count, means=means), "c")["result"].strip() == "10"


def test_a_step_has_its_own_environment(run: Any) -> None:
    env = {"A": Join(("<", Take("x"), ">")), "B": "plain"}
    node = Node("s", Script("echo $A $B", command=("sh",)), {"x": Constant(1.5)}, RESULT, env=env)
    assert left(run(node), "s") == {"result": "<1.5> plain"}


def test_a_program_that_fails_is_told_with_its_last_words(run: Any) -> None:
    place = Place("flow.py", 7, 3)
    report = run(sh("s", "echo so it goes >&2; exit 3", place=place), sh("k", "kill -TERM $$"))
    first, second = report.diagnostics
    assert (first.code, first.message) == ("E0540", "`s` ended with exit code 3")
    assert first.label == "at flow.py:7:3"
    assert "so it goes" in first.hint
    assert second.message == "`k` ended with signal 15 (SIGTERM)"
    missing = run(Node("m", Script("", command=("no-such-program",))))
    assert [d.code for d in missing.diagnostics] == ["E0543"]


def test_volumes_are_folders(run: Any, tmp_path: Path) -> None:
    (tmp_path / "hosted").mkdir()
    volumes = (Volume("v", "claim", "shared"), Volume("h", "host", str(tmp_path / "hosted")))
    mounts = (Mount("v", "data"), Mount("h", str(tmp_path / "hosted")))
    source = f"echo kept > data/x; echo hosted > {tmp_path}/hosted/y"
    report = run(sh("w", source, mounts=mounts), workflow={"volumes": volumes})
    assert report.outcome == "succeeded"
    report = run(sh("r", "cat in/x", mounts=(Mount("v", "in"),)), workflow={"volumes": volumes})
    assert left(report, "r") == {"result": "kept"}
    assert (tmp_path / "hosted" / "y").read_text() == "hosted\n"
    own = {"volumes": (Volume("v", "new-claim"),)}  # made for the run
    for _ in range(2):
        write = sh("w", "ls d | wc -l; touch d/x", mounts=(Mount("v", "d"),))
        read = sh("r", "ls e", mounts=(Mount("v", "e"),), after=(After("w"),))
        report = run(write, read, workflow=own)
        assert left(report, "w")["result"].strip() == "0"
        assert left(report, "r") == {"result": "x"}


def refused(run: Any, node: Node, means: Means, **workflow: Any) -> list[str]:
    before = len(run.store.runs.names())
    with pytest.raises(ProgramError) as caught:
        run(node, means=means, workflow=workflow)
    assert len(run.store.runs.names()) == before
    assert all(fault.hint for fault in caught.value.diagnostics)
    return [fault.code for fault in caught.value.diagnostics]


def test_what_this_machine_lacks_is_found_before_anything_runs(run: Any) -> None:
    bare = Means(environment={})
    assert refused(run, Node("r", Resource("kind: Job")), bare) == ["E0687"]
    assert refused(run, Node("c", Container("busybox", ("true",))), bare) == ["E0688"]
    assert refused(run, Node("s", Script("x", "python:3")), bare) == ["E0688"]
    assert refused(run, Node("c", Container("busybox")), PROCESS) == ["E0688"]
    secret = sh("s", "true", env={"A": SecretKey("s", "k")})
    assert refused(run, secret, bare) == ["E0689"]
    mounted = sh("s", "true", mounts=(Mount("v", "/data"),))
    assert refused(run, mounted, bare, volumes=(Volume("v", "empty"),)) == ["E0690"]
    inner = Workflow("inner", (Node("r", Resource("kind: Job")),))
    assert refused(run, sh("s", "true"), bare, workflows=(inner,)) == ["E0687"]


class Answers(BaseHTTPRequestHandler):
    """Echoes what it is asked, or answers with the status that the path names."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        status = int(self.path[1:]) if self.path[1:].isdecimal() else 200
        text = json.dumps([self.command, self.headers.get("X-Token"), body]).encode()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_request_gives_the_body_of_the_answer(run: Any, server: str) -> None:
    inputs = {"url": Constant(server), "token": Constant("t"), "body": Constant({"a": 1})}
    request = Http(Take("url"), "POST", {"X-Token": Take("token")}, Take("body"))
    outputs = (OutputDeclaration("result", "parameter", type="json"),)
    report = run(Node("ask", request, inputs, outputs))
    assert left(report, "ask") == {"result": ("POST", "t", '{"a":1}')}
    assert report.steps["ask"].outcome.summary == "HTTP 200"


@pytest.mark.parametrize("url", ["{server}/404", "http://127.0.0.1:9/", "file:///etc/passwd"])
def test_a_request_without_a_good_answer_fails(run: Any, server: str, url: str) -> None:
    report = run(Node("ask", Http(url.format(server=server), timeout=2)))
    assert [d.code for d in report.diagnostics] == ["E0686"]


def test_a_wait_without_an_end_lasts_until_somebody_ends_it(run: Any) -> None:
    def let_go() -> None:
        store, found = run.store, {}
        while not found:
            time.sleep(0.01)
            found = {k: v for one in store.runs.names() for k, v in store.waits.of(one).items()}
        found["w"].end()

    Thread(target=let_go, daemon=True).start()
    report = run(Node("w", Suspend()))
    assert report.steps["w"].outcome.summary == "resumed"


def test_a_daemon_serves_those_that_need_it_and_ends_with_the_run(run: Any, tmp_path: Path) -> None:
    command = ("sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    daemon = Node(
        "d", Container("any", command, daemon=True), outputs=(OutputDeclaration("ip", "parameter"),)
    )
    source = f"kill -0 $(cat {tmp_path}/pid) && echo $1"
    user = Node(
        "u", Script(source, command=("sh",), args=(Take("ip"),)), {"ip": Output("d", "ip")}, RESULT
    )
    report = run(daemon, user, means=PROCESS)
    assert left(report, "u") == {"result": "127.0.0.1"}
    process = (tmp_path / "pid").read_text().strip()
    assert not Path(f"/proc/{process}").exists()


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is not ignored, as it is in what a script's shell has put into the background."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.mark.usefixtures("heard")
def test_an_interrupted_run_ends_its_programs(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "pid"

    def interrupt() -> None:
        while not (file.exists() and file.read_text().endswith("\n")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=interrupt, daemon=True).start()
    report = run(
        sh("slow", f"echo $$ > {file}; sleep 60"),
        sh("next", "echo", after=(After("slow", "finished"),)),
        workflow={"on_exit": (sh("exit", "echo"),)},
    )
    assert report.outcome == "interrupted"
    assert {name: step.status for name, step in report.steps.items()} == {
        "slow": "interrupted", "next": "skipped",
    }  # fmt: skip
    assert not Path(f"/proc/{file.read_text().strip()}").exists()
