"""What plain scripts do with images, servers, clusters and limits of time, and what they refuse."""

import ast
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sqlml.codegen import plain
from sqlml.codegen.engine import Options, render
from sqlml.errors import ProgramError
from sqlml.workflow.error_kinds import ERROR_KINDS
from sqlml.workflow.ir import (
    After,
    Backoff,
    Cache,
    Call,
    Constant,
    Container,
    ForEach,
    Http,
    Item,
    Join,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Place,
    Query,
    Resource,
    Resources,
    Retry,
    SecretKey,
    Take,
    Volume,
    Workflow,
)

from .random_workflows import step
from .script_runs import Ran, stand_ins

RESULT = (OutputDeclaration("result", "parameter"),)
PLACE = Place("flow.py", 3, 5)


class Echo(BaseHTTPRequestHandler):
    """Answers with what it is asked; with an error, where the path says so."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(500 if self.path == "/bad" else 200)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers['X-Who']} {body}".encode())

    def log_message(self, *_words: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_is_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asks(name: str, url: str, **more: Any) -> Node:
        body = Join(("<", Take("n"), ">"))
        http = Http(url, "POST", {"X-Who": Take("who")}, body)
        inputs = {"n": Constant(7), "who": Constant("me")}
        return Node(name, http, inputs, RESULT, **more)

    nodes = (asks("good", f"{server}/a"), asks("bad", f"{server}/bad"), asks("no", "file:///etc"))
    ran = Ran(Workflow("w", nodes), {}, monkeypatch)
    assert ran.ended(nodes[0]).values == {"result": "/a me <7>"}
    assert [ran.ended(node).state for node in nodes] == ["succeeded", "failed", "failed"]


@pytest.mark.parametrize(("says", "times"), [("AccessDenied", 1), ("no luck", 3)])
def test_a_mistake_is_not_tried_again(
    says: str, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a script, nor by the interpreter that engines give their steps."""
    command = f"echo once >> {tmp_path}/log; echo {says} >&2; exit 1"
    node = step("s", command, retry=Retry(2, ("any",), Backoff(0.01)))
    assert Ran(Workflow("w", (node,)), {}, monkeypatch).code == 1
    assert (tmp_path / "log").read_text().count("once") == times
    (pattern,) = plain.patterns(("any",))
    assert bool(re.search(pattern, f"{says}\nexit code 1")) == (times > 1)


def test_scripts_know_all_mistakes() -> None:
    (told,) = (
        one.value
        for one in ast.parse(plain.part("python/parts/steps")).body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "MISTAKES"
    )
    mistakes = [kind.pattern for kind in ERROR_KINDS.values() if kind.category == "user"]
    assert [*ast.literal_eval(told)] == mistakes


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = step("slow", "exec sleep 60", timeout=0.2)
    nodes = (slow, step("beside", "echo 1"), step("then", "echo 2", after=(After("slow"),)))
    ran = Ran(Workflow("w", nodes, timeout=600), {}, monkeypatch)
    assert [ran.ended(node).state for node in nodes] == ["failed", "succeeded", "skipped"]
    last = step("last", "echo bye")
    slow = step("slow", "exec sleep 60", timeout=500)
    nodes = (slow, step("beside", "echo 1"))
    ran = Ran(Workflow("w", nodes, timeout=0.2, on_exit=(last,)), {}, monkeypatch)
    assert ran.code == 1
    assert "beside" not in ran.names
    assert ran.names["last"] == "bye"


