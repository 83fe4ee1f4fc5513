"""As much of Argo's controller as tells of runs; pods are processes of this machine."""

import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.codegen.argo_interpreter import ON_EXIT, Ended, Place, WorkflowRun, stop

JsonObject = dict[str, Any]


class Run(WorkflowRun):
    """Runs a Workflow in a thread of its own, and writes down how far it is in its status."""

    def __init__(
        self, state: Any, workflow: JsonObject, arguments: Mapping[str, str] | None = None
    ) -> None:
        """arguments: of a child, which runs in its parent's thread."""
        self.state = state
        self.name = workflow["metadata"]["name"]
        self.told: dict[str, JsonObject] = {}
        self.is_closing = self.is_exiting = False
        self.folder = TemporaryDirectory()
        parts = [one for (kind, _), one in state.objects.items() if kind == "workflowtemplates"]
        uid = workflow["metadata"]["uid"]
        super().__init__([workflow, *parts], Path(self.folder.name) / "r", arguments or {}, uid)
        self.uid, self.children = uid, list[Run]()
        self.thread = threading.Thread(target=self.run, daemon=True)
        if arguments is None:
            self.thread.start()

    def child(
        self, template: Mapping[str, Any], given: Mapping[str, str], metadata: Mapping[str, Any]
    ) -> "Run":
        name = f"{metadata['generateName']}{self.uid}"
        owners = [{"kind": "Workflow", "uid": self.uid}]
        told = {"name": name, "uid": f"{name}-uid", "ownerReferences": owners}
        child = {**template, "kind": "Workflow", "metadata": {**told, "labels": metadata["labels"]}}
        self.state.put("workflows", child, "ADDED")
        self.children.append(Run(self.state, child, given))
        return self.children[-1]

    def stop(self) -> None:
        self.is_closing = True
        if self.thread.is_alive():
            self.thread.join()
        for child in self.children:
            child.stop()
        self.folder.cleanup()

    def run(self) -> str:
        phase = super().run()
        self.tell(phase)
        return phase

    @property
    def is_stopped(self) -> bool:
        found = self.state.objects.get(("workflows", self.name))
        is_cancelled = found is None or bool(found["spec"].get("shutdown"))
        return self.is_closing or (is_cancelled and not self.is_exiting)

    def begin(self, place: Place, kind: str, template: Mapping[str, Any]) -> bool:
        self.is_exiting |= place == ON_EXIT
        image = template.get("container", template.get("script", {})).get("image", "")
        if image.startswith("missing/"):
            message = f'ImagePullBackOff: Back-off pulling image "{image}"'
            self.put(place, kind, "Pending", message)
            while not self.is_stopped:
                time.sleep(0.01)
            return False
        if kind == "Pod":
            key = self.key(place)
            labels, notes = {"w": self.name}, {"workflows.argoproj.io/node-id": key}
            self.pod = f"{self.name}-{template['name']}-{abs(hash(key))}"
            metadata = {"name": self.pod, "labels": labels, "annotations": notes}
            self.state.pods[self.pod] = {"metadata": metadata, "spec": {"containers": []}}
        self.put(place, kind, "Running", templateName=template["name"])
        if template.get("suspend") == {}:
            self.wait_for_somebody(self.key(place))
        return True

    def wait_for_somebody(self, key: str) -> None:
        """Until it is written into the status that the node has succeeded."""
        while not self.is_stopped:
            with self.state.changed:
                found = self.state.objects["workflows", self.name]
                if found["status"]["nodes"][key]["phase"] == "Succeeded":
                    break
                self.state.changed.wait(0.01)

    def wait(
        self, process: "subprocess.Popen[bytes]", seconds: float | None
    ) -> tuple[bytes, bytes]:
        end = None if seconds is None else time.monotonic() + seconds
        while True:
            try:
                printed, errors = super().wait(process, 0.02)
                break
            except subprocess.TimeoutExpired:
                if end is not None and time.monotonic() > end:
                    raise
                if self.is_stopped:
                    stop(process)
        self.state.logs[self.pod] = (printed + errors).decode()
        return printed, errors

    def end(self, place: Place, ended: Ended) -> None:
        code = ended.exit_code
        message = f"Error (exit code {code})" if code else ended.message
        kind = ended.phase if ended.phase in {"Skipped", "Omitted"} else "Pod"
        self.put(place, kind, ended.phase, message, finishedAt=now())

    def key(self, place: Place) -> str:
        return "-".join((self.name, *place))

    def put(self, place: Place, kind: str, phase: str, message: str = "", **more: str) -> None:
        key = self.key(place)
        node = self.told.setdefault(key, {"id": key, "type": kind, "startedAt": now()})
        node |= {"name": ".".join((self.name, *place)), "displayName": (self.name, *place)[-1]}
        if place and place != ON_EXIT:
            node["boundaryID"] = self.key(place[:-1])
        node |= {"phase": phase, "message": message, **more}
        self.tell("Running")

    def tell(self, phase: str) -> None:
        with self.state.changed:
            found = self.state.objects.get(("workflows", self.name))
            if found is not None:
                status = {"phase": phase, "startedAt": now(), "nodes": self.told}
                self.state.put("workflows", {**found, "status": status}, "MODIFIED")


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
