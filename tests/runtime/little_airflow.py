"""As much of Airflow's API server as tells of runs, and of its tasks as runs our DAG files.

What it answers is as Airflow 3.3 answered: a DAG is known some looks after its file is there,
begins paused, and its tasks are processes of this machine.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .cluster_server import Handler
from .little_argo import now

JsonObject = dict[str, Any]
LOOKS = 2  # before a new file is found
PREFIX = "airflow.task.operators.unusual_prefix_6b40d3d9402c20b9494fc5992b5719211b0f5a3e_p.Step"


class AirflowHandler(Handler):
    """Its state keeps DAGs and runs, and the folder of DAG files as `folder`."""

    @property
    def folder(self) -> Path:
        found: Path = self.server.folder  # type: ignore[attr-defined]
        return found

    def refusal(self) -> tuple[int, Any] | None:
        match self.headers.get("Authorization"):
            case "Bearer ann":
                return None
            case "Bearer vic":
                is_look = self.command == "GET"
                return None if is_look else (403, {"detail": "Forbidden"})
            case None:
                return 401, {"detail": "Not authenticated"}
        return 403, {"detail": "Invalid JWT token"}

    def look(self) -> tuple[int, Any]:
        if self.parts == ["auth", "token"]:
            only = (
                "This method is only allowed if ``[core] simple_auth_manager_all_admins`` is True"
            )
            return 403, {"detail": only}
        if (refusal := self.refusal()) is not None:
            return refusal
        objects = self.server.state.objects
        match [*map(unquote, self.parts)]:
            case ["api", "v2", "importErrors"]:
                errors = [*self.import_errors()]
                return 200, {"import_errors": errors, "total_entries": len(errors)}
            case ["api", "v2", "dagSources", dag]:
                return self.source(dag)
            case ["api", "v2", "dags", dag]:
                return 200, objects["dags", dag]
            case ["api", "v2", "dags", dag, "dagRuns"]:
                states = parse_qs(urlsplit(self.path).query)["state"]
                runs = [one for (kind, own, *_), one in objects.items()
                        if (kind, own) == ("runs", dag) and one["state"] in states]  # fmt: skip
                return 200, {"dag_runs": runs, "total_entries": len(runs)}
            case ["api", "v2", "dags", dag, "dagRuns", run, *rest]:
                found = objects.get(("runs", dag, run))
                if found is None:
                    return 404, {"detail": f"The DagRun with run_id: `{run}` was not found"}
                return self.of_run(self.server.state.runs[found["number"]], found, rest)
        return 404, {"detail": "Not Found"}

    def source(self, dag: str) -> tuple[int, Any]:
        file, looks = self.folder / f"{dag}.py", self.server.requests.count(f"get {self.path}")
        if file.is_file() and looks > LOOKS and "syntax error" not in file.read_text():
            self.server.state.objects.setdefault(("dags", dag), {"dag_id": dag, "is_paused": True})
            return 200, {"dag_id": dag, "content": file.read_text(), "version_number": 1}
        return 404, {"detail": f"The source code of the Dag {dag} was not found"}

    def import_errors(self) -> Iterator[JsonObject]:
        for number, file in enumerate(sorted(self.folder.glob("*.py"))):
            if "lost module" in file.read_text():
                told = "Traceback …\nModuleNotFoundError: No module named 'lost module'\n"
                yield {"import_error_id": number, "timestamp": str(file.stat().st_mtime_ns),
                       "filename": file.name, "stack_trace": told}  # fmt: skip

    def of_run(self, run: "Run", told: JsonObject, rest: list[str]) -> tuple[int, Any]:
        match rest:
            case []:
                return 200, told
            case ["taskInstances"]:
                first, most = int(self.query["offset"]), int(self.query["limit"])
                tasks = [*run.tasks.values()]
                return 200, {
                    "task_instances": tasks[first : first + most],
                    "total_entries": len(tasks),
                }
            case ["taskInstances", task, "logs", "1"]:
                assert self.query == {"map_index": "-1", "full_content": "true"}
                begun = {"event": "DAG bundles loaded: dags-folder", "logger": "airflow.dag"}
                lines = [{"event": text, "logger": PREFIX} for text in run.logs[task]]
                lines += run.errors.get(task, [])
                group = {"event": "::group::Log message source details"}
                return 200, {"content": [group, begun, *lines], "continuation_token": None}
        return 404, {"detail": "Not Found"}

    def make(self) -> tuple[int, Any]:
        if self.parts == ["auth", "token"]:
            if self.body == {"username": "ann", "password": "secret"}:
                return 201, {"access_token": "ann"}
            return 401, {"detail": "Invalid credentials"}
        if (refusal := self.refusal()) is not None:
            return refusal
        state, dag, run = self.server.state, unquote(self.parts[3]), self.body["dag_run_id"]
        if ("runs", dag, run) in state.objects:
            return 409, {"detail": {"reason": "Unique constraint violation"}}
        assert self.body["logical_date"] is None
        assert not state.objects["dags", dag]["is_paused"]
        told = {"dag_id": dag, "dag_run_id": run, "state": "running", "note": None,
                "end_date": None, "number": len(state.runs), "conf": self.body["conf"]}  # fmt: skip
        state.objects["runs", dag, run] = told  # type: ignore[index]
        state.runs.append(Run(self.folder / f"{dag}.py", told))
        return 200, told

    def change(self) -> tuple[int, Any]:
        if (refusal := self.refusal()) is not None:
            return refusal
        objects, parts = self.server.state.objects, [*map(unquote, self.parts)]
        if len(parts) == 4:
            objects["dags", parts[3]] |= self.body
            return 200, objects["dags", parts[3]]
        told = objects["runs", parts[3], parts[5]]  # type: ignore[index]
        told |= {**self.body, "end_date": now()}
        self.server.state.runs[told["number"]].end()
        return 200, told


class Run:
    """Runs a DAG in a thread of its own."""

    def __init__(self, file: Path, told: JsonObject) -> None:
        self.told, self.given, self.logs = told, dict[tuple[str, str], Any](), {}
        self.errors: dict[str, list[JsonObject]] = {}
        with stand_ins() as dag:
            exec(compile(file.read_text(), file, "exec"), {"__name__": file.stem})
        self.operators = dag.tasks
        self.tasks: dict[str, JsonObject] = {
            one.task_id: {"task_id": one.task_id, "dag_id": told["dag_id"], "map_index": -1,
                          "try_number": 0, "state": None, "start_date": None, "end_date": None}
            for one in dag.tasks
        }  # fmt: skip
        self.params = {**dag.params, **told["conf"]}
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.end()
        self.thread.join()

    def end(self) -> None:
        """As when somebody marks it as failed."""
        for task in self.tasks.values():
            ends = {"running": "failed", None: "skipped"}
            if task["state"] in ends:
                task |= {"state": ends[task["state"]], "end_date": now()}

    def follow(self) -> None:
        for one in self.operators:
            if self.tasks[one.task_id]["state"] is None:
                self.do(one)
        if self.told["state"] == "running":
            is_bad = any(task["state"] == "failed" for task in self.tasks.values())
            self.told |= {"state": "failed" if is_bad else "success", "end_date": now()}

    def do(self, one: Any) -> None:
        task = self.tasks[one.task_id]
        before = {self.tasks[other.task_id]["state"] for other in one.before}
        starts = {"all_success": before <= {"success"}, "one_failed": "failed" in before}
        if not starts.get(one.trigger_rule, True):
            is_after_failure = before & {"failed", "upstream_failed"} and one.trigger_rule[0] == "a"
            task |= {"state": "upstream_failed" if is_after_failure else "skipped"}
            return
        task |= {"state": "running", "start_date": now(), "try_number": 1}
        lines = self.logs.setdefault(one.task_id, [])
        one.log = SimpleNamespace(info=lambda _, text: lines.append(text))
        try:
            self.given[one.task_id, "return_value"] = one.execute(self.context(one.task_id))
            state = "success"
        except Skip:
            state = "skipped"
        except Exception as error:  # noqa: BLE001 - as Airflow does
            state, detail = (
                "failed",
                [{"exc_type": "AirflowFailException", "exc_value": str(error)}],
            )
            event = {"event": "Task failed with exception", "logger": "task"}
            self.errors[one.task_id] = [{**event, "error_detail": detail}]
        if task["state"] == "running":
            task |= {"state": state, "end_date": now()}

    def context(self, name: str) -> JsonObject:
        def states(_dag: str, *, task_ids: list[str], run_ids: list[str]) -> JsonObject:
            return {run_ids[0]: {task: self.tasks[task]["state"] for task in task_ids}}

        def push(*, key: str, value: Any) -> None:
            self.given[name, key] = value

        def pull(*, task_ids: str, key: str, **_: Any) -> Any:
            return self.given.get((task_ids, key))

        run, dag = self.told["dag_run_id"], self.told["dag_id"]
        ti = SimpleNamespace(run_id=run, dag_id=dag, get_task_states=states, xcom_push=push,
                             xcom_pull=pull)  # fmt: skip
        return {"ti": ti, "params": self.params}


class Skip(Exception):  # noqa: N818 - as Airflow's
    pass


@contextmanager
def stand_ins() -> Iterator[Any]:
    """What our DAG files import of Airflow; gives what will be the DAG."""
    found = SimpleNamespace(tasks=[], params={})

    class Operator:
        def __init__(self, *, task_id: str, trigger_rule: str, **_: Any) -> None:
            self.task_id, self.trigger_rule, self.before = task_id, trigger_rule, list[Any]()
            found.tasks.append(self)

        def __rshift__(self, other: Any) -> Any:
            other.before.append(self)
            return other

        def __rrshift__(self, others: list[Any]) -> Any:
            self.before += others
            return self

    @contextmanager
    def dag(_name: str, *, params: JsonObject | None = None, **_: Any) -> Iterator[Any]:
        found.params = params or {}
        yield found

    names = {
        "airflow": {},
        "airflow.sdk": {"DAG": dag, "BaseOperator": Operator, "MultipleCronTriggerTimetable": str,
                        "Param": lambda value=None, **_: value, "Variable": None},
        "airflow.sdk.exceptions": {"AirflowException": Exception, "AirflowFailException": Exception,
                                   "AirflowSkipException": Skip},
    }  # fmt: skip
    with IMPORTING:
        for name, content in names.items():
            sys.modules[name] = ModuleType(name)
            vars(sys.modules[name]).update(content)
        try:
            yield found
        finally:
            for name in names:
                del sys.modules[name]


IMPORTING = threading.Lock()
