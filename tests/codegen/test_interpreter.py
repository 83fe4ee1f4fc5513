"""What runs steps inside of the files of engines."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from sqlml.codegen import plain
from sqlml.workflow.ir import Http, Join, Node, OutputDeclaration, Parameter, Take


class Answers(BaseHTTPRequestHandler):
    """Gives back what it is sent at `/echo`, and refuses all else."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == "/echo" else 429)
        self.end_headers()
        self.wfile.write(self.headers["X-Name"].encode() + b":" + body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    served = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


def ask(url: str) -> Any:
    """Run a step that asks a server, as an engine's file does."""
    operation = Http(url, "POST", {"X-Name": Take("n")}, Join(("<", Take("n"), ">")))
    outputs = (OutputDeclaration("result", "parameter"),)
    node = Node("ask", operation, {"n": Parameter("n")}, outputs)
    step = plain.step(node, lambda value: ["parameter", value.name], [])  # type: ignore[union-attr]
    space: dict[str, Any] = {}
    exec(plain.interpreter(), space)
    try:
        return space["run_program"](step, {"n": "v"}, None, None, None, None)
    except space["Failed"] as failed:
        return f"failed: {failed}"


def test_an_answer_is_the_result(server: str) -> None:
    assert ask(f"{server}/echo") == {"result": "v:<v>"}


def test_a_refusal_fails_the_step_with_what_was_said(server: str) -> None:
    assert ask(f"{server}/busy") == f"failed: {server}/busy: HTTP Error 429: Too Many Requests"


def test_no_answer_fails_the_step() -> None:
    assert "Connection refused" in ask("http://127.0.0.1:9/")
