"""Pods of a Kubernetes interface on the loopback: each is a process of this machine."""

import copy
import os
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .cluster_server import Handler, JsonObject, status_of

SECRETS = {"vault": {"word": "open sesame"}}


class Pod:
    """A pod with one container. Its `/tmp/sqlml-…` are its own; an image `missing/…` is nowhere."""

    def __init__(self, told: JsonObject, home: Path) -> None:
        self.told = told
        self.process: subprocess.Popen[bytes] | None = None
        container = told["spec"]["containers"][0]
        if container["image"].startswith("missing/"):
            return
        own = home / told["metadata"]["name"]
        own.mkdir()
        self.log = own / "log"
        env = {each["name"]: value_of(each) for each in container.get("env", ())}
        words = [*container.get("command", ()), *container.get("args", ())]
        words = [expanded(word, env).replace("/tmp/sqlml-", f"{own}/sqlml-") for word in words]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                words,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env, "PATH": path},
                cwd=container.get("workingDir") or own,
                start_new_session=True,
            )

    def shown(self) -> JsonObject:
        """The pod as the interface tells of it at this moment."""
        code = self.process.poll() if self.process else None
        if self.process is None:
            reason = {"reason": "ErrImagePull", "message": "manifest unknown"}
            phase, state = "Pending", {"waiting": reason}
        elif code is None:
            phase, state = "Running", {"running": {"startedAt": now()}}
        else:
            phase = "Failed" if code else "Succeeded"
            ended = {"exitCode": code % 256, "reason": "Error" if code else "Completed"}
            state = {"terminated": {**ended, "finishedAt": now()}}
        own = {"name": "base", "state": state, "image": "", "imageID": "", "ready": False}
        status = {"phase": phase, "containerStatuses": [{**own, "restartCount": 0}]}
        return {**self.told, "status": status}

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class PodHandler(Handler):
    """Makes, tells of, and removes pods. made: all of them, as they were asked for, in order."""

    pods: dict[str, Pod]
    made: list[JsonObject]
    home: Path
    lock = threading.Lock()

    def make(self) -> tuple[int, Any]:
        if self.kind != "pods":
            return super().make()
        told = {**self.body, "apiVersion": "v1", "kind": "Pod"}
        name = told["metadata"]["name"]
        with self.lock:
            if name in self.pods:
                return 409, status_of(409, f'pods "{name}" already exists')
            self.made.append(copy.deepcopy(told))
            self.pods[name] = Pod(told, self.home)
        return 201, self.pods[name].shown()

    def look(self) -> tuple[int, Any]:
        if self.kind == "events":
            return 200, {"kind": "EventList", "apiVersion": "v1", "items": [], "metadata": {}}
        if self.kind != "pods":
            return super().look()
        if self.parts[-1] == "pods":
            asked = self.query.get("labelSelector", "")
            with self.lock:
                shown = [pod.shown() for pod in self.pods.values() if selects(asked, pod.told)]
            return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": shown}
        pod = self.pods.get(self.parts[5])
        if pod is None:
            return 404, status_of(404, f'pods "{self.parts[5]}" not found')
        return (200, self.printed(pod)) if self.parts[-1] == "log" else (200, pod.shown())

    def printed(self, pod: Pod) -> str:
        if pod.process is None:
            return ""
        if self.query.get("follow", "").lower() == "true":
            pod.process.wait()
        lines = pod.log.read_text("utf-8", "replace").splitlines(keepends=True)
        lines = lines[-int(self.query.get("tailLines", len(lines))) or len(lines) :]
        stamp = f"{now()} " if self.query.get("timestamps", "").lower() == "true" else ""
        return "".join(f"{stamp}{line}" for line in lines)

    def change(self) -> tuple[int, Any]:
        if self.kind != "pods":
            return super().change()
        pod = self.pods[self.parts[5]]
        pod.told["metadata"].setdefault("labels", {}).update(self.body["metadata"]["labels"])
        return 200, pod.shown()

    def remove(self) -> tuple[int, Any]:
        if self.kind != "pods":
            return super().remove()
        with self.lock:
            pod = self.pods.pop(self.parts[5], None)
        if pod is None:
            return 404, status_of(404, f'pods "{self.parts[5]}" not found')
        pod.stop()
        return 200, pod.shown()


def pod_handler(home: Path) -> type[PodHandler]:
    """A handler for one cluster, whose pods have their files in a new folder `home`."""
    home.mkdir()
    return type("Handler", (PodHandler,), {"pods": {}, "made": [], "home": home})


def value_of(variable: JsonObject) -> str:
    source = variable.get("valueFrom", {}).get("secretKeyRef")
    if source:
        return SECRETS[source["name"]][source["key"]]
    return expanded(variable.get("value", ""), {})


def expanded(text: str, env: dict[str, str]) -> str:
    """As Kubernetes does it: `$(NAME)` of a variable that there is; `$$` is one `$`."""

    def filled(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else env.get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^()]*)\)", filled, text)


def selects(selector: str, pod: JsonObject) -> bool:
    labels = pod["metadata"].get("labels", {})
    for term in filter(None, selector.split(",")):
        if "!=" in term:
            name, _, value = term.partition("!=")
            holds = labels.get(name) != value
        elif term.startswith("!"):
            holds = term[1:] not in labels
        else:
            name, _, value = term.partition("=")
            holds = labels.get(name) == value
        if not holds:
            return False
    return True


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
