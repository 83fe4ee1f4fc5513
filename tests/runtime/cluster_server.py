"""A Kubernetes interface on the loopback; a little Argo and Tekton behind it run processes.

It keeps objects by their versions, and does wrong once whatever `faults` says.
"""

import copy
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import little_argo, little_tekton

JsonObject = dict[str, Any]
RUNS: dict[str, Any] = {"workflows": little_argo.Run, "pipelineruns": little_tekton.Run}
FIELDS = {
    "workflows": {"entrypoint", "templates", "arguments", "onExit"},
    "pipelineruns": {"pipelineSpec", "timeouts", "taskRunTemplate"},
}


@dataclass
class Fault:
    """What goes wrong with the next request of a verb (`watch` is one) whose path has that in it.

    status: the answer, with `headers`; nothing is done. lost: it is done, and the connection
    closed without an answer. deaf: closed before anything is done. half: half of the answer, and
    then silence. gone: a watch says that its version has expired.
    """

    verb: str
    kind: str = "status"
    path: str = ""
    status: int = 500
    message: str = "out of order"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass
class State:
    """All that the cluster has. events: what a watch tells, by version."""

    objects: dict[tuple[str, str], JsonObject] = field(default_factory=dict)
    pods: dict[str, JsonObject] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    events: list[tuple[int, str, JsonObject]] = field(default_factory=list)
    version: int = 100
    changed: threading.Condition = field(default_factory=threading.Condition)
    runs: list[Any] = field(default_factory=list)
    is_closing: bool = False

    def put(self, kind: str, thing: JsonObject, event: str) -> None:
        with self.changed:
            self.version += 1
            thing["metadata"]["resourceVersion"] = str(self.version)
            kept = copy.deepcopy(thing)
            if event == "DELETED":
                self.objects.pop((kind, thing["metadata"]["name"]), None)
            else:
                self.objects[kind, thing["metadata"]["name"]] = kept
            self.events.append((self.version, event, kept))
            self.changed.notify_all()


class FakeCluster(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: "type[Handler] | None" = None) -> None:
        super().__init__(("127.0.0.1", 0), handler or Handler)
        self.state = State()
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.namespaces = {"default", "lab"}
        self.url = f"http://127.0.0.1:{self.server_port}"

    def fault(self, verb: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.verb == verb and fault.path in path and fault.times:
                fault.times -= 1
                return fault
        return None

    def count(self, verb: str) -> int:
        return sum(request.startswith(f"{verb} ") for request in self.requests)

    def kubeconfig(self, path: Path, namespace: str = "lab") -> Path:
        named = {"cluster": "c", "user": "u", "namespace": namespace}
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "here", "context": named}],
        }
        path.write_text(json.dumps(told))
        return path


def has_label(thing: JsonObject, name: str, sign: str = "", value: str = "") -> bool:
    labels = thing["metadata"].get("labels", {})
    return (labels.get(name) == value) == (sign == "=") if sign else name in labels


def merge(thing: JsonObject, changes: JsonObject) -> None:
    """As RFC 7396 says; null takes away."""
    for key, value in changes.items():
        if value is None:
            thing.pop(key, None)
        elif isinstance(value, dict) and isinstance(thing.get(key), dict):
            merge(thing[key], value)
        else:
            thing[key] = value


