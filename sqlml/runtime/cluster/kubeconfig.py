"""Which cluster: that of a kubeconfig, or inside of a cluster, that one."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, ProgramError

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Access:
    """A client of a cluster, and the namespace to use there."""

    client: Any
    namespace: str


def access(
    namespace: str = "",
    *,
    config_file: str | None = None,
    context: str | None = None,
    configuration: Any = None,
    persist_config: bool = True,
) -> Access:
    """The client for a cluster.

    namespace: empty for that of the kubeconfig's context. configuration: the client's own, to be
    filled in. persist_config: write refreshed credentials back.

    Raises:
        ProgramError: E0706 the client is not installed, E0770 no cluster is known.
    """
    try:
        from kubernetes import client, config
    except ImportError as error:
        message = "the client of Kubernetes is not installed"
        hint = 'pip install "sqlml[kubernetes]"'
        raise ProgramError(Diagnostic("E0706", message, hint=hint)) from error
    settings = configuration or client.Configuration()
    try:
        config.load_kube_config(config_file, context, settings, persist_config)
        own = _namespace_of(config, config_file, context)
    except Exception as error:  # noqa: BLE001 - whatever the client makes of such a file
        try:
            config.load_incluster_config(settings)
        except config.ConfigException:
            raise _no_cluster(config_file, context, error) from error
        own = _OWN_NAMESPACE.read_text("utf-8").strip() if _OWN_NAMESPACE.is_file() else ""
    settings.retries = False  # calls are made again by those who know which may be
    return Access(client.ApiClient(settings), namespace or own or "default")


def _namespace_of(config: Any, config_file: str | None, context: str | None) -> str:
    contexts, active = config.list_kube_config_contexts(config_file)
    named = {each["name"]: each for each in contexts}
    chosen = named.get(context, active) if context else active
    return str(chosen.get("context", {}).get("namespace", ""))


def _no_cluster(config_file: str | None, context: str | None, error: Exception) -> ProgramError:
    where = config_file or os.environ.get("KUBECONFIG") or "~/.kube/config"
    asked = f" with a context `{context}`" if context else ""
    return ProgramError(
        Diagnostic(
            "E0770",
            f"no cluster is known: there is no usable `{where}`{asked}",
            label=str(error).splitlines()[0] if str(error) else "",
            hint="set KUBECONFIG, or see which there are: kubectl config get-contexts",
        )
    )
