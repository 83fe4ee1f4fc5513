"""With Hera: the workflow of argo_steps.py in one manifest, whether Argo takes it or not."""

import sys
from pathlib import Path

from hera.workflows import DAG, Container, Parameter, Task, Workflow

count = int(sys.argv[1])
with Workflow(name="steps", entrypoint="main") as workflow:
    templates = [
        Container(
            name=f"step-{i}",
            image="alpine",
            command=["echo", f"number {i}", *(["{{inputs.parameters.x}}"] if i >= 10 else [])],
            inputs=[Parameter(name="x")] if i >= 10 else [],
        )
        for i in range(count)
    ]
    with DAG(name="main"):
        tasks: list[Task] = []
        for i, template in enumerate(templates):
            value = f"{{{{tasks.step-{i - 10}.outputs.result}}}}"
            task = Task(
                name=f"step-{i}",
                template=template.name,
                dependencies=[f"step-{i - 10}"] if i >= 10 else [],
                arguments=[Parameter(name="x", value=value)] if i >= 10 else [],
            )
            tasks.append(task)
Path("hera.yaml").write_text(workflow.to_yaml(), "utf-8")
