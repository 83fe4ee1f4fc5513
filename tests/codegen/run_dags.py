"""Runs DAG files with Airflow and tells what they came to; executed by Airflow's own Python.

python run_dags.py FOLDER CONF.json FILE…: the conf of each run, by DAG; files only to be loaded.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow.dag_processing import dagbag  # type: ignore[import-not-found]
from airflow.models.dagrun import DagRun  # type: ignore[import-not-found]
from airflow.models.taskinstance import TaskInstance  # type: ignore[import-not-found]
from airflow.models.xcom import XComModel  # type: ignore[import-not-found]
from airflow.utils.db import upgradedb  # type: ignore[import-not-found]
from airflow.utils.session import create_session  # type: ignore[import-not-found]
from sqlalchemy import select  # type: ignore[import-not-found]

_LONGEST_WAIT = 0.02  # seconds between looks at a pod, where Airflow waits some


def main(folder: str, conf: str, *others: str) -> None:
    upgradedb()
    sleep, sleep_async = time.sleep, asyncio.sleep

    def wait(seconds: float) -> None:
        sleep(min(seconds, _LONGEST_WAIT))
        _run_triggered(bag)

    time.sleep = wait
    for each in ("BundleDagBag", "sync_bag_to_db"):
        setattr(dagbag, each, _once(getattr(dagbag, each)))
    asyncio.sleep = lambda seconds, *rest: sleep_async(min(seconds, _LONGEST_WAIT), *rest)
    bag = dagbag.DagBag(folder)
    told: dict[str, Any] = {"import_errors": dict(bag.import_errors), "runs": {}}
    for other in others:
        told["import_errors"] |= dagbag.DagBag(other).import_errors
    for name, given in json.loads(Path(conf).read_text()).items():
        run = bag.dags[name].test(run_conf=given)
        told["runs"][name] = {"state": str(run.state), **_tasks(run)}
    Path(conf).with_suffix(".out").write_text(json.dumps(told))


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Every run would load all files and write them to the database again."""
    made: list[Any] = []

    def first(*args: Any, **named: Any) -> Any:
        if not made:
            made.append(function(*args, **named))
        return made[0]

    return first


def _run_triggered(bag: Any) -> None:
    """What a scheduler does for a DAG that waits for others: it runs them."""
    with create_session() as session:
        query = select(DagRun.id, DagRun.dag_id, DagRun.conf).where(DagRun.state == "queued")
        triggered = session.execute(query).all()
    for number, dag, conf in triggered:

        def found(*, dag: Any, session: Any, number: int = number, **_: Any) -> Any:
            run = session.get(DagRun, number)
            run.dag, run.state = dag, "running"
            return run

        with patch("airflow.models.dagrun.get_or_create_dagrun", found):
            bag.dags[dag].test(run_conf=conf)


def _tasks(run: Any) -> dict[str, Any]:
    """Those of the run, and of the runs of its parts, which have its name."""
    states: dict[str, Any] = {}
    results: dict[str, Any] = {}
    with create_session() as session:
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run.run_id))
        for task in sorted(tasks, key=lambda t: t.map_index):
            states.setdefault(task.task_id, []).append(str(task.state))
        query = select(XComModel).where(
            XComModel.run_id == run.run_id, XComModel.key == "return_value"
        )
        for row in sorted(session.scalars(query), key=lambda r: r.map_index):
            value = row.value
            while isinstance(value, str):
                value = json.loads(value)
            results.setdefault(row.task_id, []).append((row.map_index, value))
    return {"states": states, "results": results}


if __name__ == "__main__":
    main(*sys.argv[1:])
