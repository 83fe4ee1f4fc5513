"""Kubeflow Pipelines: a run of a pipeline, whose task details tell of its steps."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlml.runtime.handed.patience import Caller
from sqlml.runtime.handed.run import End, Moment, StepStatus, Tell, gone
from sqlml.runtime.servers.kubeflow_tasks import steps_of
from sqlml.runtime.servers.rest import Server, paced, server_url
from sqlml.store.placements import Placement
from sqlml.workflow.ir import Json, Workflow
from sqlml.workflow.serial import freeze
from sqlml.workflow.texts import as_text

_TITLE = "Kubeflow Pipelines"
_API = "/apis/v2beta1"
_LOGS = "/apis/v1alpha1"
_EXPERIMENT = "Default"  # that of Kubeflow's own client
_TOKEN_FILE = "/var/run/secrets/kubeflow/pipelines/token"  # where Kubeflow puts it into pods
_EQUALS = 1


class _Login:
    hint = "set SQLML_KFP_TOKEN to a token that the server takes"

    def token(self, _server: Server) -> str:
        file = Path(os.environ.get("KF_PIPELINES_SA_TOKEN_PATH", _TOKEN_FILE))
        kept = file.read_text("utf-8").strip() if file.is_file() else ""
        return os.environ.get("SQLML_KFP_TOKEN") or kept


@dataclass(frozen=True, slots=True)
class KubeflowRun:
    """name: of the run there. inside: its id there; empty where there is none any more."""

    server: Server
    run: str
    name: str
    inside: str
    where: str = _TITLE
    logs: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.server.url}/#/runs/details/{self.inside}"

    def moments(self, workflow: Workflow) -> Iterator[Moment]:
        wait, before = paced(self.server.caller), None
        while (told := self._told()) is not None:
            end, tasks = _end(told), told.get("run_details", {}).get("task_details") or ()

            def log(_name: str, step: StepStatus) -> str:
                return "\n".join(filter(None, map(self._log, step.pods)))

            steps = steps_of(tasks, workflow, self._log, told["state"])
            yield Moment(steps, log, end)
            if end is not None:
                return
            wait(steps != before)
            before = steps

    def stop(self) -> bool:
        told = self._told()
        if told is None:
            raise gone(_TITLE, f"run `{self.name}`")
        if _end(told) is not None:
            return False
        path = f"{_API}/runs/{self.inside}:terminate"
        return self.server.ask("POST", path, expected=(400,)).status < 300

    def resume(self, choose: Callable[[Any], Any]) -> Any:
        return choose(())

    def _told(self) -> Mapping[str, Any] | None:
        """What Kubeflow says of it; None where there is no such run."""
        if not self.inside:
            return None
        answer = self.server.ask("GET", f"{_API}/runs/{self.inside}", expected=(404,))
        return None if answer.status == 404 else dict(answer.told)

    def _log(self, pod: str) -> str:
        """What a pod of an ended step has printed; nothing where Kubeflow does not tell."""
        if pod not in self.logs:
            path = f"{_LOGS}/runs/{self.inside}/nodes/{quote(pod)}/log"
            answer = self.server.ask("GET", path, expected=(400, 403, 404, 405))
            self.logs[pod] = answer.text.rstrip() if answer.status == 200 else ""
        return self.logs[pod]


@dataclass(frozen=True)
class _Offer:
    """pipeline: its specification. experiment: the name of one. namespace: of Kubeflow's users."""

    server: Server
    pipeline: Mapping[str, Any]
    experiment: str
    namespace: str
    values: Mapping[str, Json]

    def place(self, run: str) -> Placement:
        return Placement(run, "kfp", self.server.url, "", self._experiment, self._name(run))

    def find(self, run: str) -> KubeflowRun | None:
        name = self._name(run)
        ids = _runs(self.server, name, self._experiment)
        return KubeflowRun(self.server, run, name, ids[0]) if ids else None

    def submit(self, run: str, _tell: Tell) -> KubeflowRun:
        """Kubeflow would make a run for each time that it is asked: so it is asked again only where
        there is none of that name."""
        name = self._name(run)
        asked = {
            "display_name": name,
            "experiment_id": self._experiment,
            "pipeline_spec": self.pipeline,
            "runtime_config": {"parameters": self._parameters()},
        }
        attempts = 0

        def once() -> str:
            nonlocal attempts
            attempts += 1
            if attempts > 1 and (there := _runs(self.server, name, self._experiment)):
                return there[0]
            answer = self.server.ask_once("POST", f"{_API}/runs", asked)
            return str(answer.told["run_id"])

        made = self.server.caller.call(once, self.server.given_up)
        if attempts > 1:
            made = self._only(name)
        return KubeflowRun(self.server, run, name, made)

    def _only(self, name: str) -> str:
        """The first run of that name; one that was made twice after all is stopped."""
        first, *others = _runs(self.server, name, self._experiment)
        for other in others:
            self.server.ask("POST", f"{_API}/runs/{other}:terminate")
        return first

    def _name(self, run: str) -> str:
        return f"{self.pipeline['pipelineInfo']['name']}-{run}"

    def _parameters(self) -> Mapping[str, Any]:
        """The values as the pipeline declares them: lists and objects are texts there."""
        declared = self.pipeline["root"].get("inputDefinitions", {}).get("parameters", {})
        return {
            name: value
            if isinstance(value, str) or declared[name]["parameterType"] != "STRING"
            else as_text(freeze(value))
            for name, value in self.values.items()
        }

    @cached_property
    def _experiment(self) -> str:
        """The id of the experiment, which is made where there is none of that name."""
        place = {"namespace": self.namespace} if self.namespace else {}
        query = {"filter": _named(self.experiment), **place}
        answer = self.server.ask("GET", f"{_API}/experiments", query=query)
        if found := answer.told.get("experiments"):
            return str(found[0]["experiment_id"])
        asked = {"display_name": self.experiment, **place}
        made = self.server.ask("POST", f"{_API}/experiments", asked, expected=(409,))
        if made.status == 409:
            answer = self.server.ask("GET", f"{_API}/experiments", query=query)
            return str(answer.told["experiments"][0]["experiment_id"])
        return str(made.told["experiment_id"])