def test_a_container_has_what_its_step_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_ins(tmp_path, monkeypatch)
    monkeypatch.setenv("SQLML_SECRET_DB_PASS_WORD", "open")
    image = Container("example/sh:1", ("sh", "-c"), ('echo "$A $B"; echo "$B" > /opt/o',),
                      working_dir="/w", pull="Always")  # fmt: skip
    node = Node(
        "s", image, {"x": Constant("y z")},
        (*RESULT, OutputDeclaration("o", "parameter", path="/opt/o")),
        resources=Resources(cpu=1.5, memory=1 << 28, gpu=1),
        env={"A": SecretKey("db", "pass-word"), "B": Take("x")},
    )  # fmt: skip
    ran = Ran(Workflow("w", (node,)), {}, monkeypatch)
    assert ran.left(node) == {"result": "open y z", "o": "y z"}
    flags = ["--pull", "always", "--workdir", "/w", "--cpus", "1.5", "--memory", "268435456"]
    asked = next(one.value for one in ast.walk(ast.parse(ran.text))
                 if isinstance(one, ast.keyword) and one.arg == "flags")  # fmt: skip
    assert ast.literal_eval(asked) == [*flags, "--gpus", "1"]
    assert "open" not in ran.text


def test_an_object_of_a_cluster_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins(tmp_path, monkeypatch)
    field = "status.replicaStatuses.Worker.succeeded"
    made = Resource("{}", "create", success=f"{field} = 0, kind != Pod", failure="metadata.no > 1")
    fails = Resource("{}", "apply", success="kind == Pod", failure=f"{field} > 0")
    gone = Resource("{}", "delete")
    nodes = (Node("made", made), Node("fails", fails), Node("gone", gone))
    ran = Ran(Workflow("w", nodes), {}, monkeypatch)
    assert {name: "failed" in ended for name, ended in ran.noted.items()} == {
        "made": False, "fails": True, "gone": False
    }  # fmt: skip


TWICE = ForEach(Constant((1, 2)))


def test_lists_are_passed_to_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = ForEach(Parameter("items"))
    twice = step("twice", "echo $(($1 * 2))", "int", inputs={"x": Item()}, loop=loop)
    inner = Workflow("inner", (twice,), {"items": ParameterDeclaration()},
                     {"answer": Output("twice", "result")})  # fmt: skip
    answer = (OutputDeclaration("answer", "parameter", type="json"),)
    told = step("told", "echo '[4, 5]'")
    nodes = (
        Node(
            "each", Call("inner"), {"items": Item()}, answer, loop=ForEach(Constant(((1, 2), (3,))))
        ),
        Node("known", Call("inner"), {"items": Constant((7,))}, answer),
        told,
        Node("read", Call("inner"), {"items": Output("told", "result")}, answer),
    )
    ran = Ran(Workflow("w", nodes, workflows=(inner,)), {}, monkeypatch)
    assert [ran.left(node) for node in nodes] == [[[2, 4], [6]], [14], "[4, 5]", [8, 10]]


CALLED = Workflow("inner", (step("one", "echo 1"),), timeout=5)


@pytest.mark.parametrize(
    ("workflow", "code", "fault"),
    [
        (Workflow("w", (Node("s", Container("i", daemon=True), place=PLACE),)), "E0752", "daemon"),
        (Workflow("w", (step("s", "true", cache=Cache(), place=PLACE),)), "E0752", "cache"),
        (Workflow("w", (step("s", "true"),), volumes=(Volume("v", "empty"),)), "E0752", "volume"),
        (Workflow("w", (Node("s", Resource("{}", "patch"), place=PLACE),)), "E0797",
         "it patches an object of a cluster"),
        (Workflow("w", (Node("s", Resource("{}", success="a in (b)"), place=PLACE),)), "E0797",
         "it has no words for the condition `a in (b)`"),
        (Workflow("w", (Node("s", Call("inner"), place=PLACE),), workflows=(CALLED,)), "E0797",
         "`inner` has a timeout of its own"),
        (Workflow("w", (Node("s", Query("SELECT 1"), loop=TWICE, place=PLACE),)), "E0797",
         "it is SQL for each item of a list"),
    ],
)  # fmt: skip
def test_what_a_script_cannot_do_is_refused_at_its_place(
    workflow: Workflow, code: str, fault: str
) -> None:
    with pytest.raises(ProgramError) as caught:
        render(workflow, "python", Options())
    first = caught.value.diagnostics[0]
    assert first.code == code
    assert fault in first.message
    assert first.hint
    if workflow.nodes[0].place:
        assert first.label == "at flow.py:3:5"
