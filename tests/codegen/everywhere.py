"""Workflows that every engine must bring to what they come to here: random ones, and one in parts.

Those in parts are written for engines that take them so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlml.codegen.engine import Options, render
from sqlml.databases.duckdb import DuckDB
from sqlml.runtime import local
from sqlml.runtime.programs.means import Means
from sqlml.store.store import Store
from sqlml.workflow.ir import Call, Workflow
from sqlml.workflow.parts import in_parts
from sqlml.workflow.serial import thaw

from .links import LINKS
from .random_workflows import random_workflow

NAMES = [node.name for node in LINKS.nodes]
LINKS_IN_PARTS = in_parts(LINKS, [NAMES[i : i + 5] for i in range(0, len(NAMES), 5)])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step has ended, and what it has left; nothing where it has not succeeded."""

    state: str
    values: Mapping[str, Any]


def write(
    engine: str, seeds: range, files: Path, home: Path, *, settings: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Write random workflows into `files`; the parameters of each, by its name."""
    conf = {}
    for seed in seeds:
        workflow = random_workflow(Random(seed), f"random-{seed}")
        for name, text in render(workflow, engine, Options(settings=settings)).items():
            (files / name).write_text(text, "utf-8")
        folder = home / workflow.name
        folder.mkdir()
        conf[workflow.name] = {"folder": str(folder)}
    return conf


def here(workflow: Workflow, **parameters: str) -> dict[str, Ended]:
    """What the steps come to here, those left out that call a workflow."""
    database, store = DuckDB.open(), Store.open(None)
    try:
        report = local.run(workflow, database, store, parameters=parameters, means=Means("process"))
    finally:
        store.close()
        database.close()
    nodes = (*workflow.nodes, *workflow.on_exit)
    steps = {node.name: report.steps[node.name] for node in nodes
             if not isinstance(node.operation, Call)}  # fmt: skip
    return {
        name: Ended(step.status, thaw(step.outcome.outputs) if step.status == "succeeded" else {})
        for name, step in steps.items()
    }