@dataclass(frozen=True, slots=True)
class Kubeflow:
    """caller: makes what makes the calls."""

    caller: Callable[[], Caller] = Caller
    takes_values: bool = True

    def offer(
        self,
        files: Mapping[str, str],
        settings: Mapping[str, str],
        namespace: str,
        values: Mapping[str, Json],
    ) -> _Offer:
        import yaml

        (text,) = files.values()
        server = self._server(settings.get("server") or os.environ.get("KF_PIPELINES_ENDPOINT", ""))
        experiment = settings.get("experiment") or _EXPERIMENT
        return _Offer(server, yaml.safe_load(text), experiment, namespace, values)

    def find(self, placement: Placement) -> KubeflowRun:
        server = self._server(placement.namespace)
        ids = _runs(server, placement.name, placement.kind)
        return KubeflowRun(server, placement.run, placement.name, ids[0] if ids else "")

    def _server(self, url: str) -> Server:
        hint = "name it: --set server=http://localhost:8888, as `kubectl port-forward` gives it"
        return Server(_TITLE, server_url(_TITLE, url, hint), _Login(), self.caller())


SUBMITTER = Kubeflow()


def _runs(server: Server, name: str, experiment: str) -> list[str]:
    """The ids of the runs of that name, the first one first."""
    query = {"experiment_id": experiment, "filter": _named(name), "sort_by": "created_at"}
    answer = server.ask("GET", f"{_API}/runs", query=query)
    return [str(one["run_id"]) for one in answer.told.get("runs") or ()]


def _named(name: str) -> str:
    """What Kubeflow is asked for: things of that name."""
    asked = {"operation": _EQUALS, "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [asked]})


def _end(told: Mapping[str, Any]) -> End | None:
    message = (told.get("error") or {}).get("message", "")
    match told.get("state"):
        case "SUCCEEDED":
            return End("succeeded")
        case "FAILED" | "SKIPPED":
            return End("failed", message)
        case "CANCELED":
            return End("interrupted", message)
        case _:
            return None
