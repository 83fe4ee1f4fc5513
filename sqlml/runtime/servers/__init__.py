"""Runs rendered workflows on engines that have servers of their own, and follows them."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.runtime.handed.run import Submitter

SERVER_ENGINES: "Registry[Submitter]" = Registry(
    "engine with a server of its own",
    "sqlml.server_engines",
    "E0780",
    {
        "airflow": "sqlml.runtime.servers.airflow:SUBMITTER",
        "kfp": "sqlml.runtime.servers.kubeflow:SUBMITTER",
    },
)
