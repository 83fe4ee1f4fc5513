"""Airflow: a run is a DAG run, whose task instances are its steps."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlml.runtime.handed.patience import Caller
from sqlml.runtime.handed.run import End, Moment, StepStatus, Tell, gone
from sqlml.runtime.servers.airflow_tasks import printed, steps_of
from sqlml.runtime.servers.dag_files import DagFiles
from sqlml.runtime.servers.rest import Server, paced, server_url
from sqlml.store.placements import Placement
from sqlml.workflow.ir import Json, Workflow
from sqlml.workflow.policies import Schedule

_TITLE = "Airflow"
_API = "/api/v2"
_PAGE = 100  # what Airflow gives at most
_MOST_ATTEMPTS = 20  # whose logs are read, of one step
_STOPPED = "stopped by sqlml cancel"


class _Login:
    hint = (
        "set SQLML_AIRFLOW_TOKEN, or SQLML_AIRFLOW_USER and SQLML_AIRFLOW_PASSWORD, to what "
        "Airflow knows you by"
    )

    def token(self, server: Server) -> str:
        if token := os.environ.get("SQLML_AIRFLOW_TOKEN"):
            return token
        user = os.environ.get("SQLML_AIRFLOW_USER")
        if user:
            password = os.environ.get("SQLML_AIRFLOW_PASSWORD", "")
            known = {"username": user, "password": password}
            answer = server.ask_once("POST", "/auth/token", known, is_known=False)
        else:  # where everybody may do everything
            refusals = (401, 403, 404, 405, 422)
            answer = server.ask_once("GET", "/auth/token", is_known=False, expected=refusals)
        return str(answer.told["access_token"]) if answer.status < 300 else ""


@dataclass(frozen=True, slots=True)
class AirflowRun:
    """dags: that of the run, and those of its parts, if it has some."""

    server: Server
    dags: Sequence[str]
    run: str
    where: str = _TITLE

    @property
    def inside(self) -> str:
        return self.run

    @property
    def title(self) -> str:
        return f"{self.server.url}/dags/{self.dags[0]}/runs/{self.run}"

    def moments(self, workflow: Workflow) -> Iterator[Moment]:
        wait, before = paced(self.server.caller), None
        while (told := self.told()) is not None:
            end = _end(told)
            tasks = [task for dag in self.dags for task in self._tasks(dag)]
            steps = steps_of(tasks, workflow, stopped=_when_stopped(told))
            where = {task["task_id"]: task["dag_id"] for task in tasks}

            def log(name: str, step: StepStatus, where: Mapping[str, str] = where) -> str:
                return self._log(where[name], name, step)

            yield Moment(steps, log, end)
            if end is not None:
                return
            wait(steps != before)
            before = steps

    def stop(self) -> bool:
        told = self.told()
        if told is None:
            raise gone(_TITLE, f"run `{self.run}` of DAG `{self.dags[0]}`")
        if _end(told) is not None:
            return False
        for dag in self.dags:
            changes = {"state": "failed", "note": _STOPPED}
            self.server.ask("PATCH", _path(dag, self.run), changes, expected=(404,))
        return True

    def resume(self, choose: Callable[[Sequence[str]], Sequence[str]]) -> Sequence[str]:
        return choose(())

    def told(self) -> Mapping[str, Any] | None:
        """What Airflow says of it; None where there is no such run."""
        answer = self.server.ask("GET", _path(self.dags[0], self.run), expected=(404,))
        return None if answer.status == 404 else dict(answer.told)

    def _tasks(self, dag: str) -> Iterator[Mapping[str, Any]]:
        path, found = f"{_path(dag, self.run)}/taskInstances", 0
        while True:
            query = {"limit": str(_PAGE), "offset": str(found)}
            answer = self.server.ask("GET", path, query=query, expected=(404,))
            page = [] if answer.status == 404 else answer.told["task_instances"]
            yield from page
            found += len(page)
            if not page or found >= answer.told["total_entries"]:
                return

    def _log(self, dag: str, task: str, step: StepStatus) -> str:
        return "\n".join(
            line
            for attempt in step.pods[-_MOST_ATTEMPTS:]
            for line in self._attempt(dag, task, *attempt.split("/"))
        )

    def _attempt(self, dag: str, task: str, index: str, number: str) -> Iterator[str]:
        path = f"{_path(dag, self.run)}/taskInstances/{quote(task)}/logs/{number}"
        query = {"map_index": index, "full_content": "true"}
        answer = self.server.ask("GET", path, query=query, expected=(403, 404))
        return printed(answer.told["content"] if answer.status < 300 else ())


@dataclass(frozen=True, slots=True)
class _Offer:
    server: Server
    files: DagFiles
    values: Mapping[str, Json]

    def place(self, run: str) -> Placement:
        return Placement(run, "airflow", self.server.url, "", "", ",".join(self.files.dags))

    def find(self, run: str) -> AirflowRun | None:
        found = AirflowRun(self.server, self.files.dags, run)
        return None if found.told() is None else found

    def submit(self, run: str, tell: Tell) -> AirflowRun:
        self.files.deliver(self.server, tell)
        conf = dict(self.values)
        asked = {"dag_run_id": run, "logical_date": None, "conf": conf}
        path = f"{_API}/dags/{quote(self.files.dags[0])}/dagRuns"
        self.server.ask("POST", path, asked, expected=(409,))  # of that name, it is there
        return AirflowRun(self.server, self.files.dags, run)


@dataclass(frozen=True, slots=True)
class Airflow:
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
        return _Offer(self._server(_url(settings)), _placed(files, settings), values)

    def schedule_runs(
        self,
        files: Mapping[str, str],
        settings: Mapping[str, str],
        _namespace: str,
        when: Schedule,
        tell: Tell,
        *,
        supply: Callable[[], None],
    ) -> str:
        server, placed = self._server(_url(settings)), _placed(files, settings)
        supply()
        placed.deliver(server, tell, is_paused=when.suspended)
        return f"{server.url}/dags/{placed.dags[0]}"

    def find(self, placement: Placement) -> AirflowRun:
        return AirflowRun(
            self._server(placement.namespace), placement.name.split(","), placement.run
        )

    def _server(self, url: str) -> Server:
        hint = "name its API server: --set server=http://localhost:8080"
        return Server(_TITLE, server_url(_TITLE, url, hint), _Login(), self.caller())


SUBMITTER = Airflow()


def _url(settings: Mapping[str, str]) -> str:
    return settings.get("server") or os.environ.get("AIRFLOW__API__BASE_URL", "")


def _placed(files: Mapping[str, str], settings: Mapping[str, str]) -> DagFiles:
    folder = settings.get("dags") or os.environ.get("AIRFLOW__CORE__DAGS_FOLDER", "")
    return DagFiles(files, Path(folder).expanduser() if folder else None)


def _path(dag: str, run: str) -> str:
    return f"{_API}/dags/{quote(dag)}/dagRuns/{quote(run)}"


def _end(told: Mapping[str, Any]) -> End | None:
    match told["state"]:
        case "success":
            return End("succeeded")
        case "failed":
            return End("interrupted" if told.get("note") == _STOPPED else "failed")
        case _:
            return None


def _when_stopped(told: Mapping[str, Any]) -> str:
    """When somebody stopped it; empty for a run that goes on, or ended by itself."""
    return str(told["end_date"] or "") if told.get("note") == _STOPPED else ""
