"""Hands workflows to Argo on a Kubernetes cluster."""

import logging
import secrets as random
from collections.abc import Iterable
from typing import Any

from sqlml.couler.constants import WorkflowCRD
from sqlml.couler.secrets import Secret
from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.cluster.api import Cluster, Resource
from sqlml.runtime.cluster.kubeconfig import access
from sqlml.runtime.cluster.submit import submit
from sqlml.runtime.handed.run import gone

log = logging.getLogger(__name__)


class ArgoSubmitter:
    """Makes a workflow, and the secrets that it needs, on a cluster.

    config_file, context: which cluster of which kubeconfig; inside of a cluster, that one.
    """

    def __init__(
        self,
        namespace: str = "default",
        config_file: str | None = None,
        context: str | None = None,
        client_configuration: Any = None,
        persist_config: bool = True,
    ) -> None:
        self.namespace = namespace
        self._config = {
            "config_file": config_file,
            "context": context,
            "configuration": client_configuration,
            "persist_config": persist_config,
        }

    def submit(self, workflow_yaml: dict[str, Any], secrets: Iterable[Secret] | None = None) -> Any:
        """Make the secrets and the workflow, once each; gives the workflow as the cluster has it.

        Raises:
            ProgramError: there is no client, no cluster, or it refuses the workflow.
        """
        cluster = self._cluster()
        for secret in secrets or ():
            _make_secret(cluster, secret.to_yaml())
        run = random.token_hex(4)
        submission = submit(cluster, _with_name(workflow_yaml, run), run)
        log.info("workflow %s is in %s", submission.name, self.namespace)
        return submission.answer

    def delete(self, name: str, grace_period_seconds: int, propagation_policy: str) -> Any:
        """Delete a workflow.

        Raises:
            ProgramError: there is no client, no cluster, or no such workflow.
        """
        cluster = self._cluster()
        answer = cluster.delete(
            Resource(WorkflowCRD.GROUP, WorkflowCRD.VERSION, WorkflowCRD.PLURAL),
            name,
            grace_period_seconds=grace_period_seconds,
            propagation_policy=propagation_policy,
        )
        if answer is None:
            raise gone(f"namespace `{cluster.namespace}`", f"workflow `{name}`")
        return answer

    def _cluster(self) -> Cluster:
        return Cluster(access(self.namespace, **self._config))


def _with_name(manifest: dict[str, Any], run: str) -> dict[str, Any]:
    """A manifest with a name, so that to make it again is noticed."""
    metadata = dict(manifest["metadata"])
    start = metadata.pop("generateName", "")
    return {**manifest, "metadata": {"name": f"{start}{run}", **metadata}}


def _make_secret(cluster: Cluster, manifest: dict[str, Any]) -> None:
    name = manifest["metadata"]["name"]
    if not cluster.keep(manifest) and cluster.kept("Secret", name) != manifest["data"]:
        message = f"namespace `{cluster.namespace}` has another secret `{name}`"
        hint = "name this one by `create_secret(…, name=…)`, or refer to that by `obtain_secret`"
        raise ProgramError(Diagnostic("E0776", message, hint=hint))
