"""Workflow to an engine's own format, one engine per folder; pure: a workflow in, text out."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.codegen.engine import Engine

ENGINES: "Registry[Engine]" = Registry(
    "engine",
    "sqlml.engines",
    "E0750",
    {
        "argo": "sqlml.codegen.argo.emitter:ENGINE",
        "airflow": "sqlml.codegen.airflow.emitter:ENGINE",
        "kfp": "sqlml.codegen.kfp.emitter:ENGINE",
        "tekton": "sqlml.codegen.tekton.emitter:ENGINE",
        "python": "sqlml.codegen.python.emitter:ENGINE",
    },
)
