"""Runs DAG files with Airflow and tells what they came to; executed by Airflow's own Python.

python run_dags.py FOLDER CONF.json FILE…: the conf of each run, by DAG; files only to be loaded.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag  # type: ignore[import-not-found]
from airflow.models.xcom import XComModel  # type: ignore[import-not-found]
from airflow.utils.session import create_session  # type: ignore[import-not-found]
from sqlalchemy import select  # type: ignore[import-not-found]

_LONGEST_WAIT = 0.02  # seconds between looks at a pod, where Airflow waits some


def main(folder: str, conf: str, *others: str) -> None:
    sleep, sleep_async = time.sleep, asyncio.sleep
    time.sleep = lambda seconds: sleep(min(seconds, _LONGEST_WAIT))
    asyncio.sleep = lambda seconds, *rest: sleep_async(min(seconds, _LONGEST_WAIT), *rest)
    bag = DagBag(folder)
    told: dict[str, Any] = {"import_errors": dict(bag.import_errors), "runs": {}}
    for other in others:
        told["import_errors"] |= DagBag(other).import_errors
    for name, given in json.loads(Path(conf).read_text()).items():
        run = bag.dags[name].test(run_conf=given)
        told["runs"][name] = {"state": str(run.state), **_tasks(run)}
    Path(conf).with_suffix(".out").write_text(json.dumps(told))


def _tasks(run: Any) -> dict[str, Any]:
    states: dict[str, Any] = {}
    results: dict[str, Any] = {}
    with create_session() as session:
        for task in sorted(run.get_task_instances(session=session), key=lambda t: t.map_index):
            states.setdefault(task.task_id, []).append(str(task.state))
        query = select(XComModel).where(
            XComModel.dag_id == run.dag_id,
            XComModel.run_id == run.run_id,
            XComModel.key == "return_value",
        )
        for row in sorted(session.scalars(query), key=lambda r: r.map_index):
            value = row.value
            while isinstance(value, str):
                value = json.loads(value)
            results.setdefault(row.task_id, []).append((row.map_index, value))
    return {"states": states, "results": results}


if __name__ == "__main__":
    main(*sys.argv[1:])
