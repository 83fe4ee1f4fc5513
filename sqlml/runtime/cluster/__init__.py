"""Runs a rendered workflow on a Kubernetes cluster, and follows it."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.runtime.cluster.engine import ClusterEngine

CLUSTER_ENGINES: "Registry[ClusterEngine]" = Registry(
    "engine that runs on a cluster",
    "sqlml.cluster_engines",
    "E0780",
    {
        "argo": "sqlml.runtime.cluster.argo:ENGINE",
        "tekton": "sqlml.runtime.cluster.tekton:ENGINE",
    },
)
