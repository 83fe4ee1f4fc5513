"""Hands workflows to Argo on a Kubernetes cluster."""

import logging
from collections.abc import Iterable
from typing import Any

from sqlml.couler.constants import CronWorkflowCRD, WorkflowCRD
from sqlml.couler.secrets import Secret
from sqlml.errors import Diagnostic, ProgramError

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
        self._config = (config_file, context, client_configuration, persist_config)

    def submit(self, workflow_yaml: dict[str, Any], secrets: Iterable[Secret] | None = None) -> Any:
        """Make the secrets and the workflow; gives the cluster's answer.

        Raises:
            ProgramError: there is no client, no cluster, or it refuses the workflow.
        """
        kubernetes = cluster_client(*self._config)
        core, objects = kubernetes.CoreV1Api(), kubernetes.CustomObjectsApi()
        is_cron = workflow_yaml["kind"] == CronWorkflowCRD.KIND
        plural = CronWorkflowCRD.PLURAL if is_cron else WorkflowCRD.PLURAL
        group, version = WorkflowCRD.GROUP, WorkflowCRD.VERSION
        try:
            for secret in secrets or ():
                core.create_namespaced_secret(self.namespace, secret.to_yaml())
            answer = objects.create_namespaced_custom_object(
                group, version, self.namespace, plural, workflow_yaml
            )
        except kubernetes.ApiException as error:
            raise refused(error) from error
        log.info("workflow %s is in %s", answer.get("metadata", {}).get("name"), self.namespace)
        return answer

    def delete(self, name: str, grace_period_seconds: int, propagation_policy: str) -> Any:
        """Delete a workflow.

        Raises:
            ProgramError: there is no client, no cluster, or no such workflow.
        """
        kubernetes = cluster_client(*self._config)
        options = kubernetes.V1DeleteOptions(
            grace_period_seconds=grace_period_seconds, propagation_policy=propagation_policy
        )
        try:
            return kubernetes.CustomObjectsApi().delete_namespaced_custom_object(
                WorkflowCRD.GROUP,
                WorkflowCRD.VERSION,
                self.namespace,
                WorkflowCRD.PLURAL,
                name,
                body=options,
            )
        except kubernetes.ApiException as error:
            raise refused(error) from error


def cluster_client(
    config_file: str | None, context: str | None, configuration: Any, persist: bool
) -> Any:
    """The `kubernetes` client, set up for a cluster.

    Raises:
        ProgramError: it is not installed, or knows no cluster.
    """
    try:
        from kubernetes import client, config
    except ImportError as error:
        message = "the client of Kubernetes is not installed"
        hint = "run `pip install kubernetes`, or `couler.run()` here, without a submitter"
        raise ProgramError(Diagnostic("E0706", message, hint=hint)) from error
    try:
        config.load_kube_config(config_file, context, configuration, persist)
    except (config.ConfigException, OSError):
        try:
            config.load_incluster_config()
        except config.ConfigException as error:
            where = config_file or "~/.kube/config"
            message = f"no cluster is known: there is no usable `{where}`"
            hint = "name one by `ArgoSubmitter(config_file=…)`, or run `couler.run()` here"
            raise ProgramError(Diagnostic("E0738", message, hint=hint)) from error
    return client


def refused(error: Any) -> ProgramError:
    """What the cluster says, as a diagnostic."""
    hint = {
        401: "log in to the cluster again",
        403: "ask for the right to make workflows in this namespace",
        404: "is Argo Workflows installed there, and the name right?",
        409: "it is there already: choose another name",
    }.get(error.status, "")
    message = f"the cluster refused: {error.status} {error.reason}"
    return ProgramError(Diagnostic("E0738", message, hint=hint))
