"""Runs a pipeline with Kubeflow's own client; executed by the SDK's own Python.

python kubeflow_client.py URL PIPELINE.yaml NAME: prints what the client has come to know.
"""

import json
import sys

from kfp import Client  # type: ignore[import-not-found]


def main(url: str, file: str, name: str) -> None:
    client = Client(host=url, existing_token="t")
    made = client.create_run_from_pipeline_package(file, arguments={}, run_name=name)
    ended = client.wait_for_run_completion(made.run_id, timeout=60, sleep_duration=0.1)
    asked = {"operation": 1, "key": "display_name", "stringValue": name}
    listed = client.list_runs(
        experiment_id=ended.experiment_id, filter=json.dumps({"predicates": [asked]})
    )
    client.terminate_run(made.run_id)
    recurring = client.create_recurring_run(
        ended.experiment_id,
        "one",
        cron_expression="0 0 3 * * *",
        max_concurrency=1,
        no_catchup=True,
        pipeline_package_path=file,
    )
    (kept,) = client.list_recurring_runs(experiment_id=ended.experiment_id).recurring_runs
    assert kept.recurring_run_id == recurring.recurring_run_id
    tasks = {task.display_name: task.state for task in ended.run_details.task_details}
    told = {"state": ended.state, "tasks": tasks, "listed": [run.run_id for run in listed.runs]}
    told |= {"run": made.run_id, "recurring": recurring.recurring_run_id}
    sys.stdout.write(f"\n{json.dumps(told)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