@contextmanager
def fake_cluster(handler: "type[Handler] | None" = None) -> Iterator[FakeCluster]:
    """A cluster, as long as it is used. handler: of one that can do more."""
    server = FakeCluster(handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with server.state.changed:
            server.state.is_closing = True
            server.state.changed.notify_all()
        for run in server.state.runs:
            run.stop()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    server: FakeCluster
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits until the client has answered the head

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer_to("watch" if "watch=" in self.path else "get", self.look)

    def do_POST(self) -> None:
        self.answer_to("post", self.make)

    def do_PATCH(self) -> None:
        self.answer_to("patch", self.change)

    def do_DELETE(self) -> None:
        self.answer_to("delete", self.remove)

    # --- answers, right and wrong ---

    def answer_to(self, verb: str, do: Any) -> None:
        self.server.requests.append(f"{verb} {self.path}")
        url = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.parts = url.path.strip("/").split("/")
        size = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(size) or "null")
        fault = self.server.fault(verb, self.path)
        kind = fault.kind if fault else ""
        if kind == "deaf":
            self.hang_up()
        elif fault and kind == "status":
            self.send(fault.status, status_of(fault.status, fault.message), fault.headers)
        elif verb == "watch":
            self.watch(kind)
        else:
            status, told = do()
            if kind == "lost":
                self.hang_up()
            else:
                self.send(status, told, is_half=kind == "half")

    def send(
        self,
        status: int,
        told: Any,
        headers: dict[str, str] | None = None,
        *,
        is_half: bool = False,
    ) -> None:
        is_text = isinstance(told, str)
        data = told.encode() if is_text else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if is_text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if is_half else data)
        if is_half:
            self.wfile.flush()
            time.sleep(0.4)  # longer than the test's client waits
            self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    # --- what it can do ---

    @property
    def kind(self) -> str:
        return self.parts[5] if self.parts[0] == "apis" else self.parts[4]

    def lacks_namespace(self) -> tuple[int, Any] | None:
        namespace = self.parts[self.parts.index("namespaces") + 1]
        if namespace in self.server.namespaces:
            return None
        return 404, status_of(404, f'namespaces "{namespace}" not found')

    def make(self) -> tuple[int, Any]:
        if (lack := self.lacks_namespace()) is not None:
            return lack
        state, name = self.server.state, self.body["metadata"]["name"]
        if (self.kind, name) in state.objects:
            return 409, status_of(409, f'{self.kind} "{name}" already exists')
        if self.kind in RUNS:
            assert self.query["fieldValidation"] == "Strict"
            extra = set(self.body["spec"]) - FIELDS[self.kind]
            if extra:
                return 400, status_of(
                    400, f'strict decoding error: unknown field "spec.{next(iter(extra))}"'
                )
        made = {**self.body, "metadata": {**self.body["metadata"], "uid": f"uid-{name}"}}
        state.put(self.kind, made, "ADDED")
        if self.kind in RUNS:
            state.runs.append(RUNS[self.kind](state, made))
        return 201, made

    def look(self) -> tuple[int, Any]:
        state = self.server.state
        if (lack := self.lacks_namespace()) is not None and "fieldSelector" not in self.query:
            return lack
        if self.parts[-1] == "log":
            name = self.parts[-2]
            return (200, state.logs[name]) if name in state.logs else (404, status_of(404, name))
        if self.kind == "pods":
            asked = self.query["labelSelector"].partition("=")[2]
            found = [pod for pod in state.pods.values() if pod["metadata"]["labels"]["w"] == asked]
            return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": found}
        if self.parts[-1] != self.kind:
            found = state.objects.get((self.kind, self.parts[-1]))
            return (200, found) if found else (404, status_of(404, f'"{self.parts[-1]}" not found'))
        with state.changed:
            items = [each for (kind, _), each in state.objects.items() if kind == self.kind]
            if label := self.query.get("labelSelector"):
                name, *asked = re.split("(!?=)", label)
                items = [each for each in items if has_label(each, name, *asked)]
            version = str(state.version)
        return 200, {"items": items, "metadata": {"resourceVersion": version}}

    def change(self) -> tuple[int, Any]:
        state = self.server.state
        thing = copy.deepcopy(state.objects[self.kind, self.parts[-1]])
        assert self.headers["Content-Type"] == "application/merge-patch+json"
        if self.body["metadata"] != {"resourceVersion": thing["metadata"]["resourceVersion"]}:
            return 409, status_of(409, "the object has been modified")
        merge(thing, {key: value for key, value in self.body.items() if key != "metadata"})
        state.put(self.kind, thing, "MODIFIED")
        return 200, thing

    def remove(self) -> tuple[int, Any]:
        thing = self.server.state.objects.get((self.kind, self.parts[-1]))
        if thing is None:
            return 404, status_of(404, "not found")
        self.server.state.put(self.kind, thing, "DELETED")
        return 200, status_of(200, "deleted")

    def watch(self, kind: str) -> None:
        """Tell changes after a version. gone: 410; cut: hang up after one event."""
        state = self.server.state
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if kind == "gone":
            told = {**status_of(410, "too old resource version"), "reason": "Expired"}
            self.chunk({"type": "ERROR", "object": told})
            self.wfile.write(b"0\r\n\r\n")
            return
        seen = int(self.query["resourceVersion"])
        name = re.sub("^metadata.name=", "", self.query["fieldSelector"])
        while not state.is_closing:
            with state.changed:
                state.changed.wait(0.02)
                news = [event for event in state.events if event[0] > seen]
            for version, event, thing in news:
                seen = version
                if thing["metadata"]["name"] == name:
                    self.chunk({"type": event, "object": thing})
                    if kind == "cut":
                        self.hang_up()
                        return

    def chunk(self, told: Any) -> None:
        data = json.dumps(told).encode() + b"\n"
        try:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
        except OSError:
            self.close_connection = True


def status_of(code: int, message: str) -> JsonObject:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "code": code,
        "message": message,
        "status": "Success" if code < 300 else "Failure",
    }
