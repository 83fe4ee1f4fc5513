"""Kubeflow Pipelines: a run of a pipeline, whose task details tell of its steps."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.handed.patience import Caller
from sqlml.runtime.handed.run import End, Moment, StepStatus, Tell, gone
from sqlml.runtime.servers.kubeflow_kinds import API, RECURRING, RUNS, by_name
from sqlml.runtime.servers.kubeflow_tasks import steps_of
from sqlml.runtime.servers.rest import Server, paced, server_url
from sqlml.store.placements import Placement
from sqlml.workflow.ir import Json, Workflow
from sqlml.workflow.policies import Schedule
from sqlml.workflow.serial import freeze
from sqlml.workflow.texts import as_text

_TITLE = "Kubeflow Pipelines"
_LOGS = "/apis/v1alpha1"
_EXPERIMENT = "Default"  # that of Kubeflow's own client
_TOKEN_FILE = "/var/run/secrets/kubeflow/pipelines/token"  # where Kubeflow puts it into pods
_MOST_AT_ONCE = 10  # that Kubeflow allows


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
        return RUNS.end(self.server, self.inside)

    def resume(self, choose: Callable[[Any], Any]) -> Any:
        return choose(())

    def _told(self) -> Mapping[str, Any] | None:
        """What Kubeflow says of it; None where there is no such run."""
        if not self.inside:
            return None
        answer = self.server.ask("GET", f"{API}/runs/{self.inside}", expected=(404,))
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
        ids = RUNS.named(self.server, name, self._experiment)
        return KubeflowRun(self.server, run, name, ids[0]) if ids else None

    def submit(self, run: str, _tell: Tell) -> KubeflowRun:
        name = self._name(run)
        made = RUNS.make(self.server, {"display_name": name, **self._asked()})
        return KubeflowRun(self.server, run, name, made)

    def schedule(self, when: Schedule) -> str:
        """Make a recurring run for each time, instead of those of that name; where the last is."""
        name = self.pipeline["pipelineInfo"]["name"]
        before = RECURRING.named(self.server, name, self._experiment)
        made: list[str] = []
        for cron in when.with_seconds:
            asked = {
                "display_name": name,
                **self._asked(),
                "trigger": {"cron_schedule": {"cron": cron}},
                "max_concurrency": _MOST_AT_ONCE if when.overlap == "allow" else 1,
                "no_catchup": True,
                "mode": "DISABLE" if when.suspended else "ENABLE",
            }
            made.append(RECURRING.make(self.server, asked, {*before, *made}))
        for old in before:
            RECURRING.end(self.server, old)
        return f"{self.server.url}/#/recurringrun/details/{made[-1]}"

    def _asked(self) -> Mapping[str, Any]:
        return {
            "experiment_id": self._experiment,
            "pipeline_spec": self.pipeline,
            "runtime_config": {"parameters": self._parameters()},
        }

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
        query = {"filter": by_name(self.experiment), **place}
        answer = self.server.ask("GET", f"{API}/experiments", query=query)
        if found := answer.told.get("experiments"):
            return str(found[0]["experiment_id"])
        asked = {"display_name": self.experiment, **place}
        made = self.server.ask("POST", f"{API}/experiments", asked, expected=(409,))
        if made.status == 409:
            answer = self.server.ask("GET", f"{API}/experiments", query=query)
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

    def schedule_runs(
        self,
        files: Mapping[str, str],
        settings: Mapping[str, str],
        namespace: str,
        when: Schedule,
        _tell: Tell,
        *,
        supply: Callable[[], None],
    ) -> str:
        if when.timezone not in {"", "UTC"}:
            message = f"{_TITLE} counts times in UTC, and these are of `{when.timezone}`"
            hint = "write the times of UTC, or name an engine with time zones: argo, airflow"
            raise ProgramError(Diagnostic("E1107", message, hint=hint))
        offer = self.offer(files, settings, namespace, {})
        supply()
        return offer.schedule(when)

    def find(self, placement: Placement) -> KubeflowRun:
        server = self._server(placement.namespace)
        ids = RUNS.named(server, placement.name, placement.kind)
        return KubeflowRun(server, placement.run, placement.name, ids[0] if ids else "")

    def _server(self, url: str) -> Server:
        hint = "name it: --set server=http://localhost:8888, as `kubectl port-forward` gives it"
        return Server(_TITLE, server_url(_TITLE, url, hint), _Login(), self.caller())


SUBMITTER = Kubeflow()


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
