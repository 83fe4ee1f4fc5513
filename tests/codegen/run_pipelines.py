"""Runs pipeline specifications with Kubeflow's local runner; executed by the SDK's own Python.

python run_pipelines.py FOLDER CONF.json: the arguments of each run, by pipeline.
"""

import json
import sys
from pathlib import Path
from typing import Any

from kfp import components, local  # type: ignore[import-not-found]
from kfp.local import io  # type: ignore[import-not-found]


def main(folder: str, conf: str) -> None:
    told: dict[str, Any] = {}
    loaded = []
    for file in Path(folder).glob("golden-*.yaml"):
        components.load_component_from_file(str(file))
        loaded.append(file.name)
    given: dict[str, Any] = {}
    keep = io.IOStore.put_task_output

    def put(store: Any, task: str, key: str, value: Any) -> None:
        given[task] = json.loads(value)
        keep(store, task, key, value)

    io.IOStore.put_task_output = put
    for name, arguments in json.loads(Path(conf).read_text()).items():
        given.clear()
        root = str(Path(conf).parent / "roots" / name)
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root, raise_on_error=False)
        pipeline = components.load_component_from_file(str(Path(folder, f"{name}.yaml")))
        task = pipeline(**arguments)
        told[name] = {"state": str(getattr(task, "state", "")), "given": dict(given)}
    Path(conf).with_suffix(".out").write_text(json.dumps({"runs": told, "loaded": loaded}))


if __name__ == "__main__":
    main(*sys.argv[1:])
