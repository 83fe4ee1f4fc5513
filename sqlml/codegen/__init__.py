"""Workflow to an engine's own format, one engine per file; pure: a workflow in, text out."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.codegen.engine import Engine

ENGINES: "Registry[Engine]" = Registry(
    "engine",
    "sqlml.engines",
    "E0750",
    {
        "argo": "sqlml.codegen.argo:ENGINE",
        "airflow": "sqlml.codegen.airflow:ENGINE",
        "kfp": "sqlml.codegen.kfp:ENGINE",
        "tekton": "sqlml.codegen.tekton:ENGINE",
        "python": "sqlml.codegen.python:ENGINE",
    },
)
